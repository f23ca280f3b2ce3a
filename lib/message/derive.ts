import { types } from 'node:util'
import type { OutgoingHeaders as Headers } from '../../types/index.js'
import { FASTSTREAM_ERR_ENCODE } from '../errors.js'

/*
 * Key and headers that a publisher's functions derive from a value. `undefined` is more often a misspelt member than a
 * wish.
 */

type Part = 'key' | 'headers'
type KeyOption = string | ((value: unknown) => unknown) | undefined
type Given<T> = T | ((value: unknown) => T) | undefined

/** A tombstone has nothing to take a key from: it comes with its own. @throws FASTSTREAM_ERR_ENCODE */
export function deriveKey (key: KeyOption, value: unknown, topic: string): unknown {
  if (typeof key !== 'function') return key
  return value === null ? undefined : made(() => key(value), 'key', topic, 'the key, or null for a message without one')
}

/** A tombstone has nothing to take headers from: it comes with its own. @throws FASTSTREAM_ERR_ENCODE */
export function deriveHeaders (headers: Given<Headers>, value: unknown, topic: string): Headers | undefined {
  if (typeof headers !== 'function') return headers
  if (value === null) return undefined
  const all = made(() => headers(value), 'headers', topic, 'an object, which is {} where there are none')
  for (const name in all) {
    if (all[name] !== undefined) continue
    throw wrong('headers', topic, `undefined as header '${name}': return the value, or leave the name out`)
  }
  return all
}

function made<T> (make: () => T, part: Part, topic: string, wanted: string): T {
  const result = called(make, part, topic)
  if (result === undefined) throw wrong(part, topic, `undefined: return ${wanted}`)
  if (types.isPromise(result)) {
    // The error about the promise tells of the bug. A rejection that only the promise knows would end the process.
    result.catch(() => {})
    throw wrong(part, topic, `a promise, which is not awaited: return ${wanted}`)
  }
  return result
}

/** An error with a code is the app's own. The text of another one is for the log, and not for HTTP clients. */
function called<T> (make: () => T, part: Part, topic: string): T {
  try {
    return make()
  } catch (error) {
    if (error instanceof Error && 'code' in error) throw error
    const reason = `the function '${part}' of publisher('${topic}') threw an error, which is the cause of this one`
    throw new FASTSTREAM_ERR_ENCODE(part, topic, reason, { cause: error })
  }
}

function wrong (part: Part, topic: string, what: string): Error {
  return new FASTSTREAM_ERR_ENCODE(part, topic, `the function '${part}' of publisher('${topic}') returned ${what}`)
}
