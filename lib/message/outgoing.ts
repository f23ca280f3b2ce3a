import type { Partitioner, RecordMetadata } from '../../types/index.js'
import type { ConsumedRecord, RawHeader } from '../transport/transport.js'

/** A checked and encoded message: its bytes and its destination. It can be kept and published again. */
export interface Outgoing {
  readonly topic: string
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly headers: readonly RawHeader[]
  /** ms since the epoch */
  readonly timestamp: number
  /** The partitioner chooses one when this is left out. */
  readonly partition?: number | undefined
  /** Undefined: by the key, as the Java client does. Dead letters have none, so no code of the app can hinder them. */
  readonly partitioner?: Partitioner | undefined
  /** The record that this message replies to. */
  readonly repliesTo?: ConsumedRecord | undefined
}

/** Messages that must not overtake each other. When one of them fails, none of those sent after it is stored. */
export interface SendOrder {
  /** True: one has failed, and no further one is sent. */
  broken: boolean
  /** The message that was published last in it. */
  last?: InOrder | undefined
}

/** A message that waits for its outcome, between those that wait before and behind it in its order. */
export interface InOrder {
  previous?: InOrder | undefined
  next?: InOrder | undefined
}

/** How one message is sent. */
export interface Sending {
  /** True: a full queue is waited for. */
  readonly wait?: boolean | undefined
  /** Called when the message has its place in the queue. */
  readonly queued?: (() => void) | undefined
  /** Undefined: a failure concerns this message alone. */
  readonly order?: SendOrder | undefined
}

/** A broker as publishing needs it: its producer may not be connected yet, or be another one after a reconnect. */
export interface Sender {
  /** Resolves when the message is in the log. */
  send (outgoing: Outgoing, sending?: Sending): Promise<RecordMetadata>
}

/** A sender that logs the failures of publishes that do not wait for the cluster. */
export interface PublishingSender extends Sender {
  failedLater (topic: string, error: Error): void
}

/** A message and the broker that sends it. */
export interface Prepared {
  readonly outgoing: Outgoing
  readonly sender: Sender
  /** Called when the cluster refuses it, beside others that count all the same. Undefined: they fail together. */
  readonly refused?: ((error: Error) => void) | undefined
}

/** Sends a prepared message; may be called again when it failed. */
export function send ({ outgoing, sender }: Prepared, sending?: Sending): Promise<RecordMetadata> {
  return sender.send(outgoing, sending)
}
