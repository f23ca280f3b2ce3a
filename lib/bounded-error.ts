import { Budget, boundedValue, copyMembers } from './bounded-value.js'
import { MESSAGE_LIMIT, visibleLines } from './foreign-text.js'
import { textOf } from './to-error.js'
import { membersOf } from './members.js'

const STACK_LIMIT = 4096
/** Bounds of one error, with all that it holds. */
const MAX_MEMBERS = 300
const MAX_BYTES = 16_384
/** Causes, and errors among the members. */
const MAX_ERRORS = 4
const OWN = ['message', 'stack', 'cause', 'errors']

/**
 * An error that can be logged whatever it holds: message, stack, causes and own members have bounds, and no character
 * of them controls a terminal. An error within the bounds is returned as it is; a copy has the class of the original.
 */
export function boundedError (error: Error): Error {
  const budget = new Budget(MAX_MEMBERS, MAX_BYTES)
  let left = MAX_ERRORS
  const copyNext = (error: Error): Error | undefined => {
    if (left-- > 0) return copyOf(error)
    budget.cut = true
    return undefined
  }
  const copyMember = (member: unknown) => boundedValue(member, budget, copyNext)

  function copyOf (error: Error): Error {
    const copy: Error = Object.create(Object.getPrototypeOf(error))
    for (const [name, limit] of [['message', MESSAGE_LIMIT], ['stack', STACK_LIMIT]] as const) {
      const text = textOf(() => error[name])
      const value = visibleLines(text, limit)
      if (value !== text) budget.cut = true
      define(copy, name, value)
    }
    for (const name of ['cause', 'errors']) {
      const member = ownMember(error, name)
      if (member !== undefined) define(copy, name, copyMember(member))
    }
    copyMembers(error, copy, budget, copyMember, OWN)
    return copy
  }

  const copy = copyOf(error)
  return budget.cut ? copy : error
}

/** One that throws when it is read is none. */
function ownMember (error: Error, name: string): unknown {
  try {
    return Object.hasOwn(error, name) ? membersOf(error)[name] : undefined
  } catch {
    return undefined
  }
}

/** Defines a member that is not enumerable, as the engine does. */
function define (error: Error, name: string, value: unknown): void {
  Object.defineProperty(error, name, { value, configurable: true, writable: true })
}
