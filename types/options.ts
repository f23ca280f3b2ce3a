import type { FastifyRequest, FastifyServerOptions } from 'fastify'
import type { ConnectionOptions } from 'node:tls'
import type { AsyncapiOptions } from './asyncapi.js'

/**
 * How the app proves who it is to the cluster (SASL). Use it together with `ssl`: PLAIN sends the password as it is.
 *
 * @example
 * await app.register(faststreamPlugin, { brokers, ssl: true, sasl: { mechanism: 'scram-sha-512', username: 'shop', password } })
 */
export type SaslOptions =
  | { mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512', username: string, password: string }
  | { mechanism: 'aws', authorizationIdentity: string, accessKeyId: string, secretAccessKey: string, sessionToken?: string }
  /** The provider is called for each connection and resolves to the token. */
  | { mechanism: 'oauthbearer', oauthBearerProvider: () => Promise<{ value: string }> }

/**
 * How often, and how soon, a handler that threw is run again for the same message. The messages behind it in its partition wait.
 *
 * @example
 * app.broker.subscriber('orders', { retry: { retries: 3, retryOn: (error) => !(error instanceof RangeError) } }, saveOrder)
 */
export interface RetryOptions {
  /** Runs after the first one. @default 5 */
  retries?: number
  /** Before the first retry, ms. @default 200 */
  delay?: number
  /** By which the delay grows each time. @default 2 */
  factor?: number
  /** What the delay grows to, ms; jitter may add its part. @default 30_000 */
  maxDelay?: number
  /** The part of the delay, 0 to 1, by which it is varied at random. @default 0.2 */
  jitter?: number
  /** Return false for an error that a retry cannot cure: the message goes to the dead-letter topic at once. @default () => true */
  retryOn?: (error: unknown) => boolean
}

/**
 * What settles a message, so that it does not come again. Whatever the policy, one that cannot be decoded or does not match its schema goes to
 * the dead-letter topic, and `message.ack()`, `nack()` and `reject()`, or what is thrown in their place, decide otherwise.
 *
 * - `ACK_FIRST`: before the handler runs; if the process dies meanwhile, it is lost. A failure is logged.
 * - `ACK`: when the handler has ended, also if it failed, which is logged.
 * - `REJECT_ON_ERROR`: when the handler succeeded, or when its `retry` is exhausted and the message is in the dead-letter topic.
 * - `NACK_ON_ERROR`: when the handler succeeded. It is run again until then, with the pauses of `retry`; `retryOn` may say that it cannot.
 * - `MANUAL`: when the handler says so. Nothing behind the message in its lane is handled before; a handler that throws is run again, and so is one that
 *   has ended and has not decided within its `handlerTimeout`.
 *
 * @example
 * app.broker.subscriber('orders', { ackPolicy: 'MANUAL' }, (order, message) => { queue.push(order, () => message.ack()) })
 */
export type AckPolicy = 'ACK_FIRST' | 'ACK' | 'REJECT_ON_ERROR' | 'NACK_ON_ERROR' | 'MANUAL'

/**
 * Where a message goes that cannot be handled: with its bytes, its headers, and `x-dlq-*` headers that say where, when and why it failed.
 *
 * @example
 * app.broker.subscriber('orders', { deadLetter: { topic: 'orders.failed' } }, saveOrder)
 */
export interface DeadLetterOptions {
  /** Its name, or a function of the message's topic, which is called once per topic. Not a topic that the subscriber reads itself. @default (topic) => topic + '.dlq' */
  topic?: string | ((topic: string) => string)
}

/**
 * How topics are made that the app declares and the cluster lacks.
 *
 * @example
 * await app.register(faststreamPlugin, { brokers: ['localhost:9092'], groupId: 'shop', topicConfig: { partitions: 12, replicas: 3 } })
 */
export interface TopicConfig {
  /** @default 3 */
  partitions?: number
  /** −1: the cluster's default. @default -1 */
  replicas?: number
}

/**
 * The options that a subscriber inherits. The nearest place that names an option wins: subscriber, then plugin, then the default.
 *
 * @example
 * const options: InheritedOptions = { groupId: 'shop', ackPolicy: 'NACK_ON_ERROR', retry: { delay: 1000 } }
 */
export interface InheritedOptions {
  /**
   * The consumer group that stores the offsets. Required on a real cluster.
   * `null`: no group. Every process reads all messages, nothing is stored, and each start begins where `offsetReset` says.
   *
   * @default none; in memory 'fastify-faststream'
   */
  groupId?: string | null
  /**
   * Where reading of a partition begins when the group has no offset, or an offset that the log does not hold: retention removed the
   * records, or the topic was created anew. Records that are left out are logged, with the size of the gap. `'latest'` leaves out all records from
   * before the first start. `'fail'` does not read such a partition before `skipTo`; without an offset it is as `'earliest'`.
   * A partition that is added to a topic later is always read from its start. Subscribers that share a group need the same value.
   *
   * @default 'earliest'
   */
  offsetReset?: 'earliest' | 'latest' | 'fail'
  /** The time after which `message.signal` aborts and the run of the handler has failed, whatever it then returns; ms. @default 60_000 */
  handlerTimeout?: number
  /**
   * The largest message that is handled, with its key and headers; bytes without compression. A larger message is not decoded; it becomes
   * a dead letter without its value. A few kilobytes can inflate to a size that would keep all other messages waiting.
   *
   * @default 1_048_588, as Kafka's `message.max.bytes`
   */
  bodyLimit?: number
  /**
   * The further runs of a handler that threw. Each member that is left out is inherited.
   *
   * @default { retries: 5, delay: 200, factor: 2, maxDelay: 30_000, jitter: 0.2, retryOn: () => true }
   */
  retry?: RetryOptions
  /** The topic of dead letters. `false`: a message that cannot be handled is logged and skipped. @default { topic: (topic) => topic + '.dlq' } */
  deadLetter?: DeadLetterOptions | false
  /** What settles a message, see {@link AckPolicy}. @default 'REJECT_ON_ERROR' */
  ackPolicy?: AckPolicy
  /**
   * What is handled one after the other: the messages of a `'partition'`; those of one `'key'` in a partition (a message without a key stands
   * alone); with `'none'` nothing.
   *
   * @default 'partition'
   */
  ordering?: 'partition' | 'key' | 'none'
  /**
   * How many messages a subscriber handles at the same time: of as many partitions, with `ordering: 'key'` of as many keys.
   * A message that waits for its next try does not count.
   *
   * @default 16
   */
  concurrency?: number
  /** `false`: the AsyncAPI document leaves it out. Publishers inherit it, too. @default true */
  includeInSchema?: boolean
}

/**
 * The plugin's options. No time may be longer than 2 147 483 647 ms (24 days), which is what Node's timers hold.
 *
 * @throws FASTSTREAM_ERR_INVALID_OPTION when the plugin is registered with one that is unknown or impossible
 * @example
 * await app.register(faststreamPlugin, { brokers: ['localhost:9092'], groupId: 'shop' })
 */
export interface FaststreamOptions extends InheritedOptions {
  /** Bootstrap addresses, `host:port`. Required in production, unless `transport: 'memory'` is written. @default none: the in-memory broker */
  brokers?: readonly string[]
  /** The in-memory broker keeps every message for as long as the process lives. @default 'kafkajs', or 'memory' without `brokers` */
  transport?: 'kafkajs' | 'memory'
  /** A further cluster has another name and is found at `app.brokers[name]`. `app.broker` is the one named `'default'`. @default 'default' */
  name?: string
  /** As which the cluster's logs and quotas know the app. @default 'fastify-faststream' */
  clientId?: string
  /** TLS: `true`, or the options of `node:tls`. @default false */
  ssl?: boolean | ConnectionOptions
  /** The credentials of the app, see {@link SaslOptions}. @default none */
  sasl?: SaslOptions
  /**
   * `'strict'`: `ready()` rejects when the cluster cannot be reached. `'background'`: HTTP is served meanwhile, publishing is
   * FASTSTREAM_ERR_NOT_READY (503), and the broker tries again, with growing pauses of up to 30 s, until it is connected.
   *
   * @default 'strict'
   */
  startup?: 'strict' | 'background'
  /**
   * In which the cluster must answer, else `ready()` rejects; ms. Groups that have to wait for members that died join later:
   * only a warning is logged.
   *
   * @default Fastify's `pluginTimeout` − 1 s
   */
  connectTimeout?: number
  /** How long `close()` waits for running handlers, ms. @default Fastify's `pluginTimeout` − 1 s */
  drainTimeout?: number
  /** How long a rebalance waits for running handlers, ms; below 60 s, after which the group goes on without the member. @default 10_000 */
  revokeDrain?: number
  /** How long one clean-up of a dependency may take, ms; after that it is left, which is an error. @default 10_000 */
  cleanupTimeout?: number
  /** What one partition may hold in memory; reading goes on at half of it. @default { messages: 1000, bytes: 8 MiB } */
  buffer?: { messages?: number, bytes?: number }
  /** Offsets are committed after `interval` ms or `count` messages. @default { interval: 1000, count: 500 } */
  commit?: { interval?: number, count?: number }
  /** What happens at start to declared topics that the cluster lacks: they are created, reported as an error, or nothing. @default 'create' */
  topics?: 'create' | 'verify' | 'ignore'
  /** How they are created. @default { partitions: 3, replicas: -1 } */
  topicConfig?: TopicConfig
  /** `deadline` (ms) is how long one publish may take; `queue` is what may wait. @default { deadline: 30_000, queue: { messages: 10_000, bytes: 64 MiB } } */
  producer?: { deadline?: number, queue?: { messages?: number, bytes?: number } }
  /** Of what a route publishes; must return a string. @default a UUID per request */
  correlationId?: (request: FastifyRequest) => string
  /** The AsyncAPI document and its routes; `false`: no routes. Only where the plugin is registered first. @default true; in production false, as it shows the topology */
  asyncapi?: AsyncapiOptions | boolean
  /** As `Fastify({ ajv })`, which a plugin cannot read: give both the same. @default none */
  ajv?: FastifyServerOptions['ajv']
}
