import type { FastifyBaseLogger, FastifyTypeProvider } from 'fastify'
import type { DeadLetter } from './dead-letter.js'
import type { Dependency } from './dependency.js'
import type { BoundBroker, RecordMetadata } from './publish.js'
import type { TopicParams } from './topics.js'

/**
 * Message as its handler gets it. The value is the handler's first argument, too. `V`, `K` and `H` are the types that
 * the schemas give to value, key and headers; `D` are the injected dependencies, `Params` the parts of the topic.
 *
 * Its functions need no `this`: `({ ack }) => ack()` and `.then(message.ack)` work. JSON and `util.inspect` leave out
 * headers and `deps`, which may hold secrets. `{ ...message }` has `topic`, `partition`, `offset`, `attempt`, `value`.
 *
 * @example
 * function note (message: Message) {
 *   message.log.info({ key: message.key, attempt: message.attempt }, 'seen')
 * }
 */
export interface Message<
  V = unknown, K = Buffer | null, H = Readonly<Record<string, string>>, D = {}, Params = TopicParams<string>,
  P extends FastifyTypeProvider = FastifyTypeProvider
> extends RecordMetadata {
  /**
   * Value, decoded by the codec, else by the header `content-type` (JSON without one), and validated. `null` is a
   * tombstone.
   */
  readonly value: V
  /** Key as decoded (text, unless there is a codec of keys) and validated with `schema.key`, otherwise as bytes. */
  readonly key: K
  /** Headers as text; of a repeated name the last one. See `rawHeaders` for repeated, binary and null headers. */
  readonly headers: H
  /** Bytes of the key on the wire. */
  readonly rawKey: Buffer | null
  /** Headers as bytes on the wire, in order and with repetitions. */
  readonly rawHeaders: ReadonlyArray<readonly [name: string, value: Buffer | null]>
  /** Dependencies that the subscriber and its scope declare. */
  readonly deps: D
  /**
   * Parts of the topic that the placeholders of `orders.{region}`, or the named groups of a RegExp, stand for; empty
   * for a topic that is named. FastStream: `Path()`.
   */
  readonly params: Params
  /** Time of the publish, as the publisher says; undefined when it says none, or one that a `Date` cannot hold. */
  readonly timestamp: Date | undefined
  /** Number of this attempt: 1, then one more with each retry. */
  readonly attempt: number
  /**
   * Signal that aborts when the attempt exceeds `handlerTimeout`, when the partition is revoked, or when the app
   * closes and `drainTimeout` has passed.
   */
  readonly signal: AbortSignal
  /**
   * Failure of the original, if this message is a dead letter. Every client that may write to the topic can write
   * these headers.
   */
  readonly deadLetter: DeadLetter | undefined
  /** Header `correlation_id` if it has 1 to 256 visible characters, otherwise a new UUID. */
  readonly correlationId: string
  /**
   * Logger of the scope, with subscriber, group, topic, partition, offset and correlation id of the message. It writes
   * `key` as text, unless the app has a serializer of that name.
   */
  readonly log: FastifyBaseLogger
  /** Broker that publishes with the correlation id of this message. */
  readonly broker: BoundBroker<P>
  /**
   * Acknowledges the message. It is settled when the handler has ended, whatever the handler does then, also beyond
   * its `handlerTimeout`.
   *
   * @returns false when `ack`, `nack` or `reject` was called before (the first call counts), or when the partition
   *   was revoked
   */
  ack (this: void): boolean
  /**
   * Asks for another attempt, after the handler has ended and its dependencies have been cleaned up as after a
   * failure. There is no limit.
   *
   * @param options.delay ms until that attempt, @default as `retry` says
   * @returns as {@link Message.ack}
   */
  nack (this: void, options?: { delay?: number }): boolean
  /**
   * Moves the message to the dead-letter topic, after the handler has ended and its dependencies have been cleaned up
   * as after a failure.
   *
   * @param reason found in the dead letter as the message of its error
   * @returns as {@link Message.ack}
   */
  reject (this: void, reason?: string): boolean
  /** Makes a dependency on demand, or returns the one that was made. It is cleaned up with the others. */
  resolve<T>(this: void, dependency: Dependency<T>): Promise<T>
}
