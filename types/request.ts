import type { FastifyTypeProvider } from 'fastify'
import type { Read } from './provider.js'
import type { Publisher, PublishOptions } from './publish.js'
import type { TopicName, TopicReply, TopicValue } from './topics.js'

/**
 * Options of one request. FastStream: the options of `request`.
 *
 * @throws FASTSTREAM_ERR_INVALID_OPTION for an option that is unknown or impossible; nothing is sent
 * @example
 * const price = await app.broker.request(quotes, { sku: 'a' }, { timeout: 2000, signal: AbortSignal.timeout(1000) })
 */
export interface RequestOptions extends Pick<PublishOptions, 'key' | 'headers'> {
  /**
   * Time within which the reply must come, ms. It begins with the call, also before `ready()`. FastStream: `timeout`.
   *
   * @default 5000
   */
  timeout?: number | undefined
  /**
   * Signal that ends the request. It then rejects with FASTSTREAM_ERR_REQUEST_ABORTED, and a reply that comes later is
   * dropped. `request.broker` and `message.broker` add one of their own: the client is gone, the attempt is over.
   *
   * @default none
   */
  signal?: AbortSignal | undefined
}

/**
 * Options of one request that say how its reply is checked.
 *
 * @example
 * const options: TypedRequestOptions<typeof PriceSchema> = { schema: PriceSchema, timeout: 2000 }
 */
export interface TypedRequestOptions<S> extends RequestOptions {
  /** Schema of the reply's value, instead of `schema.reply` of the publisher. */
  schema: S
}

/** Options of a request whose reply has the type that its publisher or {@link Topics} says. */
type DeclaredReply = RequestOptions & { schema?: undefined }

/**
 * Requests to the subscribers of a topic, over Kafka; `P` is the type provider of the instance.
 *
 * @example
 * async function priceOf (broker: RequestingBroker, sku: string) {
 *   return await broker.request('quotes', { sku }, { timeout: 2000 })
 * }
 */
export interface RequestingBroker<P extends FastifyTypeProvider = FastifyTypeProvider> {
  /**
   * Publishes a value as `publish` does, and resolves to the value of the reply: what the handler of a subscriber with
   * `schema.reply` has returned, checked by `schema`, else by the publisher's `schema.reply`. The first reply counts.
   * The process reads its replies in one partition of the option `replies.topic`, without a consumer group. The header
   * `correlation_id` is a new UUID. A request before `ready()` waits. FastStream: `request`.
   *
   * @param value `null` is a tombstone
   * @throws FASTSTREAM_ERR_REQUEST_TIMEOUT (504) without a reply in time: the message may be handled all the same
   * @throws FASTSTREAM_ERR_REQUEST_REFUSED (502) when the handler failed; `remoteCode` is the code of its error
   * @throws FASTSTREAM_ERR_REPLY (502) when the reply cannot be decoded or does not match its schema
   * @throws FASTSTREAM_ERR_REQUEST_ABORTED (499) when a signal ended it
   * @throws FASTSTREAM_ERR_SCHEMA_BUILD when `schema` cannot be compiled
   * @throws the errors of {@link BoundBroker.publish}
   * @example
   * const { amount } = await request.broker.request(quotes, { sku: request.params.sku }, { timeout: 2000 })
   */
  request<V, const S>(
    this: void, publisher: Publisher<V>, value: NoInfer<V> | null, options: TypedRequestOptions<S>
  ): Promise<Read<P, S>>
  request<T extends TopicName, const S>(
    this: void, topic: T, value: NoInfer<TopicValue<T>> | null, options: TypedRequestOptions<S>
  ): Promise<Read<P, S>>
  request<V, R>(
    this: void, publisher: Publisher<V, R>, value: NoInfer<V> | null, options?: DeclaredReply
  ): Promise<R>
  request<T extends TopicName>(
    this: void, topic: T, value: NoInfer<TopicValue<T>> | null, options?: DeclaredReply
  ): Promise<TopicReply<T>>
}

/**
 * Topics of replies. An app that answers to any topic could be made to write to topics that its senders may not write
 * to (a confused deputy).
 *
 * @example
 * const replies: RepliesOptions = { topic: 'shop.replies', allowed: ['shop.replies', 'billing.replies.*'] }
 * await app.register(faststreamPlugin, { groupId: 'shop', replies })
 */
export interface RepliesOptions {
  /**
   * Topic of the replies to the requests of this app, with all prefixes. Its processes share it: each reads one of the
   * partitions.
   *
   * @default `topicPrefix`, `replies.` and `clientId`
   */
  topic?: string | undefined
  /**
   * Topics that the subscribers of this app may answer to, with all prefixes. A `*` at the end stands for any further
   * characters. The reply to another topic is refused, with a line in the log.
   *
   * @default `topicPrefix` and `replies.*`
   */
  allowed?: string | readonly string[] | undefined
}

/**
 * Requests of one broker, and what became of their replies.
 *
 * @example
 * const { open, late } = app.broker.health().requests
 */
export interface RequestsHealth {
  /** Number of requests that wait for a reply. */
  readonly open: number
  /** Number of replies that came when their request was over, or was answered already, since the start. */
  readonly late: number
}
