import type { FailureStage, MessageSettledEvent, RecordMetadata } from '../../types/index.js'
import type { ProducedRecord } from '../transport/transport.js'
import { decodePublished, type PublishedRecord } from './published.js'

/* What a recorder keeps: messages, and what each group did with them. */

/** Failure of one attempt. */
export interface RecordedFailure {
  readonly stage: FailureStage
  readonly error: Error
}

/** One attempt of a subscriber at a message. */
export interface RecordedAttempt {
  readonly attempt: number
  /** True when its code has ended. */
  hasEnded: boolean
  failure?: RecordedFailure
  /** Pause before the next attempt, ms. */
  delay?: number
}

/** A message in the log, by its place. */
export class RecordedMessage implements RecordMetadata {
  readonly topic: string
  readonly partition: number
  readonly offset: bigint
  readonly deliveries: RecordedDelivery[] = []
  #record: ProducedRecord | undefined
  #decoded: PublishedRecord | undefined

  constructor ({ topic, partition, offset }: RecordMetadata) {
    this.topic = topic
    this.partition = partition
    this.offset = offset
  }

  /** The cluster has stored it. */
  store (record: ProducedRecord): void {
    this.#record = record
  }

  /** The message as tests see it; undefined where another process has published it. */
  get published (): PublishedRecord | undefined {
    if (this.#record === undefined) return undefined
    this.#decoded ??= decodePublished(this.topic, { ...this.#record, offset: this.offset })
    return this.#decoded
  }

  get place (): string {
    return placeOf(this)
  }
}

export function placeOf ({ topic, partition, offset }: RecordMetadata): string {
  return `${topic}[${partition}] ${offset}`
}

/** What one group did with a message. */
export class RecordedDelivery {
  readonly message: RecordedMessage
  readonly groupId: string | null
  readonly attempts: RecordedAttempt[] = []
  subscriber: string
  outcome: MessageSettledEvent['outcome'] | undefined
  deadLetterTopic: string | undefined
  /** True from the moment at which the message was given up, until its redelivery begins. */
  isGivenUp = false
  /** True once the message was handled again after it was settled or given up. */
  isRedelivered = false
  /** True once a test has read the failure. */
  isAsserted = false

  constructor (message: RecordedMessage, groupId: string | null, subscriber: string) {
    this.message = message
    this.groupId = groupId
    this.subscriber = subscriber
  }

  begin (attempt: number, subscriber: string): void {
    this.subscriber = subscriber
    // A message that begins again after it was settled was not committed.
    if (this.isGivenUp || this.outcome !== undefined) this.isRedelivered = true
    this.isGivenUp = false
    this.outcome = undefined
    this.attempts.push({ attempt, hasEnded: false })
  }

  get last (): RecordedAttempt | undefined {
    return this.attempts.at(-1)
  }

  /** True when nothing more happens to the message in this group. */
  get isDone (): boolean {
    return this.outcome !== undefined && this.last?.hasEnded !== false
  }

  /** The failure that no later attempt has mended. */
  get failure (): RecordedFailure | undefined {
    return this.outcome === undefined ? undefined : this.last?.failure
  }
}
