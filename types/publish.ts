import type { Documentation } from './asyncapi.js'
import type { MessageSchema } from './provider.js'

/**
 * Where a record is in the log: what a publish resolves to. As JSON its offset is text, so a route may return it as it is.
 *
 * @example
 * const { topic, partition, offset } = await app.broker.publish('orders', { id: '1' })
 */
export interface RecordMetadata {
  readonly topic: string
  /** Counted from 0. */
  readonly partition: number
  /** Counted from 0 in its partition. */
  readonly offset: bigint
}

/**
 * A plain object of text, bytes or null. A name with several values becomes several headers of that name; `undefined` is left out.
 *
 * @example
 * await app.broker.publish('orders', order, { headers: { tenant: 'a', tag: ['new', 'paid'], signature: Buffer.from([1, 2]) } })
 */
export type OutgoingHeaders = Readonly<Record<string, string | Buffer | null | ReadonlyArray<string | Buffer | null>>>

/**
 * What a single message may say about itself, beside its value.
 *
 * @throws FASTSTREAM_ERR_INVALID_OPTION for a member that is unknown or impossible; nothing is sent
 * @example
 * await orders.publish(order, { key: order.id, timestamp: order.createdAt })
 */
export interface PublishOptions {
  /** Wins over the publisher's key. `null`: no key, the partitions take turns. @default the publisher's key; a handler's `null` without one takes the message's */
  key?: string | Buffer | null
  /** Added to the publisher's headers; a name given here replaces all of the publisher's under that name. @default the publisher's alone */
  headers?: OutgoingHeaders
  /** Counted from 0; wins over the key's choice. One that does not exist is `FASTSTREAM_ERR_UNKNOWN_PARTITION`. @default the key's choice */
  partition?: number
  /** Not before 1970. @default now */
  timestamp?: Date
  /** @default that of the request or message, else a new UUID */
  correlationId?: string
}

/**
 * What `response()` returns.
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
 * A topic one writes to, with its schema, key and headers; made by `app.broker.publisher()`.
 *
 * @example
 * const invoices = app.broker.publisher('invoices', { schema: { value: InvoiceSchema }, key: (invoice) => invoice.orderId })
 * await invoices.publish({ orderId: '1', amount: 9 })
 */
export interface Publisher<in V = unknown> {
  readonly topic: string
  /**
   * Resolves when the record is in the log, on all in-sync replicas.
   *
   * @param value `null` is a tombstone: no schema is asked, and functions for the key and the headers are not called
   * @throws FASTSTREAM_ERR_INVALID_OPTION when an option is unknown or impossible, FASTSTREAM_ERR_INVALID_ARGUMENTS for surplus arguments
   * @throws FASTSTREAM_ERR_INVALID_MESSAGE when the value does not match the schema; `validation` holds JSON pointers
   * @throws FASTSTREAM_ERR_ENCODE when the value, the key or a header cannot be written; `validation` holds the JSON pointer of a value for which JSON has no form
   * @throws FASTSTREAM_ERR_UNKNOWN_TOPIC, FASTSTREAM_ERR_UNKNOWN_PARTITION, FASTSTREAM_ERR_PUBLISH_REFUSED
   * @throws FASTSTREAM_ERR_PUBLISH_TIMEOUT, FASTSTREAM_ERR_PUBLISH_QUEUE_FULL, FASTSTREAM_ERR_NOT_READY (status 503)
   * @example
   * await invoices.publish(null, { key: '1' })
   */
  publish (this: void, value: V | null, options?: PublishOptions): Promise<RecordMetadata>
}

/**
 * What `app.broker.publisher()` takes beside the topic; `V` is what the type provider makes of `schema.value`.
 *
 * @example
 * app.broker.publisher('orders', { schema: { value: OrderSchema }, key: (order) => order.id, headers: { source: 'shop' } })
 */
export interface PublisherOptions<S, V> extends Documentation {
  /** Checked strictly before a message leaves: no coercion, no defaults. @default nothing is checked */
  schema?: S & MessageSchema
  /** Messages of one key go to one partition, in order. `null` is no key. A function is not called for a tombstone, and must not return `undefined`. @default no key */
  key?: string | ((value: V) => string | Buffer | null)
  /** A function is not called for a tombstone; neither its result nor a header in it may be `undefined`. @default none */
  headers?: OutgoingHeaders | ((value: V) => OutgoingHeaders)
}

/**
 * `app.broker`, `request.broker` and `message.broker` publish alike; the last two carry their correlation id on.
 *
 * @example
 * async function place (broker: BoundBroker, order: Order) {
 *   await broker.publish('orders', order)
 * }
 */
export interface BoundBroker {
  /**
   * Publishes through a publisher, or to a topic: then through the one publisher that the scope knows for it, if there is one.
   * Resolves when the record is in the log.
   *
   * @param value `null` is a tombstone
   * @throws the errors of {@link Publisher.publish}
   * @throws FASTSTREAM_ERR_INVALID_OPTION when the publisher belongs to another broker
   * @throws FASTSTREAM_ERR_DUPLICATE_PUBLISHER when the scope knows several publishers of that topic
   * @example
   * const { partition, offset } = await request.broker.publish(placed, request.body)
   */
  publish<V>(this: void, publisher: Publisher<V>, value: NoInfer<V> | null, options?: PublishOptions): Promise<RecordMetadata>
  publish (this: void, topic: string, value: unknown, options?: PublishOptions): Promise<RecordMetadata>
}
