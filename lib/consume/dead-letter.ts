import type { DeadLetter } from '../../types/index.js'
import type { Outgoing } from '../produce/producer.js'
import type { ConsumedRecord, RawHeader } from '../transport/transport.js'
import { boundedJson } from '../bounded-value.js'
import { MESSAGE_LIMIT, NAME_LIMIT, oneLine, visibleLines } from '../foreign-text.js'
import { parseJson } from '../schema/json.js'
import { textOf } from '../thrown.js'
import type { Delivery, Subscription } from './subscription.js'

/** Where on its way a message failed. */
export type Stage = 'deserialize' | 'validate' | 'handler' | 'retries-exhausted' | 'rejected' | 'publish'

export interface Failure {
  readonly stage: Stage
  readonly error: Error
  readonly attempts: number
  /** ms since the epoch */
  readonly firstAt: number
  readonly at: number
}

const PREFIX = 'x-dlq-'
const ORIGIN = ['topic', 'partition', 'offset', 'timestamp'].map((name) => PREFIX + name)
const DETAIL_LIMIT = 4096
const MAX_VIOLATIONS = 50
/** Bytes of JSON that are read as violations: more than are written. */
const MAX_JSON = 2 ** 16

/** How much a dead letter says, for a record that is too large with all of it: then less about the error, then no value, then nothing but where it is. */
const DETAILS = ['full', 'brief', 'reference', 'place'] as const
export type Detail = typeof DETAILS[number]

/** Nobody means more than these. To copy half a million, which a megabyte can hold, would keep everybody else waiting. */
const MAX_HEADERS = 2 ** 17

/** As much as may be tried for this record. Of what is larger than anything that is handled there is only said where it is: to send it would keep everybody else waiting, too. */
export function detailsFor (record: ConsumedRecord, { bodyLimit }: Subscription): readonly Detail[] {
  const { size, value, headerCount = record.headers.length } = record
  if (headerCount > MAX_HEADERS || size - (value?.length ?? 0) > bodyLimit) return ['place']
  return size > bodyLimit ? ['reference', 'place'] : DETAILS
}

/** The record for the dead-letter topic: the original bytes and headers, and where, when and why it failed. Never throws. */
export function deadLetter (topic: string, { topic: origin, partition, record }: Delivery, subscription: Subscription, failure: Failure, detail: Detail = 'full'): Outgoing {
  const { error } = failure
  const full = detail === 'full'
  const place = detail === 'place'
  const valueless = place || detail === 'reference'
  const kept = !place && isDeadLetter(origin, record, subscription) ? ORIGIN : []
  const about: Array<readonly [name: string, value: string | undefined]> = [
    ['topic', origin],
    ['partition', String(partition)],
    ['offset', String(record.offset)],
    ['timestamp', String(record.timestamp)],
    ['group', subscription.groupId ?? undefined],
    ['subscriber', subscription.name],
    ['stage', failure.stage],
    ['error-class', oneLine(textOf(() => error.name), NAME_LIMIT)],
    ['error-message', oneLine(textOf(() => error.message), full ? MESSAGE_LIMIT : NAME_LIMIT)],
    ['error-stack', full && process.env.NODE_ENV !== 'production' ? visibleLines(textOf(() => error.stack), DETAIL_LIMIT) : undefined],
    ['errors', full ? violations(error) : undefined],
    ['attempts', String(failure.attempts)],
    ['first-failure-at', new Date(failure.firstAt).toISOString()],
    ['failed-at', new Date(failure.at).toISOString()],
    ['value-omitted', valueless ? 'true' : undefined],
    ['key-omitted', place ? 'true' : undefined],
    ['headers-omitted', place ? 'true' : undefined]
  ]
  const headers: RawHeader[] = place ? [] : record.headers.filter(([name]) => !name.startsWith(PREFIX) || kept.includes(name))
  for (const [name, value] of about) {
    if (value !== undefined && !kept.includes(PREFIX + name)) headers.push([PREFIX + name, Buffer.from(value)])
  }
  // The timestamp is new: an old one would let retention delete the dead letter at once.
  return { topic, key: place ? null : record.key, value: valueless ? null : record.value, headers, timestamp: failure.at }
}

/** What {@link deadLetter} wrote, if it was that: the headers may be anybody's, so nothing in them is taken for granted. Never throws. */
export function readDeadLetter (headers: readonly RawHeader[]): DeadLetter | undefined {
  const said = new Map(headers.filter(([name]) => name.startsWith(PREFIX)).map(([name, value]) => [name.slice(PREFIX.length), value?.toString() ?? '']))
  const [topic, offset, stage] = [said.get('topic'), said.get('offset'), said.get('stage')]
  if (topic === undefined || stage === undefined || !/^\d{1,19}$/.test(offset ?? '')) return undefined
  return {
    topic,
    partition: Number(said.get('partition')),
    offset: BigInt(offset as string),
    timestamp: new Date(Number(said.get('timestamp'))),
    groupId: said.get('group'),
    subscriber: said.get('subscriber'),
    stage,
    error: { name: said.get('error-class') ?? '', message: said.get('error-message') ?? '', stack: said.get('error-stack') },
    validation: parsed(said.get('errors')),
    attempts: Number(said.get('attempts')),
    firstFailureAt: new Date(said.get('first-failure-at') ?? NaN),
    failedAt: new Date(said.get('failed-at') ?? NaN),
    valueOmitted: said.get('value-omitted') === 'true',
    keyOmitted: said.get('key-omitted') === 'true',
    headersOmitted: said.get('headers-omitted') === 'true'
  }
}

/** As strictly as a value: the header is anybody's text. */
function parsed (json: string | undefined): unknown {
  if (json === undefined || json.length > MAX_JSON) return undefined
  try {
    return parseJson(Buffer.from(json), 'header')
  } catch {
    return undefined
  }
}

/** A dead letter that fails again keeps its first origin. Only where dead letters of that origin go is a header believed that says so. */
function isDeadLetter (topic: string, { headers }: ConsumedRecord, subscription: Subscription): boolean {
  const origin = headers.findLast(([name]) => name === ORIGIN[0])?.[1]
  return origin instanceof Buffer && subscription.isDeadLetterOf(topic, origin.toString())
}

/** What is left out is left out as a whole: the header is JSON. */
function violations (error: Error): string | undefined {
  return 'validation' in error ? boundedJson(() => error.validation, MAX_VIOLATIONS * 10, DETAIL_LIMIT) : undefined
}
