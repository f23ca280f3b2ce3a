import type { FastifyRequest, FastifyServerOptions } from 'fastify'
import type { ConnectionOptions } from 'node:tls'
import type { AsyncapiOptions } from './asyncapi.js'
import type { BreakerOptions } from './breaker.js'
import type { ClusterOptions } from './clusters.js'
import type { CodecOption, Decoder, Parser } from './codec.js'
import type { InheritedConsumerOptions } from './consumer-options.js'
import type { DeadLetterRoutes } from './dead-letters.js'
import type { Middleware } from './middleware.js'
import type { ObserveOptions } from './observe-options.js'
import type { Partitioner } from './publish.js'
import type { RepliesOptions } from './request.js'
import type { LayerOptions } from './scope-options.js'
import type { SaslOptions } from './security.js'
import type { TopicConfig } from './topic-config.js'
import type { Transport, TransportFactory } from './transport.js'

/**
 * Further attempts for a message whose handler threw. The messages behind it in its lane wait.
 *
 * @example
 * const retry: RetryOptions = { retries: 3, retryOn: (error) => !(error instanceof RangeError) }
 * app.broker.subscriber('orders', { retry }, saveOrder)
 */
export interface RetryOptions {
  /** Attempts after the first one. @default 5 */
  retries?: number | undefined
  /** Pause before the first retry, ms. @default 200 */
  delay?: number | undefined
  /** Factor by which each pause is longer than the one before. @default 2 */
  factor?: number | undefined
  /** Longest pause, ms; jitter may add its part. @default 30_000 */
  maxDelay?: number | undefined
  /** Part of the pause, 0 to 1, by which it is varied at random. @default 0.2 */
  jitter?: number | undefined
  /**
   * Decides whether an error is worth a retry. After `false` the message goes to the dead-letter topic at once.
   *
   * @default () => true
   */
  retryOn?: ((error: unknown) => boolean) | undefined
}

/**
 * Rule that settles a message. A settled message is not redelivered. In every policy, a message that cannot be
 * decoded or does not match its schema goes to the dead-letter topic, and a handler can decide by `message.ack()`,
 * `nack()`, `reject()`, or by an error such as `AckMessage`.
 *
 * - `ACK_FIRST`: settled before the handler runs. If the process dies meanwhile, the message is lost. A failure is
 *   logged.
 * - `ACK`: settled when the handler has ended, also after a failure, which is logged.
 * - `REJECT_ON_ERROR`: settled when the handler has succeeded, or when `retry` is exhausted and the message is in the
 *   dead-letter topic.
 * - `NACK_ON_ERROR`: settled when the handler has succeeded. Failed attempts are repeated without end, with the
 *   pauses of `retry`. An error that `retryOn` refuses makes a dead letter.
 * - `MANUAL`: settled when the handler says so. The next message of its lane waits for that. A failed attempt is
 *   repeated; so is an attempt that has ended without a decision within `handlerTimeout`.
 *
 * @example
 * app.broker.subscriber('orders', { ackPolicy: 'MANUAL' }, (order, message) => {
 *   queue.push(order, () => message.ack())
 * })
 */
export type AckPolicy = 'ACK_FIRST' | 'ACK' | 'REJECT_ON_ERROR' | 'NACK_ON_ERROR' | 'MANUAL'

/**
 * Destination of messages that cannot be handled. A dead letter has the bytes and headers of its message, and `x-dlq-*`
 * headers that say where, when and why it failed.
 *
 * @example
 * app.broker.subscriber('orders', { deadLetter: { topic: 'orders.failed' } }, saveOrder)
 */
export interface DeadLetterOptions {
  /**
   * Name of the dead-letter topic, or a function of the message's topic, which is called once per topic. The
   * subscriber must not read that topic itself.
   *
   * @default (topic) => topic + '.dlq'
   */
  topic?: string | ((topic: string) => string) | undefined
}

/**
 * Options that a subscriber inherits. The nearest place that names an option wins: the subscriber, its router, the
 * options of `includeRouter()`, its scope, the scopes around it, the plugin, the default. The order of the calls does
 * not matter.
 *
 * @example
 * const options: InheritedOptions = { groupId: 'shop', ackPolicy: 'NACK_ON_ERROR', retry: { delay: 1000 } }
 */
export interface InheritedOptions extends InheritedConsumerOptions {
  /**
   * Consumer group that stores the offsets. Required on a real cluster, for the plugin or for each subscriber.
   * `null`: no group. Every process reads all messages, no offset is stored, and each start begins where
   * `offsetReset` says. FastStream and FastKafka: `group_id`.
   *
   * @default none; in memory 'fastify-faststream'
   */
  groupId?: string | null | undefined
  /**
   * Time for one attempt of a handler, ms. After it `message.signal` aborts, and the attempt has failed whatever the
   * handler returns later. FastStream: `max_poll_interval_ms`; here a slow handler stays in the group.
   *
   * @default 60_000
   */
  handlerTimeout?: number | undefined
  /**
   * Time for one message to be settled, ms. A partition in which messages wait, and of which none is settled for longer
   * than this and `handlerTimeout`, is not healthy, see {@link SubscriberHealth}.
   *
   * @default 60_000
   */
  stuckAfter?: number | undefined
  /**
   * Largest message that is handled, with key and headers; bytes without compression. A larger message is not
   * decoded. It becomes a dead letter without its value: a few kilobytes can inflate to a size that keeps all other
   * messages waiting.
   *
   * @default 1_048_588, as Kafka's `message.max.bytes`
   */
  bodyLimit?: number | undefined
  /**
   * Further attempts for a message whose handler threw. Each member that is left out is inherited.
   *
   * @default { retries: 5, delay: 200, factor: 2, maxDelay: 30_000, jitter: 0.2, retryOn: () => true }
   */
  retry?: RetryOptions | undefined
  /**
   * Topic of dead letters. `false`: a message that cannot be handled is logged and skipped.
   *
   * @default { topic: (topic) => topic + '.dlq' }
   */
  deadLetter?: DeadLetterOptions | false | undefined
  /**
   * Storm breaker, see {@link BreakerOptions}: when most attempts fail alike, messages wait instead of becoming dead
   * letters. `false`: there is none. Each member that is left out is inherited.
   *
   * @default { window: 600_000, ratio: 0.5, minimum: 50 }
   */
  breaker?: BreakerOptions | false | undefined
  /**
   * Rule that settles a message, see {@link AckPolicy}. FastStream: `ack_policy`, `no_ack`, `auto_commit`; FastKafka:
   * `enable_auto_commit`.
   *
   * @default 'REJECT_ON_ERROR'
   */
  ackPolicy?: AckPolicy | undefined
  /**
   * Messages that are handled one after the other (a lane): those of a `'partition'`, or those of one `'key'` in a
   * partition. With `'key'` a message without a key has its own lane; with `'none'` every message has. FastStream:
   * `max_workers` with `ACK_FIRST` is as `'none'`, with other policies as `'partition'`.
   *
   * @default 'partition'
   */
  ordering?: 'partition' | 'key' | 'none' | undefined
  /**
   * Number of messages that a subscriber handles at the same time, each of another lane. A message that waits for its
   * next attempt does not count. FastStream: `max_workers`; FastKafka: `executor`.
   *
   * @default 16
   */
  concurrency?: number | undefined
  /**
   * Format on the wire, of the value or of `{ value, key }`; publishers inherit it, too. `'json'`, `'text'` and
   * `'bytes'` pay no heed to the header `content-type`; any other format is a {@link Codec}. FastStream: `codec`,
   * `key_deserializer`, `value_deserializer`; FastKafka: `decoder`, `encoder`, `key_serializer`, `value_serializer`.
   *
   * @default values by their content type, keys with a schema as text
   */
  codec?: CodecOption | undefined
  /**
   * Function that decodes values in the place of the codec, or around it, see {@link Decoder}. FastStream: `decoder`,
   * `value_deserializer`; FastKafka: `decoder`.
   *
   * @default none
   */
  decoder?: Decoder | undefined
  /**
   * Function that finds value, key and headers in a record, see {@link Parser}. FastStream: `parser`.
   *
   * @default none
   */
  parser?: Parser | undefined
  /**
   * Level of the log line `message completed`, which each message has when it is handled, with its outcome and the time
   * that it took. `'silent'`: no line. FastStream: `log_level`.
   *
   * @default 'debug'
   */
  messageLogLevel?: 'debug' | 'info' | 'silent' | undefined
  /**
   * `false`: the AsyncAPI document leaves it out. Publishers inherit it, too. FastStream: `include_in_schema`.
   *
   * @default true
   */
  includeInSchema?: boolean | undefined
  /**
   * Code around messages, see {@link Middleware}; the first of the list is outermost. Those of plugin, scopes and
   * subscriber are put together, the plugin's outermost; publishers inherit them, too. FastStream: `middlewares`.
   *
   * @default none
   */
  middlewares?: readonly Middleware[] | undefined
}

/**
 * Options of the plugin. No time may be longer than 2 147 483 647 ms (24 days), which is what a timer of Node holds.
 *
 * @throws FASTSTREAM_ERR_INVALID_OPTION for an option that is unknown or impossible, when the plugin is registered
 * @example
 * await app.register(faststreamPlugin, { brokers: ['localhost:9092'], groupId: 'shop' })
 */
export interface FaststreamOptions extends LayerOptions, ObserveOptions {
  /**
   * Bootstrap addresses, `host:port`; one text may hold several, separated by commas. Required in production, unless
   * `transport: 'memory'` is written. FastStream, FastKafka: `bootstrap_servers`.
   *
   * @default none: the in-memory broker
   */
  brokers?: string | readonly string[] | undefined
  /**
   * Client library. `'memory'` is an in-memory cluster, which keeps every message for as long as the process lives. A
   * transport of your own is an object, or a function that creates it, see {@link Transport} and
   * {@link TransportFactory}. An object serves one broker, which closes it; `startup: 'background'` needs a function.
   *
   * @default 'kafkajs', or 'memory' without `brokers`
   */
  transport?: 'kafkajs' | 'memory' | Transport | TransportFactory | undefined
  /**
   * Clusters by name, of which one is used: `localhost` and `production`, for example. The options of a cluster win
   * over those of the plugin. For several clusters at once, register the plugin with another `name` for each.
   * FastKafka: `kafka_brokers`.
   *
   * @default none
   */
  clusters?: Readonly<Record<string, ClusterOptions>> | undefined
  /**
   * Name of the cluster that is used, one of `clusters`. {@link BrokerLifecycle.setKafkaBroker} can name another one
   * later. With several it is required. No variable of the environment is read for it.
   *
   * @default the only one of `clusters`
   */
  cluster?: string | undefined
  /**
   * Name of the broker. A further cluster needs another name and is found at `app.brokers[name]`; `app.broker` is the
   * one named `'default'`. FastKafka: `brokers` of `consumes` and `produces`.
   *
   * @default 'default'
   */
  name?: string | undefined
  /**
   * Kafka client id, shown in the cluster's logs and used for its quotas. FastKafka: `client_id`.
   *
   * @default 'fastify-faststream'
   */
  clientId?: string | undefined
  /**
   * TLS: `true`, or the options of `node:tls`: `ca` for the authority of the brokers' certificates, `cert` and `key`
   * for a certificate of the app. FastStream: `security`; FastKafka: `ssl_context`, `security_protocol`.
   *
   * @default false
   */
  ssl?: boolean | ConnectionOptions | undefined
  /**
   * Credentials of the app, see {@link SaslOptions}. FastStream: `security`; FastKafka: `security_protocol`,
   * `sasl_mechanism`, `sasl_plain_username`, `sasl_plain_password`, `sasl_oauth_token_provider`.
   *
   * @default none
   */
  sasl?: SaslOptions | undefined
  /**
   * Permission to send the password or token of `sasl` readable, without `ssl`, to a host that is not loopback. SCRAM
   * needs none: it sends no password.
   *
   * @default false
   */
  allowInsecureSasl?: boolean | undefined
  /**
   * Behaviour without a cluster at start. `'strict'`: `ready()` rejects. `'background'`: HTTP is served meanwhile, a
   * publish fails with FASTSTREAM_ERR_NOT_READY (503), and the broker tries again without end, with pauses of up to
   * 30 s.
   *
   * @default 'strict'
   */
  startup?: 'strict' | 'background' | undefined
  /**
   * Time allowed for the cluster to answer at start, ms; after it `ready()` rejects. A group that must first wait for
   * crashed members to expire joins later, with a warning. FastKafka: `request_timeout_ms`.
   *
   * @default Fastify's `pluginTimeout` − 1 s
   */
  connectTimeout?: number | undefined
  /**
   * Time that `close()` waits for running handlers, ms. FastStream: `graceful_timeout`.
   *
   * @default Fastify's `pluginTimeout` − 1 s
   */
  drainTimeout?: number | undefined
  /**
   * Time that a rebalance waits for running handlers, ms. At least 1 s, and two heartbeats if `heartbeatInterval` is
   * written, below `rebalanceTimeout`.
   *
   * @default 10_000
   */
  revokeDrain?: number | undefined
  /**
   * Time after which the client asks the cluster again about its topics, ms: for partitions that were added, and for
   * leaders that have moved without an error. FastStream and FastKafka: `metadata_max_age_ms`.
   *
   * @default 5000
   */
  metadataMaxAge?: number | undefined
  /**
   * Time allowed for one clean-up of a dependency, ms. After it the clean-up is left running, which is an error.
   *
   * @default 10_000
   */
  cleanupTimeout?: number | undefined
  /**
   * Content of the memory: `messages` of each partition, and `bytes` of all partitions together. A full partition is
   * not fetched before half of it is handled. FastStream: `max_poll_records`.
   *
   * @default { messages: 1000, bytes: 8 MiB }
   */
  buffer?: { messages?: number | undefined, bytes?: number | undefined } | undefined
  /**
   * Commit of offsets, after `interval` ms or `count` messages. FastStream: `auto_commit_interval_ms`.
   *
   * @default { interval: 1000, count: 500 }
   */
  commit?: { interval?: number | undefined, count?: number | undefined } | undefined
  /**
   * Treatment of declared topics that the cluster lacks, at start: `'create'` creates them, `'verify'` fails and
   * lists them, `'ignore'` does nothing.
   *
   * @default 'create'
   */
  topics?: 'create' | 'verify' | 'ignore' | undefined
  /** Settings of created topics, see {@link TopicConfig}. @default { partitions: 3, replicas: -1 } */
  topicConfig?: TopicConfig | undefined
  /**
   * Bounds of publishing: `deadline` (ms) for one publish, `queue` for messages that wait for the cluster. The
   * `compression` of the batches: snappy needs the package `snappy`, lz4 the package `lz4-napi`, and zstd Node 22.15
   * or later; without them the app does not start. The `partitioner` of all publishers that have none of their own.
   * FastKafka: `request_timeout_ms` (`deadline`), `compression_type`, `partitioner`.
   *
   * @default { deadline: 30_000, queue: { messages: 10_000, bytes: 64 MiB }, compression: 'none' }
   */
  producer?: {
    deadline?: number | undefined
    queue?: { messages?: number | undefined, bytes?: number | undefined } | undefined
    compression?: 'none' | 'gzip' | 'snappy' | 'lz4' | 'zstd' | undefined
    partitioner?: Partitioner | undefined
  } | undefined
  /**
   * Topics of replies: the one that this app reads for its requests, and those that its subscribers may answer to, see
   * {@link RepliesOptions}. FastStream: `reply_to` of a message is answered whatever it names.
   *
   * @default topicPrefix + 'replies.' + clientId; allowed: topicPrefix + 'replies.*'
   */
  replies?: RepliesOptions | undefined
  /**
   * Function that names the correlation id of what a route publishes: 1 to 256 visible characters. FastStream:
   * `id_generator`.
   *
   * @default a UUID per request
   */
  correlationId?: ((request: FastifyRequest) => string) | undefined
  /**
   * AsyncAPI document and its routes; `false`: no routes. Only for the plugin that is registered first. FastStream:
   * `specification_url` is `servers` in it.
   *
   * @default true; in production false, as it shows the topology
   */
  asyncapi?: AsyncapiOptions | boolean | undefined
  /** Routes of the dead letters of this broker, see {@link DeadLetterRoutes}. @default none */
  deadLetters?: DeadLetterRoutes | undefined
  /**
   * Options as in `Fastify({ ajv })`, for the strict check of what is published. Received values are checked by the
   * compiler of the scope's routes, with the options that Fastify has.
   *
   * @default none
   */
  ajv?: FastifyServerOptions['ajv'] | undefined
}
