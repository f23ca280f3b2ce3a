import type { InspectOptionsStylized, inspect } from 'node:util'

/** What `util.inspect` makes of an object that users hold: its name and `shown`; deep inside other objects its name alone. */
export function inspected (
  name: string, shown: object, depth: number, options: InspectOptionsStylized, inspectWith: typeof inspect
): string {
  return depth < 0 ? options.stylize(`[${name}]`, 'special') : `${name} ${inspectWith(shown, options)}`
}
