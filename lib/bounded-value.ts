import { MESSAGE_LIMIT, NAME_LIMIT, visible } from './foreign-text.js'
import { textOf } from './to-error.js'
import { membersOf } from './members.js'

/** Levels of objects below the first. */
const MAX_DEPTH = 4
const LEFT_OUT = '[…]'
/** Bytes of JSON that a member has beside its text. */
const MEMBER_BYTES = 4

/** Room for the copy of a value. Each part takes from the room that the next parts have. */
export class Budget {
  members: number
  bytes: number
  /** True when the copy says less than the value, or something else. */
  cut = false

  constructor (members: number, bytes: number) {
    this.members = members
    this.bytes = bytes
  }

  text (text: string): string {
    const kept = visible(text, Math.max(0, Math.min(MESSAGE_LIMIT, this.bytes)))
    if (kept !== text) this.cut = true
    this.bytes -= Buffer.byteLength(JSON.stringify(kept))
    return kept
  }

  /** Takes the room of one more member. False when there is none. */
  take (): boolean {
    if (this.members > 0 && this.bytes > 0) {
      this.members--
      this.bytes -= MEMBER_BYTES
      return true
    }
    this.cut = true
    return false
  }
}

/**
 * A copy that JSON has a form for: plain objects, lists and primitives, as much as the budget allows. Members that
 * throw when they are read are left out.
 *
 * @param errorOf makes the copy of an error among the members
 */
export function boundedValue (
  value: unknown, budget: Budget, errorOf: (error: Error) => unknown = () => LEFT_OUT, depth = 0
): unknown {
  if (typeof value === 'string') return budget.text(value)
  if (typeof value === 'function' || typeof value === 'symbol') return undefined
  if (typeof value === 'bigint') return budget.text(BigInt.asIntN(64, value) === value ? String(value) : LEFT_OUT)
  if (typeof value !== 'object' || value === null) return value
  if (value instanceof Date) return value
  if (value instanceof Error) return errorOf(value)
  if (depth === MAX_DEPTH || ArrayBuffer.isView(value)) {
    budget.cut = true
    return LEFT_OUT
  }
  const copy = (member: unknown) => boundedValue(member, budget, errorOf, depth + 1)
  return Array.isArray(value) ? boundedList(value, budget, copy) : boundedObject(value, budget, copy)
}

function boundedList (list: readonly unknown[], budget: Budget, copy: (member: unknown) => unknown): unknown[] {
  const copies: unknown[] = []
  for (const member of list) {
    if (!budget.take()) break
    copies.push(copy(member))
  }
  return copies
}

function boundedObject (value: object, budget: Budget, copy: (member: unknown) => unknown): object {
  const prototype: unknown = Object.getPrototypeOf(value)
  if (prototype !== Object.prototype && prototype !== null) budget.cut = true
  const copies = {}
  copyMembers(value, copies, budget, copy)
  return copies
}

/** Copies own enumerable members, as own members whatever they are called. */
export function copyMembers (
  from: object, to: object, budget: Budget, copy: (member: unknown) => unknown, except: readonly string[] = []
): void {
  for (const name of Object.keys(from)) {
    if (except.includes(name)) continue
    if (!budget.take()) break
    let value: unknown
    try {
      value = copy(membersOf(from)[name])
    } catch {
      budget.cut = true
      continue
    }
    const key = visible(name, NAME_LIMIT)
    if (key !== name) budget.cut = true
    budget.bytes -= Buffer.byteLength(key)
    Object.defineProperty(to, key, { value, enumerable: true, configurable: true, writable: true })
  }
}

/** The JSON of a value with `bytes` at most; undefined where there is none. Never throws. */
export function boundedJson (read: () => unknown, members: number, bytes: number): string | undefined {
  const json = textOf(() => JSON.stringify(boundedValue(read(), new Budget(members, bytes))))
  return json === '' || Buffer.byteLength(json) > bytes ? undefined : json
}
