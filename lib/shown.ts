import type { inspect, InspectOptions } from 'node:util'

/** Options that `util.inspect` hands to an object. Their name differs between versions of `@types/node`. */
export interface InspectStyle extends InspectOptions {
  stylize (text: string, styleType: 'special'): string
}

/** The text of `util.inspect` for an object that users hold: its name and `shown`; when nested deep, only its name. */
export function inspected (
  name: string, shown: object, depth: number, options: InspectStyle, inspectWith: typeof inspect
): string {
  return depth < 0 ? options.stylize(`[${name}]`, 'special') : `${name} ${inspectWith(shown, options)}`
}
