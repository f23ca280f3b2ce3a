import type { MessageSchema } from './provider.js'

/** Where a record is in the log. */
export interface RecordMetadata {
  readonly topic: string
  readonly partition: number
  readonly offset: bigint
}

/** A name with several values becomes several headers of that name. */
export type OutgoingHeaders = Readonly<Record<string, string | Buffer | null | ReadonlyArray<string | Buffer | null>>>

/** What a single message may say about itself, beside its value. */
export interface PublishOptions {
  /** Wins over the publisher's key. `null`: no key, the partitions take turns. */
  key?: string | Buffer | null
  /** Added to the publisher's headers; a name given here replaces all of the publisher's under that name. */
  headers?: OutgoingHeaders
  /** Wins over the key's choice. One that does not exist is `FASTSTREAM_ERR_UNKNOWN_PARTITION`. */
  partition?: number
  /** @default now */
  timestamp?: Date
  /** @default that of the request or message, else a new UUID */
  correlationId?: string
}

/** What {@link response} returns. */
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
   * @throws FASTSTREAM_ERR_INVALID_MESSAGE when the value does not match the schema; `validation` holds JSON pointers
   * @throws FASTSTREAM_ERR_ENCODE when the value cannot be written, for example as JSON
   * @throws FASTSTREAM_ERR_UNKNOWN_TOPIC, FASTSTREAM_ERR_UNKNOWN_PARTITION, FASTSTREAM_ERR_PUBLISH_REFUSED
   * @throws FASTSTREAM_ERR_PUBLISH_TIMEOUT, FASTSTREAM_ERR_PUBLISH_QUEUE_FULL, FASTSTREAM_ERR_NOT_READY (status 503)
   */
  publish (value: V, options?: PublishOptions): Promise<RecordMetadata>
}

export interface PublisherOptions<S, V> {
  /** Checked strictly before a message leaves: no coercion, no defaults. */
  schema?: S & MessageSchema
  /** Messages of one key go to one partition, in order. @default no key */
  key?: string | ((value: V) => string | Buffer | null)
  /** @default none */
  headers?: OutgoingHeaders | ((value: V) => OutgoingHeaders)
}

/** `app.broker`, `request.broker` and `message.broker` publish alike; the last two carry their correlation id on. */
export interface BoundBroker {
  /**
   * Publishes through a publisher, or to a topic: then through the one publisher that the scope knows for it, if there is one.
   * Resolves when the record is in the log.
   *
   * @throws the errors of {@link Publisher.publish}
   * @throws FASTSTREAM_ERR_DUPLICATE_PUBLISHER when the scope knows several publishers of that topic
   * @example
   * const { partition, offset } = await request.broker.publish(placed, request.body)
   */
  publish<V>(publisher: Publisher<V>, value: NoInfer<V>, options?: PublishOptions): Promise<RecordMetadata>
  publish (topic: string, value: unknown, options?: PublishOptions): Promise<RecordMetadata>
}
