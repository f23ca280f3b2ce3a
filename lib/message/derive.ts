import { types } from 'node:util'
import type { OutgoingHeaders as Headers } from '../../types/index.js'
import { FASTSTREAM_ERR_ENCODE, FASTSTREAM_ERR_PARTITION } from '../errors.js'

/*
 * Key, headers and partition that a publisher's functions derive from a value. `undefined` is more often a misspelt
 * member than a wish.
 */

type Part = 'key' | 'headers' | 'partition'
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

/**
 * The records of a key are in one partition, and a tombstone belongs there: without a value only its caller knows which
 * one that is.
 *
 * @throws FASTSTREAM_ERR_PARTITION
 */
export function derivePartition (partition: Given<number>, value: unknown, topic: string): number | undefined {
  if (typeof partition !== 'function') return partition
  if (value !== null) return made(() => partition(value), 'partition', topic, 'the number of a partition')
  const reason = "a tombstone has no value to compute it from: give the option 'partition' with it"
  throw new FASTSTREAM_ERR_PARTITION(topic, reason)
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
    throw failed(part, topic, 'threw an error, which is the cause of this one', { cause: error })
  }
}

function wrong (part: Part, topic: string, what: string): Error {
  return failed(part, topic, `returned ${what}`)
}

function failed (part: Part, topic: string, what: string, options?: ErrorOptions): Error {
  const reason = `the function '${part}' of publisher('${topic}') ${what}`
  if (part === 'partition') return new FASTSTREAM_ERR_PARTITION(topic, reason, options)
  return new FASTSTREAM_ERR_ENCODE(part, topic, reason, options)
}
