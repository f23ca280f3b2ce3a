import type { Outgoing } from '../produce/producer.js'
import type { RawHeader } from '../transport/transport.js'
import type { Delivery, Subscription } from './subscription.js'

/** Where on its way a message failed. */
export type Stage = 'deserialize' | 'validate' | 'handler' | 'retries-exhausted' | 'publish'

export interface Failure {
  readonly stage: Stage
  readonly error: Error
  readonly attempts: number
  /** ms since the epoch */
  readonly firstAt: number
  readonly at: number
}

const PREFIX = 'x-dlq-'
const MESSAGE_LIMIT = 1024
const DETAIL_LIMIT = 4096

/** The record for the dead-letter topic: the original bytes and headers, and where, when and why it failed. */
export function deadLetter (topic: string, { topic: origin, partition, record }: Delivery, { name, groupId }: Subscription, failure: Failure): Outgoing {
  const { error } = failure
  const about: Array<readonly [name: string, value: string | undefined]> = [
    ['topic', origin],
    ['partition', String(partition)],
    ['offset', String(record.offset)],
    ['timestamp', String(record.timestamp)],
    ['group', groupId],
    ['subscriber', name],
    ['stage', failure.stage],
    ['error-class', error.name],
    ['error-message', clip(error.message.replace(/\s+/g, ' '), MESSAGE_LIMIT)],
    ['error-stack', process.env.NODE_ENV === 'production' ? undefined : clip(error.stack ?? '', DETAIL_LIMIT)],
    ['errors', violations(error)],
    ['attempts', String(failure.attempts)],
    ['first-failure-at', new Date(failure.firstAt).toISOString()],
    ['failed-at', new Date(failure.at).toISOString()]
  ]
  const headers: RawHeader[] = record.headers.filter(([name]) => !name.startsWith(PREFIX))
  for (const [name, value] of about) {
    if (value !== undefined) headers.push([PREFIX + name, Buffer.from(value)])
  }
  // The timestamp is new: an old one would let retention delete the dead letter at once.
  return { topic, key: record.key, value: record.value, headers, timestamp: failure.at }
}

function violations (error: Error): string | undefined {
  if (!('validation' in error)) return undefined
  return clip(JSON.stringify(error.validation), DETAIL_LIMIT)
}

/** At most `limit` bytes of UTF-8; a character that is cut in two is left out. */
function clip (text: string, limit: number): string {
  if (Buffer.byteLength(text) <= limit) return text
  return Buffer.from(text).subarray(0, limit).toString('utf8').replace(/\ufffd$/, '')
}
