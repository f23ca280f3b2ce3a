import type { FastifyBaseLogger, FastifyTypeProvider } from 'fastify'
import type { MessageSchema, Part, Read, Write } from './provider.js'
import type { BoundBroker, Publisher, PublisherOptions, RecordMetadata, Response } from './publish.js'
import type { RetryOptions, DeadLetterOptions } from './options.js'

/**
 * Everything about a message; its value is the handler's first argument, too. `V`, `K` and `H` are what the schemas make of its parts.
 *
 * @example
 * function note (message: Message) {
 *   message.log.info({ key: message.key, attempt: message.attempt }, 'seen')
 * }
 */
export interface Message<V = unknown, K = Buffer | null, H = Readonly<Record<string, string>>> extends RecordMetadata {
  /** Decoded by the header `content-type` (JSON without one) and validated. `null` is a tombstone. */
  readonly value: V
  /** Decoded and validated under `schema.key`, else the bytes. */
  readonly key: K
  /** Decoded as text, the last one of a name. See `rawHeaders` for repeated, binary and null ones. */
  readonly headers: H
  /** As it is on the wire. */
  readonly rawKey: Buffer | null
  /** As they are on the wire: order and repetition kept. */
  readonly rawHeaders: ReadonlyArray<readonly [name: string, value: Buffer | null]>
  /** When it was published, as its publisher says. */
  readonly timestamp: Date
  /** 1, then one more with each retry. */
  readonly attempt: number
  /** The header `correlation_id`, or a new UUID. */
  readonly correlationId: string
  /** The scope's logger with the message's topic, partition and offset. */
  readonly log: FastifyBaseLogger
  /** Publishes with this message's correlation id. */
  readonly broker: BoundBroker
}

/** The message that a subscriber with these schemas gets. */
type MessageOf<P extends FastifyTypeProvider, S> = Message<
  Read<P, Part<S, 'value'>>,
  Part<S, 'key'> extends undefined ? Buffer | null : Read<P, Part<S, 'key'>>,
  Part<S, 'headers'> extends undefined ? Readonly<Record<string, string>> : Read<P, Part<S, 'headers'>>
>

/**
 * One topic or several.
 *
 * @example
 * const topics: Topics = ['orders', 'returns']
 */
export type Topics = string | readonly string[]

/**
 * What `app.broker.subscriber()` takes beside topics and handler. `R` is what its publishers take.
 *
 * @example
 * app.broker.subscriber('orders', { schema: { value: OrderSchema }, publish: invoices, retry: { retries: 2 } }, makeInvoice)
 */
export interface SubscriberOptions<S, R> {
  /** What arrives is decoded and validated; what does not match goes to the dead-letter topic at once. @default only decoded */
  schema?: S
  /**
   * What the handler returns is published here, also to another broker: `undefined` publishes nothing, {@link Response} adds metadata.
   * `null` is a tombstone: its key is the one that is given with it, else the publisher's if that is fixed text, else the message's own.
   *
   * @default nothing is published
   */
  publish?: Publisher<R> | ReadonlyArray<Publisher<R>>
  /** @default the plugin's `groupId` */
  groupId?: string
  /** @default the plugin's `retry`; each member that is left out is taken from there */
  retry?: RetryOptions
  /** @default the plugin's `deadLetter` */
  deadLetter?: DeadLetterOptions | false
  /** How many partitions are handled at the same time; within one, messages are handled one by one. @default the plugin's `concurrency` */
  concurrency?: number
}

type Out<V> = V | Response<V | null | undefined> | null | undefined | void
/** With a publisher that is typed, the handler's return value is checked against it. */
type Returned<R> = unknown extends R ? unknown : Out<R> | Promise<Out<R>>

/**
 * What was declared.
 *
 * @example
 * const { topics, groupId } = app.broker.subscriber('orders', saveOrder)
 */
export interface Subscriber {
  readonly topics: readonly string[]
  readonly groupId: string
}

/**
 * How subscribers and publishers are declared; `P` is the instance's type provider.
 *
 * @example
 * app.broker.subscriber('orders', { publish: app.broker.publisher('invoices') }, makeInvoice)
 */
export interface Registrar<This, P extends FastifyTypeProvider> {
  /**
   * Handles each message of one or several topics. Declare it while plugins load; messages flow once every `onReady` hook is done.
   * A handler that throws is run again (`retry`), then the message goes to the dead-letter topic.
   *
   * @throws FASTSTREAM_ERR_INVALID_TOPIC, FASTSTREAM_ERR_INVALID_OPTION, FASTSTREAM_ERR_GROUP_REQUIRED
   * @throws FASTSTREAM_ERR_DUPLICATE_SUBSCRIBER when the group has a subscriber of that topic already
   * @throws FASTSTREAM_ERR_ALREADY_STARTED after `ready()`
   * @example
   * app.broker.subscriber('orders', { schema: { value: OrderSchema } }, async (order, { log }) => {
   *   log.info({ id: order.id }, 'order taken')
   * })
   */
  subscriber<const S extends MessageSchema = {}, R = unknown>(
    topics: Topics,
    options: SubscriberOptions<S, R>,
    handler: (this: This, value: Read<P, Part<NoInfer<S>, 'value'>>, message: MessageOf<P, NoInfer<S>>) => Returned<NoInfer<R>>
  ): Subscriber
  subscriber (topics: Topics, handler: (this: This, value: unknown, message: MessageOf<P, {}>) => unknown): Subscriber
  /**
   * Declares a topic one writes to. Do so while plugins load.
   *
   * @throws FASTSTREAM_ERR_INVALID_TOPIC, FASTSTREAM_ERR_INVALID_OPTION
   * @throws FASTSTREAM_ERR_ALREADY_STARTED after `ready()`
   * @example
   * const placed = app.broker.publisher('orders', { schema: { value: OrderSchema }, key: (order) => order.id })
   */
  publisher<const S extends MessageSchema = {}>(
    topic: string,
    options?: PublisherOptions<S, Write<P, Part<NoInfer<S>, 'value'>>>
  ): Publisher<Write<P, Part<S, 'value'>>>
}

/**
 * One Kafka cluster, seen from one scope: its schemas, compilers, logger and `this` are the scope's.
 *
 * @example
 * app.broker.subscriber('orders', async (order, { log }) => { log.info(order, 'taken') })
 * await app.ready()
 * await app.broker.publish('orders', { id: '1' })
 */
export interface Broker<This, P extends FastifyTypeProvider> extends Registrar<This, P>, BoundBroker {
  /** As the plugin's option has it. */
  readonly name: string
}
