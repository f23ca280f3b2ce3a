import type { BreakerOptions } from './breaker.js'
import type { CodecOption, Decoder, Parser } from './codec.js'
import type { InheritedConsumerOptions } from './consumer-options.js'
import type { Middleware } from './middleware.js'

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
