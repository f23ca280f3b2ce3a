import { FASTSTREAM_ERR_INVALID_OPTION } from './errors.js'

/* What options are checked with. Each throws FASTSTREAM_ERR_INVALID_OPTION, naming the option and the cure. */

/** A member that is undefined is as if it were absent. */
export function withDefaults<T extends object> (defaults: T, given: Partial<T>): T {
  return { ...defaults, ...Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) }
}

export function onlyKnown (path: string, options: unknown, known: readonly string[]): void {
  if (!isObject(options)) throw new FASTSTREAM_ERR_INVALID_OPTION(path.slice(0, -1) || 'options', 'must be an object')
  for (const name of Object.keys(options)) {
    if (!known.includes(name)) throw new FASTSTREAM_ERR_INVALID_OPTION(path + name, `is not known: there are ${known.join(', ')}`)
  }
}

export function text (option: string, value: unknown): void {
  if (typeof value !== 'string' || value === '') throw new FASTSTREAM_ERR_INVALID_OPTION(option, 'must be a string that is not empty')
}

export function yesOrNo (option: string, value: unknown): boolean {
  if (typeof value !== 'boolean') throw new FASTSTREAM_ERR_INVALID_OPTION(option, 'must be true or false')
  return value
}

export function list (option: string, value: unknown): void {
  if (!Array.isArray(value)) throw new FASTSTREAM_ERR_INVALID_OPTION(option, 'must be a list')
}

export function integer (option: string, value: number, least: number, most?: number): number {
  if (!Number.isSafeInteger(value)) throw new FASTSTREAM_ERR_INVALID_OPTION(option, 'must be a whole number')
  return number(option, value, least, most)
}

export function number (option: string, value: number, least: number, most = Infinity): number {
  if (typeof value !== 'number' || !(value >= least && value <= most)) {
    throw new FASTSTREAM_ERR_INVALID_OPTION(option, `must be a number of at least ${least}${most === Infinity ? '' : ` and at most ${most}`}`)
  }
  return value
}

export function isObject (value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

export function oneOf (option: string, value: string, allowed: readonly string[]): void {
  if (!allowed.includes(value)) throw new FASTSTREAM_ERR_INVALID_OPTION(option, `must be one of '${allowed.join("', '")}'`)
}
