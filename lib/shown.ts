import type { InspectOptionsStylized, inspect } from 'node:util'

/** What `util.inspect` and `console.log` make of an object that users hold: its name, and what its `toJSON` shows or `shown` holds. */
export function inspected (name: string, shown: object, depth: number, options: InspectOptionsStylized, inspectWith: typeof inspect): string {
  return depth < 0 ? options.stylize(`[${name}]`, 'special') : `${name} ${inspectWith(shown, options)}`
}
