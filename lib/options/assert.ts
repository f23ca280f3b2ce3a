import { FASTSTREAM_ERR_INVALID_ARGUMENTS, FASTSTREAM_ERR_INVALID_OPTION } from '../errors.js'
import { foreignName } from './foreign-names.js'

/* The checks of options. Each throws FASTSTREAM_ERR_INVALID_OPTION, naming the option and the cure. */

/**
 * Refuses arguments that a function does not take. Those that are undefined are as if absent: wrappers pass them on.
 * Functions that people pass as callbacks of `then`, `map` or a route, and that take no options, are not checked.
 *
 * @throws FASTSTREAM_ERR_INVALID_ARGUMENTS
 */
export function noSurplus (call: string, given: ArrayLike<unknown>, most = 0): void {
  for (let at = most; at < given.length; at++) {
    if (given[at] !== undefined) throw new FASTSTREAM_ERR_INVALID_ARGUMENTS(call, 'it takes no more than these')
  }
}

/**
 * Requires a function that can be called. A call of a generator function would not run its body, and a class can only
 * be called with `new`.
 */
export function callable (option: string, value: unknown, cure: string): void {
  if (typeof value !== 'function') throw new FASTSTREAM_ERR_INVALID_OPTION(option, cure)
  // The tag is inherited, also by a generator function that is bound.
  if (String(Reflect.get(value, Symbol.toStringTag)).endsWith('GeneratorFunction')) {
    throw new FASTSTREAM_ERR_INVALID_OPTION(option, GENERATOR)
  }
  noClass(option, value)
}

/** A function that can be called without `new`, as far as it can be seen. */
export function noClass (option: string, value: unknown): void {
  if (typeof value === 'function' && /^class\b/.test(Function.prototype.toString.call(value))) {
    const cure = `must not be a class: write a function that uses new ${value.name}()`
    throw new FASTSTREAM_ERR_INVALID_OPTION(option, cure)
  }
}

const GENERATOR = 'must not be a generator function, whose body would never run: use a function or an async function'

/** Adds `defaults`. A member that is undefined counts as absent. */
export function withDefaults<T extends object> (defaults: T, given: Partial<T>): T {
  return { ...defaults, ...Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)) }
}

/** Where people write names of FastStream: among the options of a call, and in `producer`. */
const PLACES: ReadonlySet<string> = new Set(['', 'producer.'])

export function onlyKnown (path: string, options: unknown, known: readonly string[]): void {
  if (!isObject(options)) throw new FASTSTREAM_ERR_INVALID_OPTION(path.slice(0, -1) || 'options', 'must be an object')
  for (const name of Object.keys(options)) {
    if (!known.includes(name)) throw notKnown(path, name, known)
  }
}

/** Error of an option that is not known where it is written. */
export function notKnown (path: string, name: string, known: readonly string[]): Error {
  const foreign = PLACES.has(path) ? foreignName(name) : undefined
  const cure = foreign === undefined ? `is not known: there are ${known.join(', ')}` : `is not known here. ${foreign}`
  return new FASTSTREAM_ERR_INVALID_OPTION(path + name, cure)
}

export function text (option: string, value: unknown): void {
  if (typeof value !== 'string' || value === '') {
    throw new FASTSTREAM_ERR_INVALID_OPTION(option, 'must be a string that is not empty')
  }
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
    const upper = most === Infinity ? '' : ` and at most ${most}`
    throw new FASTSTREAM_ERR_INVALID_OPTION(option, `must be a number of at least ${least}${upper}`)
  }
  return value
}

export function isObject (value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

export function oneOf (option: string, value: string, allowed: readonly string[]): void {
  if (allowed.includes(value)) return
  throw new FASTSTREAM_ERR_INVALID_OPTION(option, `must be one of '${allowed.join("', '")}'`)
}
