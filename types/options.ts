import type { FastifyRequest, FastifyServerOptions } from 'fastify'
import type { ConnectionOptions } from 'node:tls'
import type { AsyncapiOptions } from './asyncapi.js'
import type { ClusterOptions } from './clusters.js'
import type { DeadLetterRoutes } from './dead-letters.js'
import type { ObserveOptions } from './observe-options.js'
import type { Partitioner } from './publish.js'
import type { RepliesOptions } from './request.js'
import type { LayerOptions } from './scope-options.js'
import type { SaslOptions } from './security.js'
import type { TopicConfig } from './topic-config.js'
import type { Transport, TransportFactory } from './transport.js'

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
