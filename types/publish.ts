import type { FastifyTypeProvider } from 'fastify'
import type { Documentation } from './asyncapi.js'
import type { CodecOption } from './codec.js'
import type { MessageSchema } from './provider.js'
import type { BatchPublishing } from './publish-batch.js'
import type { RequestingBroker, RequestOptions } from './request.js'
import type { TopicName, TopicValue } from './topics.js'

/**
 * Place of a record in the log. As JSON its offset is text, so a route may return what a publish resolves to.
 *
 * @example
 * const { topic, partition, offset } = await app.broker.publish('orders', { id: '1' })
 */
export interface RecordMetadata {
  readonly topic: string
  /** Number of the partition, counted from 0. */
  readonly partition: number
  /** Offset in the partition, counted from 0. */
  readonly offset: bigint
}

/**
 * Headers as a plain object of text, bytes or null. A name with several values becomes several headers of that name.
 * A member that is `undefined` is left out.
 *
 * @example
 * const headers: OutgoingHeaders = { tenant: 'a', tag: ['new', 'paid'], signature: Buffer.from([1, 2]) }
 * await app.broker.publish('orders', order, { headers })
 */
export type OutgoingHeaders = Readonly<Record<string, string | Buffer | null | ReadonlyArray<string | Buffer | null>>>

/**
 * Destination of a message, for a {@link Partitioner}.
 *
 * @example
 * const last = ({ partitions }: Destination) => partitions - 1
 */
export interface Destination {
  readonly topic: string
  /** Bytes of the key on the wire; null: none. */
  readonly key: Buffer | null
  /** Number of the topic's partitions. */
  readonly partitions: number
}

/**
 * Function that chooses the partition of a message that names none, counted from 0. It runs when the cluster has told
 * how many partitions there are, in an async context of its own, and must not be async. Dead letters do not use it.
 * FastStream and FastKafka: `partitioner`.
 *
 * @throws FASTSTREAM_ERR_PARTITION from the publish, when it throws or returns no partition of the topic; nothing is
 *   sent, and a handler's message goes to the dead-letter topic
 * @example
 * const byTenant: Partitioner = ({ key, partitions }) => Number(String(key).split('-')[0]) % partitions
 * app.broker.publisher('orders', { key: (order) => `${order.tenant}-${order.id}`, partitioner: byTenant })
 */
export type Partitioner = (to: Destination) => number

/**
 * Options of one publish.
 *
 * @throws FASTSTREAM_ERR_INVALID_OPTION for an option that is unknown or impossible; nothing is sent
 * @example
 * await orders.publish(order, { key: order.id, timestamp: order.createdAt })
 */
export interface PublishOptions {
  /**
   * Key, instead of the publisher's. `null`: no key, the partitions take turns. An object is for a publisher with a
   * codec of keys, which does not encode a `Buffer`.
   *
   * @default the publisher's key; for a handler's tombstone also the key of the handled message
   */
  key?: string | object | null | undefined
  /**
   * Headers beside the publisher's. A name given here replaces all headers of the publisher under that name.
   *
   * @default the publisher's alone
   */
  headers?: OutgoingHeaders | undefined
  /**
   * Number of the partition, counted from 0, instead of the one that the key chooses.
   *
   * @default the publisher's; without one chosen by the `partitioner`, else by the key (murmur2, as the Java client)
   */
  partition?: number | undefined
  /** Time of the record, not before 1970. FastStream: `timestamp_ms`. @default now */
  timestamp?: Date | undefined
  /**
   * Header `correlation_id`. FastStream: `correlation_id`.
   *
   * @default that of the request or message, else a new UUID
   */
  correlationId?: string | undefined
  /**
   * Waiting for room when the queue is full, in the order of the calls, until `producer.deadline` has passed or the app
   * closes. Otherwise a full queue is FASTSTREAM_ERR_PUBLISH_QUEUE_FULL at once; so it is for calls without `wait`
   * while others wait. Await such a publish: what waits is in memory, and nothing else bounds it.
   *
   * @default false
   */
  wait?: boolean | undefined
  /** `true`: not waiting for the cluster, see {@link UnconfirmedOptions}. FastStream: `no_confirm`. @default false */
  noConfirm?: false | undefined
}

/**
 * Options of one publish that does not wait for the answer of the cluster. It resolves to nothing once the message is
 * checked, encoded and in the queue. What can be known until then rejects, also a full queue. What fails later is a
 * line of the log, and an event on the channel `faststream.message.publish-failed`. Order, repetition and deadline are
 * those of every publish. FastStream: `no_confirm`; FastKafka's `produces` never confirms.
 *
 * @example
 * await clicks.publish({ page: '/' }, { noConfirm: true })
 */
export interface UnconfirmedOptions extends Omit<PublishOptions, 'noConfirm'> {
  noConfirm: true
}

/**
 * Result of `response()`: a value with options of its publish.
 *
 * @example
 * function invoiceOf (order: Order): Response<Invoice> {
 *   return response({ orderId: order.id, amount: order.total }, { headers: { tenant: order.tenant } })
 * }
 */
export interface Response<V> {
  readonly value: V
  readonly options: PublishOptions
}

/**
 * Topic that the app writes to, with its schema, key and headers. Made by `app.broker.publisher()`. `V` is the type of
 * its values, `R` that of the replies to its requests.
 *
 * @example
 * const schema = { value: InvoiceSchema }
 * const invoices = app.broker.publisher('invoices', { schema, key: (invoice) => invoice.orderId })
 * await invoices.publish({ orderId: '1', amount: 9 })
 */
export interface Publisher<in V = unknown, out R = unknown> {
  /** Topic with its prefixes. Final after `ready()`: before that, a scope may get a `topicPrefix` yet. */
  readonly topic: string
  /**
   * Publishes a value. Resolves when the record is in the log of all in-sync replicas.
   *
   * @param value `null` is a tombstone: no schema applies, and functions for the key and the headers are not called
   * @throws FASTSTREAM_ERR_INVALID_OPTION when an option is unknown or impossible
   * @throws FASTSTREAM_ERR_INVALID_ARGUMENTS for surplus arguments
   * @throws FASTSTREAM_ERR_INVALID_MESSAGE when the value does not match the schema; `validation` holds JSON pointers
   * @throws FASTSTREAM_ERR_ENCODE when the value, the key or a header has no form on the wire; `validation` holds the
   *   JSON pointer of a value that JSON has no form for
   * @throws FASTSTREAM_ERR_UNKNOWN_TOPIC, FASTSTREAM_ERR_UNKNOWN_PARTITION, FASTSTREAM_ERR_PARTITION
   * @throws FASTSTREAM_ERR_PUBLISH_REFUSED
   * @throws FASTSTREAM_ERR_PUBLISH_TIMEOUT, FASTSTREAM_ERR_PUBLISH_QUEUE_FULL, FASTSTREAM_ERR_NOT_READY (status 503)
   * @example
   * await invoices.publish(null, { key: '1' })
   */
  publish (this: void, value: V | null, options: UnconfirmedOptions): Promise<void>
  publish (this: void, value: V | null, options?: PublishOptions): Promise<RecordMetadata>
  /**
   * Publishes a value and resolves to the reply of its subscriber, checked by `schema.reply`. FastStream:
   * `publisher.request`.
   *
   * @throws the errors of {@link RequestingBroker.request}
   * @example
   * const quotes = app.broker.publisher('quotes', { schema: { value: QuerySchema, reply: PriceSchema } })
   * const { amount } = await quotes.request({ sku: 'a' }, { timeout: 2000 })
   */
  request (this: void, value: V | null, options?: RequestOptions): Promise<R>
}

/**
 * Options of `app.broker.publisher()`; `V` is the type that the type provider gives to `schema.value`, `K` that of
 * `schema.key`.
 *
 * @example
 * const schema = { value: OrderSchema }
 * app.broker.publisher('orders', { schema, key: (order) => order.id, headers: { source: 'shop' } })
 */
export interface PublisherOptions<S, V, K = string> extends Documentation {
  /**
   * Schemas that are checked strictly before a message leaves: no coercion, no defaults. `reply` checks what answers
   * its requests, as a received value.
   *
   * @default none
   */
  schema?: (S & MessageSchema) | undefined
  /**
   * Key: messages of one key are in one partition, in order. `null` is no key. A function is not called for a
   * tombstone, and must not return `undefined`. FastStream: `key`; FastKafka: `key_serializer`.
   *
   * @default none
   */
  key?: string | ((value: V) => K | string | Buffer | null) | undefined
  /**
   * Format on the wire, of the value or of `{ value, key }`. A value has passed the schema before. `'json'` writes
   * every value as JSON, `'text'` takes strings and `'bytes'` bytes only; any other format is a {@link Codec}.
   *
   * @default that of the plugin, else JSON; without a schema text for a string; bytes as they are
   */
  codec?: CodecOption | undefined
  /**
   * Headers of every message. They replace the automatic ones of the same name: `content-type`, `correlation_id` and
   * `reply_to`. A function is not called for a tombstone, and must not return `undefined`, also not as
   * the value of a header.
   *
   * @default none
   */
  headers?: OutgoingHeaders | ((value: V) => OutgoingHeaders) | undefined
  /**
   * Number of the partition, counted from 0. A function must return one. It is not called for a tombstone, which
   * therefore needs the option `partition` of its publish. FastStream: `partition`.
   *
   * @default chosen by the `partitioner`
   */
  partition?: number | ((value: V) => number) | undefined
  /**
   * Choice of the partition by topic, key and number of partitions. FastKafka: `partitioner`.
   *
   * @default `producer.partitioner` of the plugin, else by the key (murmur2, as the Java client)
   */
  partitioner?: Partitioner | undefined
  /**
   * Topic for answers, in the header `reply_to` of every message. FastStream: `reply_to`.
   *
   * @default none
   */
  replyTo?: string | undefined
}

/**
 * Publishing part of `app.broker`, `request.broker` and `message.broker`. The last two add the correlation id of
 * their request or message.
 *
 * @example
 * async function place (broker: BoundBroker, order: Order) {
 *   await broker.publish('orders', order)
 * }
 */
export interface BoundBroker<P extends FastifyTypeProvider = FastifyTypeProvider>
  extends BatchPublishing, RequestingBroker<P> {
  /**
   * Publishes through a publisher, or to a topic, which is its whole name with all prefixes: then through the one
   * publisher that the scope knows for this topic, if there is one. Resolves when the record is in the log of all
   * in-sync replicas. Names and values of topics are typed by {@link Topics}, which an app may fill.
   *
   * @param value `null` is a tombstone
   * @throws the errors of {@link Publisher.publish}
   * @throws FASTSTREAM_ERR_INVALID_OPTION when the publisher belongs to another broker, or a topic is named without the
   *   prefix that its publisher in this scope has
   * @throws FASTSTREAM_ERR_DUPLICATE_PUBLISHER when the scope knows several publishers of that topic
   * @example
   * const { partition, offset } = await request.broker.publish(placed, request.body)
   */
  publish<V>(
    this: void, publisher: Publisher<V>, value: NoInfer<V> | null, options: UnconfirmedOptions
  ): Promise<void>
  publish<T extends TopicName>(
    this: void, topic: T, value: NoInfer<TopicValue<T>> | null, options: UnconfirmedOptions
  ): Promise<void>
  publish<V>(
    this: void, publisher: Publisher<V>, value: NoInfer<V> | null, options?: PublishOptions
  ): Promise<RecordMetadata>
  publish<T extends TopicName>(
    this: void, topic: T, value: NoInfer<TopicValue<T>> | null, options?: PublishOptions
  ): Promise<RecordMetadata>
}
