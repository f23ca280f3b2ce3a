import type { FastifyBaseLogger } from 'fastify'
import type { BatchedMessage, MessageBatch } from './batch.js'
import type { EncodedMessage } from './codec.js'
import type { PublishOptions, RecordMetadata } from './publish.js'
import type { Message } from './message.js'

/**
 * Message before it is decoded, as {@link Middleware.onReceive} and {@link Middleware.afterProcessed} see it. Both get
 * the same object in one attempt, so that it may be the key of a `WeakMap`. FastStream: `self.msg` of a middleware.
 *
 * @example
 * const began = new WeakMap<UndecodedMessage, number>()
 * const timing: Middleware = {
 *   onReceive: (message) => { began.set(message, performance.now()) },
 *   afterProcessed: (error, message) => { observe(performance.now() - began.get(message)!, error === undefined) }
 * }
 */
export interface UndecodedMessage extends EncodedMessage {
  /** Number of this attempt: 1, then one more with each retry. */
  readonly attempt: number
  /** Header `correlation_id` if it has 1 to 256 visible characters, otherwise a new UUID. */
  readonly correlationId: string
  /** Logger of the scope, with subscriber, group, topic, partition, offset and correlation id, as `message.log`. */
  readonly log: FastifyBaseLogger
  /** Messages of the batch, if it is the first one of a batch. The moments are called once for all. */
  readonly batch?: readonly UndecodedMessage[] | undefined
}

/**
 * Message of any subscriber: what its schemas made of value, key, headers and dependencies only its handler knows.
 *
 * @example
 * const tenantOf = ({ rawHeaders }: AnyMessage) => rawHeaders.find(([name]) => name === 'tenant')?.[1]?.toString()
 */
export type AnyMessage = Message<unknown, unknown, unknown, Readonly<Record<string, unknown>>> & {
  /** Batch whose decision and dependencies it has, if it is the first message of a batch. */
  readonly batch?: MessageBatch<BatchedMessage<unknown, unknown, unknown>> | undefined
}

/**
 * Message on its way out, before it is checked and encoded: the value and the options of its publish. A copy with other
 * members is passed on with `next`; the topic stays. FastStream: `PublishCommand`.
 *
 * @example
 * const stamp: Middleware = {
 *   publishScope: (next, command) => next({ ...command, headers: { ...command.headers, source: 'shop' } })
 * }
 */
export interface PublishCommand extends Readonly<PublishOptions> {
  /** Topic of the publisher. */
  readonly topic: string
  /** Value as it was published. `null` is a tombstone. */
  readonly value: unknown
}

/**
 * Code around the messages that come in and go out, with the four moments of FastStream's `BaseMiddleware`. Each is
 * optional, and is called as a method of the middleware. Those of the broker are outermost, then those of the scopes
 * from the root on, then those of the subscriber.
 *
 * An error that a moment throws counts as one of the handler, and so do the decisions of a handler (`SkipMessage`,
 * `NackMessage`, …); an error of `publishScope` is one of the publish. All moments of an attempt run in the async
 * context of its message, and each of them within `handlerTimeout`.
 *
 * @example
 * const timing: Middleware = {
 *   async consumeScope (next, message) {
 *     const began = performance.now()
 *     try {
 *       return await next()
 *     } finally {
 *       message.log.info({ ms: performance.now() - began }, 'handled')
 *     }
 *   }
 * }
 * await app.register(faststreamPlugin, { groupId: 'shop', middlewares: [timing] })
 */
export interface Middleware {
  /**
   * Called before the message is decoded, outermost first. FastStream: `on_receive`.
   *
   * @param message the same object as for `afterProcessed`
   */
  readonly onReceive?: ((message: UndecodedMessage) => void | Promise<void>) | undefined
  /**
   * Called around the handler: after validation and the dependencies, before the dependencies are cleaned up. What it
   * returns is the handler's result. Without a call of `next` the handler does not run, and the message is settled as
   * after a success. FastStream: `consume_scope`.
   *
   * @param next runs the inner middlewares and the handler, once. A second call, or one after the end, rejects with
   *   FASTSTREAM_ERR_NEXT; the second call makes the attempt fail, too
   */
  readonly consumeScope?: ((next: () => Promise<unknown>, message: AnyMessage) => unknown) | undefined
  /**
   * Called around each publish of its scope: `publish()` of brokers and publishers, results of handlers, and the page.
   * Dead letters and forwarded messages do not pass. The publish resolves to where the record is, and rejects if it is
   * nowhere, whatever the middleware returns. FastStream: `publish_scope`.
   *
   * @param next checks, encodes and sends the message, once. A second call, or one after the end, rejects with
   *   FASTSTREAM_ERR_NEXT. Without a call within `producer.deadline` the publish fails
   */
  readonly publishScope?: ((
    next: (command: PublishCommand) => Promise<RecordMetadata>, command: PublishCommand
  ) => Promise<RecordMetadata>) | undefined
  /**
   * Called when the attempt has ended and its result is published, before the message is settled, innermost first; of
   * each middleware whose `onReceive` has not failed. FastStream: `after_processed`; what it returns is not used.
   *
   * @param error of the attempt, also if another one follows; undefined after a success, an `AckMessage` or a
   *   `SkipMessage`
   * @param message the same object as for `onReceive`
   */
  readonly afterProcessed?: ((error: Error | undefined, message: UndecodedMessage) => void | Promise<void>) | undefined
}
