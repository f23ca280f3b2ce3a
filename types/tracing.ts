import type { BrokerIdentity, MessageStartedEvent } from './message-events.js'
import type { RecordMetadata } from './publish.js'

/**
 * A message as a trace sees it.
 *
 * @example
 * const parentOf = ({ header }: TracedMessage) => header('traceparent')
 */
export interface TracedMessage {
  readonly offset: bigint
  /** Key as it is on the wire. */
  readonly key: Buffer | null
  /** True when the message has no value. */
  readonly tombstone: boolean
  /** Returns the correlation id of the message, which all its attempts share. */
  readonly correlationId: () => string
  /** The last value of a header, as text. */
  readonly header: (name: string) => string | undefined
}

/**
 * The context of one attempt on `tracing:faststream.message.process:*`: one object for `start`, `end`, `asyncStart`,
 * `asyncEnd` and `error`. The attempt runs within the stores that are bound to `start`: decoding, dependencies, the
 * handler, the clean-up and the publishing of its result.
 *
 * @example
 * tracingChannel('faststream.message.process').start.bindStore(storage, (context) => {
 *   const { subscriber, header } = context as MessageProcessContext
 *   return tracer.startSpan(`process ${subscriber}`, { parent: header('traceparent') })
 * })
 */
export interface MessageProcessContext extends MessageStartedEvent, TracedMessage {
  /**
   * Messages that the attempt handles together, in their order; undefined where the subscriber takes single ones. The
   * other members are then those of the first message.
   */
  readonly batch?: readonly TracedMessage[] | undefined
  /** End of the attempt, from `asyncStart` on. `failed`: see `error`; a retry has a context of its own. */
  outcome?: 'settled' | 'unsettled' | 'stop' | 'failed'
  /** Error of an attempt that failed, also where its message is settled all the same; from `error` on. */
  error?: Error
}

/**
 * The context of one publish on `tracing:faststream.message.publish:*`: one object for `start`, `end`, `asyncStart`,
 * `asyncEnd` and `error`.
 *
 * @example
 * tracingChannel('faststream.message.publish').start.subscribe((context) => {
 *   (context as MessagePublishContext).headers.push(['traceparent', Buffer.from(traceparent())])
 * })
 */
export interface MessagePublishContext extends BrokerIdentity {
  readonly topic: string
  /** Partition that the call names; undefined: chosen by the key. */
  readonly partition: number | undefined
  /** Key as it is on the wire. */
  readonly key: Buffer | null
  /** True when the message has no value. */
  readonly tombstone: boolean
  /** Headers that are sent, with values. A subscriber of `start` may add headers of its own. */
  readonly headers: Array<readonly [name: string, value: Buffer | null]>
  /** Returns the last value, as text, of a header of the request that this message replies to; undefined: no reply. */
  readonly repliedHeader?: ((name: string) => string | undefined) | undefined
  /** Place of the stored message, from `asyncStart` on. */
  result?: RecordMetadata
  /** Error of a failed publish, from `error` on. */
  error?: Error
}
