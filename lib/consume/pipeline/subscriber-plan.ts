import type { AckPolicy, RecordMetadata } from '../../../types/index.js'
import type { ConsumedRecord } from '../../transport/transport.js'
import type { Decision } from './ack.js'
import type { RetrySettings } from './backoff.js'

/** A record on its way through the pipeline. */
export interface Delivery {
  readonly topic: string
  readonly partition: number
  readonly record: ConsumedRecord
  /** 1, then one more with each retry. */
  readonly attempt: number
  /** Aborts when the handler has had its time, or when nobody waits for it any longer. */
  readonly signal: AbortSignal
  /** The first decision counts; false when this is not the first, or when the message is no longer ours. */
  decide (decision: Decision): boolean
}

/** A message that is checked and encoded, and can be sent again as it is. */
export interface Prepared {
  readonly topic: string
  send (): Promise<RecordMetadata>
}

/** A subscriber, compiled: what the pipeline needs to know of it. `Message` is whatever `read` makes. */
export interface SubscriberPlan<Message = unknown> {
  /** Named in logs and in dead letters. */
  readonly name: string
  readonly topics: readonly string[]
  readonly groupId: string | null
  readonly concurrency: number
  readonly ackPolicy: AckPolicy
  readonly retry: RetrySettings
  /** ms */
  readonly handlerTimeout: number
  /** Of a message that is handled, bytes. */
  readonly bodyLimit: number
  /** Where a message of `topic` goes that cannot be handled; undefined: nowhere. */
  deadLetterTopic (topic: string): string | undefined
  /** Whether `topic` is where dead letters of `origin` go. Never throws, whatever `origin` says. */
  isDeadLetterOf (topic: string, origin: string): boolean
  /** Decodes and validates. Throws what makes the message undeliverable. */
  read (delivery: Delivery): Message
  handle (message: Message): unknown
  /** Cleans up what was made for the message, if anything was: before what the handler returned is published. Rejects when that fails. */
  release (message: Message, failure?: { readonly error: unknown }): Promise<void> | undefined
  /** Checks and encodes what the handler returned. Throws when it cannot be published. */
  prepare (result: unknown, message: Message): readonly Prepared[]
}
