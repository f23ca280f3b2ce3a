import type { FailureStage } from '../../../types/index.js'
import { originOf, writeDeadLetterHeaders } from '../../message/dead-letter-headers.js'
import type { Outgoing } from '../../message/outgoing.js'
import { isRedriven, tripsOf } from '../../message/redrive-headers.js'
import type { ConsumedRecord } from '../../transport/transport.js'
import type { Delivery } from './delivery.js'
import type { SubscriberSettings } from './subscriber-plan.js'

/** Stage at which a message failed. `handler` is tried again, so no dead letter has it. */
export type Stage = FailureStage

export interface Failure {
  readonly stage: Stage
  readonly error: Error
  readonly attempts: number
  /** ms since the epoch */
  readonly firstAt: number
  readonly at: number
}

/**
 * Amounts of detail of a dead letter, for a record that is too large with all of it: then less about the error, then no
 * value, then nothing but where it is.
 */
const DETAILS = ['full', 'brief', 'reference', 'place'] as const
export type Detail = typeof DETAILS[number]

/**
 * No producer means to send more than these. A copy of half a million headers, which a megabyte can hold, would block
 * the event loop.
 */
const MAX_HEADERS = 2 ** 17

/**
 * Details that may be tried for this record. A dead letter of a record above all limits has its origin only: sending
 * its bytes would block the event loop.
 */
export function detailsFor (record: ConsumedRecord, { bodyLimit }: SubscriberSettings): readonly Detail[] {
  const { size, value, headerCount = record.headers.length } = record
  if (headerCount > MAX_HEADERS || size - (value?.length ?? 0) > bodyLimit) return ['place']
  return size > bodyLimit ? ['reference', 'place'] : DETAILS
}

/**
 * The record for the dead-letter topic: the original bytes and headers, and where, when and why it failed. Never
 * throws.
 */
export function deadLetter (
  topic: string,
  { topic: origin, partition, record }: Delivery,
  plan: SubscriberSettings,
  failure: Failure,
  detail: Detail = 'full'
): Outgoing {
  const place = detail === 'place'
  const valueless = place || detail === 'reference'
  const facts = {
    topic: origin,
    partition,
    offset: record.offset,
    timestamp: record.timestamp,
    groupId: plan.groupId,
    subscriber: plan.name,
    stage: failure.stage,
    error: failure.error,
    attempts: failure.attempts,
    trips: place ? 0 : tripsOf(record.headers),
    firstFailureAt: failure.firstAt,
    failedAt: failure.at,
    detailed: detail === 'full',
    valueOmitted: valueless,
    keyOmitted: place,
    headersOmitted: place
  }
  const original = place ? [] : record.headers
  const headers = writeDeadLetterHeaders(original, facts, isDeadLetter(origin, original, plan))
  // The timestamp is new: an old one would let retention delete the dead letter at once.
  const key = place ? null : record.key
  const value = valueless ? null : record.value
  return { topic, key, value, headers, timestamp: failure.at }
}

/**
 * A dead letter that fails again keeps its first origin, and so does a message that was redriven. The headers are
 * believed only where dead letters of that origin go, and in the topic that they name.
 */
function isDeadLetter (topic: string, headers: ConsumedRecord['headers'], plan: SubscriberSettings): boolean {
  const origin = originOf(headers)
  if (origin === undefined) return false
  return plan.isDeadLetterOf(topic, origin) || (origin === topic && isRedriven(headers))
}
