import { inspect } from 'node:util'

/**
 * Matcher of a test runner, such as `expect.any(Number)` of vitest and jest.
 *
 * @example
 * const aNumber: AsymmetricMatcher = { asymmetricMatch: (actual) => typeof actual === 'number' }
 */
export interface AsymmetricMatcher {
  asymmetricMatch (actual: unknown): boolean
}

/**
 * What an assertion expects of a value of type `T`: the members of an object that it names, and no others; the members
 * of a list one by one. In the place of each value there may be a regular expression, a class (`Number`, `Date`), a
 * function that returns true or false, or a matcher of the test runner.
 *
 * @example
 * const invoice: Expected<Invoice> = { orderId: /^A-/, amount: (amount) => amount > 0 }
 */
export type Expected<T> = T | RegExp | AsymmetricMatcher | (abstract new (...args: never[]) => unknown) |
  ((actual: T) => boolean) | ExpectedMembers<T>

type ExpectedMembers<T> = T extends object ? { readonly [K in keyof T]?: Expected<T[K]> } : never

/** The members of an object; none of anything else, so that they are compared by their value. */
function membersOf (value: unknown): ReadonlyArray<readonly [name: string, value: unknown]> | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  if (Array.isArray(value)) return value.map((member, index) => [String(index), member])
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null ? Object.entries(value) : undefined
}

/**
 * Differences between a value and what is expected of it, a line each, such as `value.amount: expected 9, got 8`. None:
 * it matches.
 */
export function differences (actual: unknown, expected: unknown, path = 'value'): string[] {
  if (isMatcher(expected)) return tell(path, actual, expected, expected.asymmetricMatch(actual))
  if (typeof expected === 'function') return tell(path, actual, expected, isOf(actual, expected))
  if (expected instanceof RegExp) {
    return tell(path, actual, expected, typeof actual === 'string' && actual.search(expected) !== -1)
  }
  const members = membersOf(expected)
  if (members === undefined) return tell(path, actual, expected, isEqual(actual, expected))
  if (typeof actual !== 'object' || actual === null || Array.isArray(actual) !== Array.isArray(expected)) {
    return tell(path, actual, expected, false)
  }
  const found = members.flatMap(([name, member]) => {
    const at = Array.isArray(expected) ? `${path}[${name}]` : `${path}.${name}`
    return differences(Reflect.get(actual, name), member, at)
  })
  if (Array.isArray(actual) && actual.length !== members.length) {
    found.unshift(`${path}: expected a list of ${members.length}, got one of ${actual.length}`)
  }
  return found
}

function tell (path: string, actual: unknown, expected: unknown, matches: boolean): string[] {
  return matches ? [] : [`${path}: expected ${shown(expected)}, got ${shown(actual)}`]
}

function isMatcher (expected: unknown): expected is AsymmetricMatcher {
  return typeof expected === 'object' && expected !== null && 'asymmetricMatch' in expected
}

/** Classes of values that no `instanceof` knows. */
const PRIMITIVES: ReadonlyMap<unknown, (value: unknown) => boolean> = new Map<unknown, (value: unknown) => boolean>([
  [String, (value) => typeof value === 'string'],
  [Number, (value) => typeof value === 'number'],
  [Boolean, (value) => typeof value === 'boolean'],
  [BigInt, (value) => typeof value === 'bigint'],
  [Symbol, (value) => typeof value === 'symbol']
])

/** A class is one of the value; any other function decides. */
function isOf (actual: unknown, expected: Function): boolean {
  const isPrimitive = PRIMITIVES.get(expected)
  if (isPrimitive !== undefined) return isPrimitive(actual)
  return isClass(expected) ? actual instanceof expected : Reflect.apply(expected, undefined, [actual]) === true
}

/** A function that is written to be called has no prototype, or an empty one. */
function isClass (expected: Function): boolean {
  const { prototype } = expected
  if (typeof prototype !== 'object' || prototype === null) return false
  if (/^class\b/.test(Function.prototype.toString.call(expected))) return true
  return Reflect.ownKeys(prototype).length > 1 || Object.getPrototypeOf(prototype) !== Object.prototype
}

function isEqual (actual: unknown, expected: unknown): boolean {
  if (Object.is(actual, expected)) return true
  if (actual instanceof Date && expected instanceof Date) return actual.getTime() === expected.getTime()
  return actual instanceof Uint8Array && expected instanceof Uint8Array && Buffer.compare(actual, expected) === 0
}

/** Characters of a value that a line of a failure shows. */
const SHOWN = 100

/** A value on one line. */
export function shown (value: unknown, most = SHOWN): string {
  const text = typeof value === 'function' && value.name !== ''
    ? value.name
    : inspect(value, { depth: 4, breakLength: Infinity, compact: true, maxStringLength: most, maxArrayLength: 10 })
  const line = text.replaceAll(/\s*\n\s*/g, ' ')
  return line.length > most ? `${line.slice(0, most)}…` : line
}

/** A copy of what decoders make: a handler that changes its value does not change what a test sees of it. */
export function snapshot (value: unknown, depth = 0): unknown {
  const members = depth > 20 ? undefined : membersOf(value)
  if (members === undefined) return value
  const copies = members.map(([name, member]) => [name, snapshot(member, depth + 1)] as const)
  return Array.isArray(value) ? copies.map(([, member]) => member) : Object.fromEntries(copies)
}
