import type { DeadLetterQuery, DeadLetterSelection, RecordMetadata, RedriveOptions } from '../../types/index.js'
import { FASTSTREAM_ERR_DEAD_LETTER_INPUT } from '../errors.js'
import { membersOf } from '../members.js'
import { reasonOf } from '../to-error.js'

/*
 * The options of requests: times and numbers are text in a query, offsets are text in JSON. What remains is checked by
 * the functions themselves.
 */

type Members = Readonly<Record<PropertyKey, unknown>>

const TIMES = ['since', 'until']

/** The options of a query, of which each member is text. @throws FASTSTREAM_ERR_DEAD_LETTER_INPUT */
export function queryOf (query: unknown): DeadLetterQuery {
  const { limit, ...rest } = membersIn(query)
  return selectionOf({ ...rest, ...limit !== undefined && { limit: Number(limit) } })
}

/** @throws FASTSTREAM_ERR_DEAD_LETTER_INPUT */
export function redriveOptions (body: unknown): Omit<RedriveOptions, 'signal' | 'onProgress'> {
  const { signal, onProgress, ...options } = membersIn(body ?? {})
  return selectionOf(options)
}

/** @throws FASTSTREAM_ERR_DEAD_LETTER_INPUT */
export function discardOptions (body: unknown): DeadLetterSelection & { reason: string } {
  const { reason, ...options } = membersIn(body)
  if (typeof reason !== 'string') throw new FASTSTREAM_ERR_DEAD_LETTER_INPUT("'reason' must be a text")
  return { ...selectionOf(options), reason }
}

/** @throws FASTSTREAM_ERR_DEAD_LETTER_INPUT */
export function placeOfPath (params: unknown): RecordMetadata {
  const [topic, partition, offset, ...rest] = String(membersIn(params)['*']).split('/')
  return placeIn(rest.length === 0 ? { topic, partition, offset } : {})
}

function selectionOf (members: Members): DeadLetterSelection {
  const given: Record<string, unknown> = { ...members }
  for (const name of TIMES) {
    const time = given[name]
    if (time !== undefined) given[name] = timeOf(name, time)
  }
  if (Array.isArray(given.letters)) given.letters = given.letters.map((letter) => placeIn(membersIn(letter)))
  return given
}

function placeIn ({ topic, partition, offset }: Members): RecordMetadata {
  const [number, position] = [String(partition), String(offset)]
  if (typeof topic === 'string' && /^\d{1,9}$/.test(number) && /^\d{1,19}$/.test(position)) {
    return { topic, partition: Number(number), offset: BigInt(position) }
  }
  throw new FASTSTREAM_ERR_DEAD_LETTER_INPUT('a place has a topic, a partition and an offset')
}

function timeOf (name: string, time: unknown): Date {
  const date = new Date(String(time))
  if (!Number.isNaN(date.getTime())) return date
  throw new FASTSTREAM_ERR_DEAD_LETTER_INPUT(`'${name}' must be a time, as '2026-11-30T08:00:00Z'`)
}

function membersIn (value: unknown): Members {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return membersOf(value)
  throw new FASTSTREAM_ERR_DEAD_LETTER_INPUT('it must be an object')
}

/** An option that is wrong is the fault of the request. */
export async function asInput<Result> (work: () => Promise<Result>): Promise<Result> {
  try {
    return await work()
  } catch (error) {
    if (membersOf(Object(error)).code !== 'FASTSTREAM_ERR_INVALID_OPTION') throw error
    throw new FASTSTREAM_ERR_DEAD_LETTER_INPUT(reasonOf(error), { cause: error })
  }
}
