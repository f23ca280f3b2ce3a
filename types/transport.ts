import type { ConsumerListener, ConsumerOptions, TransportConsumer } from './transport-consumer.js'
import type { ClusterDescription } from './cluster-description.js'
import type { FaststreamOptions } from './options.js'

/**
 * Client of one cluster, below the plugin. It knows records, partitions and groups. It knows no schema, no handler and
 * no Fastify, and it commits nothing by itself. The transports of the plugin implement this interface, too.
 *
 * @example
 * class NatsTransport implements Transport { ... }
 * await app.register(faststreamPlugin, { transport: new NatsTransport(), groupId: 'shop' })
 */
export interface Transport {
  readonly name: string
  /**
   * Reaches the cluster. Rejects when no broker answers by `deadline`, ms of `performance.now()`; without a deadline,
   * within `connectTimeout`. `onFailure` is called with the error of the first try, when another one follows.
   */
  connect (deadline?: number, onFailure?: (error: Error) => void): Promise<void>
  /**
   * Returns the id of the cluster, which the spans of `otel` have, once it is known; sends no request. A transport
   * without it has none.
   */
  clusterId? (): string | undefined
  /**
   * Asks the cluster for an answer. Rejects when no node answers by `deadline`, ms of `performance.now()`. A transport
   * without it is asked for the topics of the app instead.
   */
  ping? (deadline: number): Promise<void>
  /** Asks the cluster for the partition counts of topics. Topics that do not exist are left out. */
  describeTopics (topics: readonly string[]): Promise<ReadonlyMap<string, number>>
  /** Creates topics and resolves once their partitions can be written. A topic that exists already is no error. */
  createTopics (topics: readonly NewTopic[]): Promise<void>
  /**
   * Rejects with `FASTSTREAM_ERR_NOT_AUTHORIZED`, naming all of them, when the cluster refuses some of these rights.
   * A transport without it has all rights.
   */
  checkRights? (needed: NeededRights): Promise<void>
  /**
   * Asks for what `faststream doctor` compares with the options of an app. What the cluster does not tell is named in
   * the answer. A transport without it is asked for its topics only.
   */
  describeCluster? (asked: { readonly topics: readonly string[], readonly groups: readonly string[] }):
  Promise<ClusterDescription>
  /** Creates a consumer. It does nothing before `start()`. */
  consumer (options: ConsumerOptions, listener: ConsumerListener): TransportConsumer
  /** Creates a producer, one for each broker of the app. */
  producer (): TransportProducer
  /** Closes every connection. Never rejects. May be called twice, and also when `connect` never ended. */
  close (): Promise<void>
}

/**
 * Function that creates the transport of one broker when the app becomes ready. With `startup: 'background'` it is
 * called again for each further try, and the transport of the failed try is closed.
 *
 * @example
 * const transport: TransportFactory = ({ brokers, log }) => new NatsTransport(brokers, log)
 * await app.register(faststreamPlugin, { transport, brokers: ['nats:4222'], groupId: 'shop' })
 */
export type TransportFactory = (options: TransportOptions) => Transport | Promise<Transport>

/**
 * Options of the plugin that a transport needs, checked and complete.
 *
 * @example
 * function createTransport ({ brokers, connectTimeout }: TransportOptions): Transport { ... }
 */
export interface TransportOptions {
  /** Addresses as they were written; empty without the option `brokers`. */
  readonly brokers: readonly string[]
  readonly clientId: string
  readonly ssl?: FaststreamOptions['ssl']
  readonly sasl?: FaststreamOptions['sasl']
  /** True when credentials may be sent readable to a host that is not loopback. */
  readonly allowInsecureSasl?: boolean
  /** ms */
  readonly connectTimeout: number
  /** Age at which metadata of topics are asked for again, ms. @default 5000 */
  readonly metadataMaxAge?: number
  /** Compression of the batches that are published; none by default. */
  readonly compression?: NonNullable<FaststreamOptions['producer']>['compression']
  /** Destination of the transport's own log lines. */
  readonly log: TransportLog
}

/**
 * Log of a transport: a line has an object with details, and a text.
 *
 * @example
 * log.warn({ topic }, 'a subscribed topic does not exist')
 */
export interface TransportLog {
  debug (details: object, message: string): void
  info (details: object, message: string): void
  warn (details: object, message: string): void
  error (details: object, message: string): void
}

/**
 * Rights that an app needs, by the names of topics and groups. Topics need not exist.
 *
 * @example
 * await transport.checkRights?.({ read: ['orders'], write: ['invoices'], groups: ['shop'] })
 */
export interface NeededRights {
  readonly read: readonly string[]
  readonly write: readonly string[]
  readonly groups: readonly string[]
}

/**
 * Topic to create.
 *
 * @example
 * await transport.createTopics([{ topic: 'orders', partitions: 3, replicas: -1 }])
 */
export interface NewTopic {
  readonly topic: string
  readonly partitions: number
  /** Replication factor; −1 is the cluster's default. */
  readonly replicas: number
}

/**
 * Partition of a topic.
 *
 * @example
 * listener.assigned([{ topic: 'orders', partition: 0 }])
 */
export interface TopicPartition {
  readonly topic: string
  readonly partition: number
}

/**
 * Offset in a partition.
 *
 * @example
 * consumer.seek({ topic: 'orders', partition: 0, offset: 42n })
 */
export interface TopicPartitionOffset extends TopicPartition {
  readonly offset: bigint
}

/**
 * Header in the order of the wire. A name may occur twice; a value may be null or any bytes.
 *
 * @example
 * const header: RawHeader = ['content-type', Buffer.from('application/json')]
 */
export type RawHeader = readonly [name: string, value: Buffer | null]

/**
 * Record of the log. Its members may be decoded lazily, but reading them never throws.
 *
 * @example
 * const record: ConsumedRecord = { offset: 0n, timestamp: Date.now(), key: null, value, headers: [], size: 100 }
 */
export interface ConsumedRecord {
  readonly offset: bigint
  /** ms since the epoch */
  readonly timestamp: number
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly headers: readonly RawHeader[]
  /** Bytes that the record holds in memory, about. */
  readonly size: number
  /**
   * Returns the value as text, for a record that can do so without a Buffer: `null` for a tombstone, `undefined` for
   * bytes that are not UTF-8.
   */
  valueText? (): string | null | undefined
  /** Returns the bytes of the key as latin1, for a record that can do so without a Buffer: `null` without a key. */
  keyLatin1? (): string | null
  /** Returns the last value of a name as text, for a record that can do so without decoding all headers. */
  headerText? (name: string): string | undefined
  /** Number of headers, for a record that knows it without decoding them. */
  readonly headerCount?: number
}

/**
 * Record to write.
 *
 * @example
 * await producer.send([{ topic, partition: 0, key: null, value, headers: [], timestamp: Date.now() }], deadline)
 */
export interface ProducedRecord extends TopicPartition {
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly headers: readonly RawHeader[]
  /** ms since the epoch */
  readonly timestamp: number
}

/**
 * Producer of one broker. The plugin chooses the partitions and keeps one send in flight.
 *
 * @example
 * const producer = transport.producer()
 * const offsets = await producer.send(records, performance.now() + 30_000)
 */
export interface TransportProducer {
  /**
   * Returns the number of partitions of a topic: at once when it is known. It is kept fresh for partitions that are
   * added. Rejects when the cluster does not have the topic.
   */
  partitionCount (topic: string): number | Promise<number>
  /**
   * Stores all records, once and in order per partition, and resolves with their offsets in the order given. Of the
   * records of a partition none is stored behind one that failed. The plugin does not call it again before the last
   * call settled. A failed send is repeated exactly as it was until `deadline`, ms of `performance.now()`. Rejects with
   * a `SendError` that tells which records were stored, and whether the others may have been.
   */
  send (records: readonly ProducedRecord[], deadline: number): Promise<readonly bigint[]>
  /** Closes the producer. Never rejects, may be called twice. */
  close (): Promise<void>
}
