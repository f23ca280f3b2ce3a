import type { ConsumedRecord, RawHeader } from '../transport/transport.js'
import { headerText, lastHeader } from './headers.js'
import { DEAD_LETTER_PREFIX, ORIGIN_NAMES } from './dead-letter-headers.js'

/*
 * The headers of a message that is redriven: the group that it is for, how often it was redriven, and the place of the
 * first original. The next dead letter of it replaces them, so that they do not grow with the trips.
 */

/** Group that a redriven message is for: every redriven message has it. */
export const REDRIVE_GROUP = `${DEAD_LETTER_PREFIX}redrive-group`
export const TRIPS = `${DEAD_LETTER_PREFIX}trips`
/** As the headers of a dead letter write it. */
const MOST_TRIPS = 999

/** Where a message was first read. */
export interface OriginalPlace {
  readonly topic: string
  readonly partition: number
  readonly offset: bigint
  /** ms since the epoch; undefined: the record has none. */
  readonly timestamp: number | undefined
}

/**
 * True for a message that was redriven for another group: this one has handled it, or never failed with it. The headers
 * of a message that is too large are not searched.
 */
export function isForAnotherGroup (
  record: ConsumedRecord, { groupId, bodyLimit }: { readonly groupId: string | null, readonly bodyLimit: number }
): boolean {
  if (record.size > bodyLimit) return false
  const group = headerText(record, REDRIVE_GROUP)
  return group !== undefined && group !== groupId
}

/** Whether the headers are those of a redriven message. Any sender may have written them. */
export function isRedriven (headers: readonly RawHeader[]): boolean {
  return lastHeader(headers, REDRIVE_GROUP) !== undefined
}

/** How often a message was redriven. Any sender may have written the header. */
export function tripsOf (headers: readonly RawHeader[]): number {
  const text = lastHeader(headers, TRIPS) ?? ''
  return /^\d{1,3}$/.test(text) ? Math.min(Number(text), MOST_TRIPS) : 0
}

/** The headers of the message, without those of a dead letter, and those of its redrive behind them. */
export function redriveHeaders (
  message: readonly RawHeader[], { topic, partition, offset, timestamp = -1 }: OriginalPlace, group: string,
  trips: number
): RawHeader[] {
  const origin = [topic, partition, offset, timestamp].map((text, at): RawHeader => {
    return [ORIGIN_NAMES[at]!, Buffer.from(String(text))]
  })
  return [...message, ...origin, [REDRIVE_GROUP, Buffer.from(group)], [TRIPS, Buffer.from(String(trips))]]
}
