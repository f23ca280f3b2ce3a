import type { FastifyBaseLogger, FastifyTypeProvider } from 'fastify'
import type { Dependency } from './dependency.js'
import type { MessageOf } from './message-of.js'
import type { Part, Read, Write } from './provider.js'
import type { BoundBroker, Response } from './publish.js'
import type { Message } from './message.js'
import type { SubscriberHandler } from './subscribe.js'
import type { TopicParams } from './topics.js'

/**
 * Bounds of the batches of a subscriber, its option `batch`.
 *
 * @throws FASTSTREAM_ERR_INVALID_OPTION for a bound that is unknown or impossible
 * @example
 * const batch: BatchOptions = { maxSize: 1000, timeout: 500 }
 */
export interface BatchOptions {
  /**
   * Most messages of a batch; at most `buffer.messages` of the plugin. FastStream: `max_records`.
   *
   * @default 500, or `buffer.messages` where that is less
   */
  maxSize?: number | undefined
  /** Most bytes of the messages of a batch, uncompressed. A larger message is a batch of its own. @default 1 MiB */
  maxBytes?: number | undefined
  /**
   * Time after which the handler gets what there is, ms, from the arrival of the first message on: later messages do
   * not prolong it. 0: it waits for no further message. FastStream: `batch_timeout_ms`.
   *
   * @default 200
   */
  timeout?: number | undefined
}

/**
 * Message of a batch. What concerns the whole call is a member of {@link MessageBatch}: decisions, dependencies and the
 * signal.
 *
 * @example
 * const keys = batch.messages.map(({ rawKey }: BatchedMessage) => rawKey)
 */
export type BatchedMessage<
  V = unknown, K = Buffer | null, H = Readonly<Record<string, string>>, Params = TopicParams<string>
> = Omit<Message<V, K, H, {}, Params>, 'deps' | 'signal' | 'ack' | 'nack' | 'reject' | 'resolve'>

/**
 * Messages that a handler gets at once, all of one partition, in the order of their offsets. `M` is the type of the
 * messages, `D` are the injected dependencies. The functions need no `this`. FastStream: `KafkaMessage` of a batch.
 *
 * @example
 * async function store (clicks: unknown[], batch: MessageBatch) {
 *   for (const [i, click] of clicks.entries()) await save(click, batch.messages[i]?.offset)
 * }
 */
export interface MessageBatch<M = BatchedMessage, D = {}, Params = TopicParams<string>> {
  readonly topic: string
  readonly partition: number
  /** Parts of the topic, by the names of the placeholders, as {@link Message.params}. */
  readonly params: Params
  /** Side by side with the values. Those that could not be decoded or validated are in neither list. */
  readonly messages: readonly M[]
  /** Dependencies that the subscriber and its scope declare, made once for the call. */
  readonly deps: D
  /** Signal as that of {@link Message.signal}: `handlerTimeout` is the time of one call. */
  readonly signal: AbortSignal
  /** Logger of the scope, with subscriber, group, topic and partition, and the offset of the first message. */
  readonly log: FastifyBaseLogger
  /** Broker that publishes with the correlation id of the first message. Each message has a broker of its own. */
  readonly broker: BoundBroker
  /** Acknowledges all messages of the batch, as {@link Message.ack} one. */
  ack (this: void): boolean
  /** Asks for another call with these messages, as {@link Message.nack}. */
  nack (this: void, options?: { delay?: number }): boolean
  /** Makes all messages of the batch dead letters, as {@link Message.reject} one. */
  reject (this: void, reason?: string): boolean
  /** Makes a dependency on demand, or returns the one that was made. It is cleaned up with the others. */
  resolve<T>(this: void, dependency: Dependency<T>): Promise<T>
}

/**
 * Batch of a subscriber with these schemas, as its handler gets it.
 *
 * @example
 * type Orders = BatchOf<TypeBoxTypeProvider, { value: typeof OrderSchema }, {}>
 */
export type BatchOf<P extends FastifyTypeProvider, S, D, T = string> =
  MessageOf<P, S, D, T> extends Message<infer V, infer K, infer H, infer Deps, infer Params>
    ? MessageBatch<BatchedMessage<V, K, H, Params>, Deps, Params>
    : never

/**
 * Values of a batch, side by side with its messages.
 *
 * @example
 * const ids = (orders: BatchValues<TypeBoxTypeProvider, { value: typeof OrderSchema }>) => orders.map(({ id }) => id)
 */
export type BatchValues<P extends FastifyTypeProvider, S> = Array<Read<P, Part<S, 'value'>>>

type Out<V> = ReadonlyArray<V | Response<V | null | undefined> | null | undefined | void> | undefined | void

/**
 * Result of a handler of batches: a list of results, of which each is published by itself. A list that is as long as
 * the batch stands side by side with its messages: a result has the correlation id of its message, and a tombstone its
 * key.
 *
 * @example
 * const handle = (orders: Order[]): ReturnedList<Invoice> => orders.map(invoiceOf)
 */
export type ReturnedList<R> = unknown extends R ? unknown : Out<R> | Promise<Out<R>>

/**
 * Handler of batches: it gets the values, and the batch. A message that cannot be decoded or validated becomes a dead
 * letter, and the others are handled. A `BatchError` says which message failed; after another error the batch is
 * handled again. FastStream: a subscriber with `batch`.
 *
 * @example
 * const handler: BatchHandler<FastifyInstance, TypeBoxTypeProvider, { value: typeof OrderSchema }> =
 *   (orders, { log }) => { log.info({ orders: orders.length }, 'orders taken') }
 */
export type BatchHandler<This, P extends FastifyTypeProvider, S, R = unknown, D = {}, T = string> =
  (this: This, values: BatchValues<P, S>, batch: BatchOf<P, S, D, T>) => ReturnedList<R>

/**
 * Handler of a subscriber whose option `batch` has the type `B`.
 *
 * @example
 * type OfOne = HandlerOf<undefined, FastifyInstance, TypeBoxTypeProvider, { value: typeof OrderSchema }>
 * type OfBatches = HandlerOf<true, FastifyInstance, TypeBoxTypeProvider, { value: typeof OrderSchema }>
 */
export type HandlerOf<B, This, P extends FastifyTypeProvider, S, R = unknown, D = {}, T = string> =
  [B] extends [undefined]
    ? SubscriberHandler<This, P, S, R & Write<P, Part<S, 'reply'>>, D, T>
    : BatchHandler<This, P, S, R, D, T>
