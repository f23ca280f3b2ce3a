import type { FastifyBaseLogger, FastifyTypeProvider } from 'fastify'
import type { Documentation } from './asyncapi.js'
import type { MessageSchema, Part, Read, Write } from './provider.js'
import type { BoundBroker, Publisher, PublisherOptions, RecordMetadata, Response } from './publish.js'
import type { Dependencies, Dependency, Inherited, Resolved } from './dependency.js'
import type { BrokerHealth } from './health.js'
import type { InheritedOptions } from './options.js'

/**
 * Everything about a message; its value is the handler's first argument, too. `V`, `K` and `H` are what the schemas make of its parts, `D` is what was injected.
 *
 * Its functions need no `this`: `({ ack }) => ack()` and `.then(message.ack)` work. JSON and `util.inspect` leave out headers
 * and `deps`, which may hold secrets; `{ ...message }` has `topic`, `partition`, `offset`, `attempt` and `value`.
 *
 * @example
 * function note (message: Message) {
 *   message.log.info({ key: message.key, attempt: message.attempt }, 'seen')
 * }
 */
export interface Message<V = unknown, K = Buffer | null, H = Readonly<Record<string, string>>, D = {}> extends RecordMetadata {
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
  /** What the subscriber and its scope declared. */
  readonly deps: D
  /** When it was published, as its publisher says. */
  readonly timestamp: Date
  /** 1, then one more with each retry. */
  readonly attempt: number
  /** Aborts when the handler has had its `handlerTimeout`, or when nobody waits for it any longer: its partition went to another member, or the app closes. */
  readonly signal: AbortSignal
  /** What became of the message of which this one is the dead letter; undefined where it is none. Anybody who may write to the topic could have written it. */
  readonly deadLetter: DeadLetter | undefined
  /** The header `correlation_id`, or a new UUID. */
  readonly correlationId: string
  /** The scope's logger with the message's topic, partition and offset. */
  readonly log: FastifyBaseLogger
  /** Publishes with this message's correlation id. */
  readonly broker: BoundBroker
  /**
   * The message is done, whatever the handler does then, also beyond its `handlerTimeout`: it is settled when the handler has ended. The first of `ack`, `nack` and `reject` counts: false when
   * this is not the first one, or when the message is no longer this process's.
   */
  ack (this: void): boolean
  /** The message is handled again when the handler has ended, and what was made for it is rolled back: after `delay` ms, @default as `retry` says. As often as this is called. */
  nack (this: void, options?: { delay?: number }): boolean
  /** The message goes to the dead-letter topic when the handler has ended, and what was made for it is rolled back. */
  reject (this: void, reason?: string): boolean
  /** Makes a dependency on demand, or gives the one that was made. It is cleaned up with the others. */
  resolve<T>(this: void, dependency: Dependency<T>): Promise<T>
}

/**
 * What the headers `x-dlq-*` say: where a message failed first, and when and why it failed last.
 *
 * @example
 * app.broker.subscriber('orders.dlq', (order, { deadLetter, log }) => { log.warn({ ...deadLetter }, 'order failed') })
 */
export interface DeadLetter {
  /** Where the message was. */
  readonly topic: string
  readonly partition: number
  readonly offset: bigint
  readonly timestamp: Date
  /** Who could not handle it. */
  readonly groupId: string | undefined
  readonly subscriber: string | undefined
  /** `deserialize`, `validate`, `retries-exhausted`, `rejected` or `publish`. */
  readonly stage: string
  /** The stack is left out in production. */
  readonly error: { readonly name: string, readonly message: string, readonly stack: string | undefined }
  /** JSON pointers, of a message that did not match its schema. */
  readonly validation: unknown
  /** How often the handler was run. */
  readonly attempts: number
  readonly firstFailureAt: Date
  readonly failedAt: Date
  /** The message was too large to be a dead letter with its value: that is only where it was. */
  readonly valueOmitted: boolean
  /** Its key and its headers left no room even so: all of it is only where it was. */
  readonly keyOmitted: boolean
  readonly headersOmitted: boolean
}

/** The message that a subscriber with these schemas gets. */
type MessageOf<P extends FastifyTypeProvider, S, D> = Message<
  Read<P, Part<S, 'value'>>,
  Part<S, 'key'> extends undefined ? Buffer | null : Read<P, Part<S, 'key'>>,
  Part<S, 'headers'> extends undefined ? Readonly<Record<string, string>> : Read<P, Part<S, 'headers'>>,
  Resolved<D> & Inherited<P>
>

/**
 * One topic or several.
 *
 * @example
 * const topics: Topics = ['orders', 'returns']
 */
export type Topics = string | readonly string[]

/**
 * What `app.broker.subscriber()` takes beside topics and handler. `R` is what its publishers take, `D` its dependencies.
 *
 * @example
 * app.broker.subscriber('orders', { schema: { value: OrderSchema }, publish: invoices, retry: { retries: 2 } }, makeInvoice)
 */
export interface SubscriberOptions<S, R, D extends Dependencies = {}> extends Documentation, InheritedOptions {
  /** What arrives is decoded and validated; what does not match goes to the dead-letter topic at once. @default only decoded */
  schema?: S
  /**
   * What the handler returns is published here, also to another broker: `undefined` publishes nothing, {@link Response} adds metadata.
   * `null` is a tombstone: its key is the one that is given with it, else the publisher's if that is fixed text, else the message's own.
   *
   * @default nothing is published
   */
  publish?: Publisher<R> | ReadonlyArray<Publisher<R>>
  /** Made for each run of the handler, found at `message.deps`, and cleaned up before what it returned is published. @default those of the scope */
  deps?: D
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
  /** `null`: none. An inherited group is final after `ready()`. */
  readonly groupId: string | null
  /**
   * Goes on at `offset` in a partition that has stopped: `app.broker.health()` names it, and where reading could go on.
   * What lies before `offset` is never read. Call it in the process that owns the partition.
   *
   * @throws FASTSTREAM_ERR_SKIP when the partition is not owned here, or is being read
   * @throws FASTSTREAM_ERR_INVALID_OPTION for a topic that the subscriber does not read
   * @throws FASTSTREAM_ERR_NOT_READY before the groups are joined
   * @example
   * orders.skipTo({ topic: 'orders', partition: 0, offset: 1200n })
   */
  skipTo (this: void, to: RecordMetadata): void
}

/**
 * What is published on the channel `fastify-faststream:offset-reset` of `node:diagnostics_channel` when the group's offset is not in the log:
 * retention removed what was not read yet, or the topic was created anew.
 *
 * @example
 * subscribe('fastify-faststream:offset-reset', (event) => { alert(event as OffsetResetEvent) })
 */
export interface OffsetResetEvent {
  readonly groupId: string | null
  readonly topic: string
  readonly partition: number
  /** What the group had stored. */
  readonly stored: bigint
  /** What the log holds: from here… */
  readonly start: bigint
  /** …to before here. */
  readonly end: bigint
  /** Where reading goes on; undefined with `offsetReset: 'fail'`. */
  readonly position: bigint | undefined
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
   * @throws FASTSTREAM_ERR_INVALID_ARGUMENTS when the handler is not the last argument, or there is a further one
   * @throws FASTSTREAM_ERR_DUPLICATE_SUBSCRIBER when the group has a subscriber of that topic already
   * @throws FASTSTREAM_ERR_ALREADY_STARTED after `ready()`
   * @example
   * app.broker.subscriber('orders', { schema: { value: OrderSchema } }, async (order, { log }) => {
   *   log.info({ id: order.id }, 'order taken')
   * })
   */
  subscriber<const S extends MessageSchema = {}, const D extends Dependencies = {}, R = unknown>(
    this: void,
    topics: Topics,
    options: SubscriberOptions<S, R, D>,
    handler: (this: This, value: Read<P, Part<NoInfer<S>, 'value'>>, message: MessageOf<P, NoInfer<S>, NoInfer<D>>) => Returned<NoInfer<R>>
  ): Subscriber
  subscriber (this: void, topics: Topics, handler: (this: This, value: unknown, message: MessageOf<P, {}, {}>) => unknown): Subscriber
  /**
   * Declares a topic one writes to. Do so while plugins load.
   *
   * @throws FASTSTREAM_ERR_INVALID_TOPIC, FASTSTREAM_ERR_INVALID_OPTION
   * @throws FASTSTREAM_ERR_ALREADY_STARTED after `ready()`
   * @example
   * const placed = app.broker.publisher('orders', { schema: { value: OrderSchema }, key: (order) => order.id })
   */
  publisher<const S extends MessageSchema = {}>(
    this: void,
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
  /**
   * Whether messages are read, and what is on its way. Asks nobody, so it may be called often.
   *
   * @example
   * app.get('/ready', (request, reply) => {
   *   const health = app.broker.health()
   *   return reply.code(health.healthy ? 200 : 503).send(health)
   * })
   */
  health (this: void): BrokerHealth
}
