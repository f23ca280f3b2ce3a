import type { InspectOptionsStylized, inspect } from 'node:util'

/** The text of `util.inspect` for an object that users hold: its name and `shown`; when nested deep, only its name. */
export function inspected (
  name: string, shown: object, depth: number, options: InspectOptionsStylized, inspectWith: typeof inspect
): string {
  return depth < 0 ? options.stylize(`[${name}]`, 'special') : `${name} ${inspectWith(shown, options)}`
}
