import type { FastifyBaseLogger, FastifyTypeProvider } from 'fastify'
import type { Documentation } from './asyncapi.js'
import type { CasesOptions, UnvalidatedMessage } from './cases.js'
import type { DeadLetter } from './dead-letter.js'
import type { FunctionRegistrar } from './functions.js'
import type { MessageOf, Returned } from './message-of.js'
import type { MessageSchema, Part, Read, Write } from './provider.js'
import type { BoundBroker, Publisher, PublisherOptions, RecordMetadata } from './publish.js'
import type { Dependencies, Dependency, WithDeps } from './dependency.js'
import type { ErrorHandler } from './error-handler.js'
import type { BrokerLifecycle } from './lifecycle.js'
import type { Middleware } from './middleware.js'
import type { BrokerObservation } from './observation.js'
import type { InheritedOptions } from './options.js'
import type { RebalanceListener } from './rebalance-listener.js'
import type { AnyKafkaRouter, IncludeOptions } from './router.js'
import type { ScopeOptions } from './scope-options.js'
import type { Subscriber, SubscriberWithoutHandler } from './subscriber.js'
import type { TopicNames, TopicParams } from './topics.js'

/**
 * Message as its handler gets it. The value is the handler's first argument, too. `V`, `K` and `H` are the types that
 * the schemas give to value, key and headers; `D` are the injected dependencies, `Params` the parts of the topic.
 *
 * Its functions need no `this`: `({ ack }) => ack()` and `.then(message.ack)` work. JSON and `util.inspect` leave out
 * headers and `deps`, which may hold secrets. `{ ...message }` has `topic`, `partition`, `offset`, `attempt`, `value`.
 *
 * @example
 * function note (message: Message) {
 *   message.log.info({ key: message.key, attempt: message.attempt }, 'seen')
 * }
 */
export interface Message<
  V = unknown, K = Buffer | null, H = Readonly<Record<string, string>>, D = {}, Params = TopicParams<string>,
  P extends FastifyTypeProvider = FastifyTypeProvider
> extends RecordMetadata {
  /**
   * Value, decoded by the codec, else by the header `content-type` (JSON without one), and validated. `null` is a
   * tombstone.
   */
  readonly value: V
  /** Key as decoded (text, unless there is a codec of keys) and validated with `schema.key`, otherwise as bytes. */
  readonly key: K
  /** Headers as text; of a repeated name the last one. See `rawHeaders` for repeated, binary and null headers. */
  readonly headers: H
  /** Bytes of the key on the wire. */
  readonly rawKey: Buffer | null
  /** Headers as bytes on the wire, in order and with repetitions. */
  readonly rawHeaders: ReadonlyArray<readonly [name: string, value: Buffer | null]>
  /** Dependencies that the subscriber and its scope declare. */
  readonly deps: D
  /**
   * Parts of the topic that the placeholders of `orders.{region}`, or the named groups of a RegExp, stand for; empty
   * for a topic that is named. FastStream: `Path()`.
   */
  readonly params: Params
  /** Time of the publish, as the publisher says; undefined when it says none, or one that a `Date` cannot hold. */
  readonly timestamp: Date | undefined
  /** Number of this attempt: 1, then one more with each retry. */
  readonly attempt: number
  /**
   * Signal that aborts when the attempt exceeds `handlerTimeout`, when the partition is revoked, or when the app
   * closes and `drainTimeout` has passed.
   */
  readonly signal: AbortSignal
  /**
   * Failure of the original, if this message is a dead letter. Every client that may write to the topic can write
   * these headers.
   */
  readonly deadLetter: DeadLetter | undefined
  /** Header `correlation_id` if it has 1 to 256 visible characters, otherwise a new UUID. */
  readonly correlationId: string
  /**
   * Logger of the scope, with subscriber, group, topic, partition, offset and correlation id of the message. It writes
   * `key` as text, unless the app has a serializer of that name.
   */
  readonly log: FastifyBaseLogger
  /** Broker that publishes with the correlation id of this message. */
  readonly broker: BoundBroker<P>
  /**
   * Acknowledges the message. It is settled when the handler has ended, whatever the handler does then, also beyond
   * its `handlerTimeout`.
   *
   * @returns false when `ack`, `nack` or `reject` was called before (the first call counts), or when the partition
   *   was revoked
   */
  ack (this: void): boolean
  /**
   * Asks for another attempt, after the handler has ended and its dependencies have been cleaned up as after a
   * failure. There is no limit.
   *
   * @param options.delay ms until that attempt, @default as `retry` says
   * @returns as {@link Message.ack}
   */
  nack (this: void, options?: { delay?: number }): boolean
  /**
   * Moves the message to the dead-letter topic, after the handler has ended and its dependencies have been cleaned up
   * as after a failure.
   *
   * @param reason found in the dead letter as the message of its error
   * @returns as {@link Message.ack}
   */
  reject (this: void, reason?: string): boolean
  /** Makes a dependency on demand, or returns the one that was made. It is cleaned up with the others. */
  resolve<T>(this: void, dependency: Dependency<T>): Promise<T>
}

/** Key of a publisher: text, unless its schema says something else. */
type KeyOf<P extends FastifyTypeProvider, S> =
  Part<S, 'key'> extends undefined ? string : Known<Write<P, Part<S, 'key'>>>
type Known<K> = unknown extends K ? string : K

/**
 * Options of `app.broker.subscriber()`. `R` is the type of value that its publishers take, `D` are its dependencies.
 *
 * @example
 * const schema = { value: OrderSchema }
 * app.broker.subscriber('orders', { schema, publish: invoices, retry: { retries: 2 } }, makeInvoice)
 */
export interface SubscriberOptions<S, R, D extends Dependencies = {}> extends Documentation, InheritedOptions {
  /**
   * Schemas of value, key and headers. A message that does not match goes to the dead-letter topic at once. With
   * `reply` the subscriber answers requests, see {@link MessageSchema.reply}.
   *
   * @default none: messages are only decoded
   */
  schema?: S | undefined
  /**
   * Publishers of the handler's result, also of another broker. `undefined` publishes nothing, {@link Response} adds
   * metadata. `null` is a tombstone: its key is the one that is given with it, else the publisher's if that is fixed
   * text, else the key of the handled message.
   *
   * @default none
   */
  publish?: Publisher<R> | ReadonlyArray<Publisher<R>> | undefined
  /**
   * Dependencies, made for each attempt, found at `message.deps`, and cleaned up before the result is published.
   * FastStream: `dependencies`, `Depends`.
   *
   * @default those of the scope
   */
  deps?: D | undefined
  /**
   * Function that says whether this subscriber takes a message, before it is validated. Several subscribers of one
   * topic in one group may have a filter: the first one that returns `true` takes the message. One without a filter
   * takes all others, and is declared last. A message that no filter takes becomes a dead letter. FastStream: `filter`.
   *
   * @default none: it takes every message
   */
  filter?: ((message: UnvalidatedMessage) => boolean) | undefined
  /**
   * Partitions chosen by hand, of each of the topics: exactly these are read, and rebalances do not move them. With a
   * `groupId`, which must have no members, offsets are committed and resumed; without one in all places around, and
   * with `groupId: null`, `offsetReset` decides at each start. FastStream: `partitions`.
   *
   * @default those that the group assigns
   */
  partitions?: readonly number[] | undefined
  /** Calls about its partitions, see {@link RebalanceListener}. FastStream: `listener`. @default none */
  listener?: RebalanceListener | undefined
}

/**
 * Handler of a subscriber, for code that is generic over schemas. `S` are the schemas, `R` is the type of value that
 * the publishers of its result take, `D` are its dependencies, `T` are its topics.
 *
 * @example
 * const handler: SubscriberHandler<FastifyInstance, TypeBoxTypeProvider, { value: typeof OrderSchema }> =
 *   (order, { log }) => { log.info({ id: order.id }, 'order taken') }
 */
export type SubscriberHandler<This, P extends FastifyTypeProvider, S, R = unknown, D = {}, T = string> = (
  this: This, value: Read<P, Part<S, 'value'>>, message: MessageOf<P, S, D, T>
) => Returned<R & Write<P, Part<S, 'reply'>>>

/**
 * Handler of a subscriber without options. Its name is what the compiler says of a call that forgets the handler.
 *
 * @example
 * const handler: HandlerAsLastArgument<FastifyInstance, FastifyTypeProviderDefault> = (value) => { save(value) }
 */
export interface HandlerAsLastArgument<This, P extends FastifyTypeProvider, T = string> {
  (this: This, value: unknown, message: MessageOf<P, {}, {}, T>): unknown
}

/** Options of a subscriber without a handler. */
type ReadOptions<S, D extends Dependencies> =
  Omit<SubscriberOptions<S, unknown, D>, 'publish' | 'filter' | 'ordering' | 'concurrency' | 'ackPolicy'> &
  { ackPolicy?: 'MANUAL' | 'ACK_FIRST' | undefined }

/**
 * Declaration of subscribers and publishers; `P` is the type provider of the instance.
 *
 * @example
 * app.broker.subscriber('orders', { publish: app.broker.publisher('invoices') }, makeInvoice)
 */
export interface Registrar<This, P extends FastifyTypeProvider> {
  /**
   * Declares a handler for each message of one or several topics, or of all topics that a pattern matches, see
   * {@link TopicNames}. Call it while plugins load: messages flow when every `onReady` hook has ended. Or call it after
   * `ready()`: then the subscriber starts and stops by itself, see {@link Subscriber.start}. A handler that
   * throws is run again (`retry`), then the message goes to the dead-letter topic.
   *
   * @throws FASTSTREAM_ERR_INVALID_TOPIC, FASTSTREAM_ERR_INVALID_OPTION
   * @throws FASTSTREAM_ERR_INVALID_ARGUMENTS when the handler is not the last argument
   * @throws FASTSTREAM_ERR_ALREADY_STARTED after `ready()`, for a schema in a scope that has no compilers, and for a
   *   subscriber of a router
   * @throws FASTSTREAM_ERR_GROUP_REQUIRED from `ready()`, when no place around names a group
   * @throws FASTSTREAM_ERR_DUPLICATE_SUBSCRIBER from `ready()`, when the group has two subscribers of one topic
   * @example
   * app.broker.subscriber('orders', { schema: { value: OrderSchema } }, async (order, { log }) => {
   *   log.info({ id: order.id }, 'order taken')
   * })
   */
  subscriber<
    const S extends MessageSchema = {}, const D extends Dependencies = {}, R = unknown,
    const T extends TopicNames = TopicNames
  >(
    this: void,
    topics: T,
    options: SubscriberOptions<S, R, D>,
    handler: (
      this: This,
      value: Read<P, Part<NoInfer<S>, 'value'>>,
      message: MessageOf<P, NoInfer<S>, NoInfer<D>, T>
    ) => Returned<NoInfer<R> & Write<P, Part<NoInfer<S>, 'reply'>>>
  ): Subscriber<Read<P, Part<S, 'value'>>>
  /**
   * Declares a handler for each type of message of one or several topics. The option `by` says which one takes a
   * message, see {@link CasesOptions}.
   *
   * @throws FASTSTREAM_ERR_INVALID_OPTION, and as with one handler
   * @example
   * app.broker.subscriber('events', {
   *   by: ({ headers }) => headers.type,
   *   cases: { 'order.placed': { schema: { value: OrderSchema }, handler: (order) => save(order) } }
   * })
   */
  subscriber<
    Names extends string | number, const V = {}, const K = {}, const H = {}, const D = {}, R = {},
    const T extends TopicNames = TopicNames, const Y = {}
  >(
    this: void,
    topics: T,
    options: CasesOptions<This, P, Names, V, K, H, D, R, T, Y>
  ): Subscriber
  /**
   * Declares a subscriber without a handler: its messages are read by hand, once it is started. Call it after
   * `ready()`.
   *
   * @throws FASTSTREAM_ERR_INVALID_OPTION before `ready()`: the handler is missing; and for options of handlers
   * @throws the errors of a subscriber with a handler
   * @example
   * await using orders = await app.broker.subscriber('orders', { schema: { value: OrderSchema } }).start()
   * const message = await orders.getOne()
   */
  subscriber<
    const S extends MessageSchema = {}, const D extends Dependencies = {}, const T extends TopicNames = TopicNames
  >(
    this: void,
    topics: T,
    options?: ReadOptions<S, D>
  ): SubscriberWithoutHandler<MessageOf<P, S, D, T>>
  subscriber<const T extends TopicNames>(
    this: void,
    topics: T,
    handler: HandlerAsLastArgument<This, P, T>
  ): Subscriber
  /**
   * Declares a topic that the app writes to. It may be called after `ready()`, once per publisher: the topic is
   * created or verified, and what is published meanwhile waits. Schemas are then compiled with the compilers that the
   * scope has.
   *
   * @throws FASTSTREAM_ERR_INVALID_TOPIC, FASTSTREAM_ERR_INVALID_OPTION
   * @throws FASTSTREAM_ERR_ALREADY_STARTED after `ready()`, for a schema in a scope that has no compilers, because no
   *   route, subscriber or publisher with a schema was declared while plugins loaded
   * @throws FASTSTREAM_ERR_SCHEMA_BUILD after `ready()`, when a schema cannot be compiled
   * @throws FASTSTREAM_ERR_NOT_READY when the broker is closing
   * @example
   * const placed = app.broker.publisher('orders', { schema: { value: OrderSchema }, key: (order) => order.id })
   */
  publisher<const S extends MessageSchema = {}>(
    this: void,
    topic: string,
    options?: PublisherOptions<S, Write<P, Part<NoInfer<S>, 'value'>>, KeyOf<P, NoInfer<S>>> | undefined
  ): Publisher<Write<P, Part<S, 'value'>>, Read<P, Part<S, 'reply'>>>
}

/**
 * Kafka cluster, seen from one scope: schemas, compilers, logger and `this` are those of the scope.
 *
 * @example
 * app.broker.subscriber('orders', async (order, { log }) => { log.info(order, 'taken') })
 * await app.ready()
 * await app.broker.publish('orders', { id: '1' })
 */
export interface Broker<This, P extends FastifyTypeProvider>
  extends Registrar<This, P>, FunctionRegistrar<This, P>, BrokerLifecycle<This>, BrokerObservation, BoundBroker<P> {
  /** Name, as the option `name` of the plugin. */
  readonly name: string
  /** Unique id, as `brokerId` of the events: brokers of several apps in one process may have one name. */
  readonly id: string
  /**
   * Adds a middleware to this scope and its children, as the innermost of the scope. It applies to subscribers and
   * publishers that are declared already, too. FastStream: `add_middleware`.
   *
   * @throws FASTSTREAM_ERR_INVALID_OPTION for a value that is no middleware
   * @throws FASTSTREAM_ERR_ALREADY_STARTED after `ready()`
   * @example
   * app.broker.addMiddleware({ afterProcessed: (error) => { count(error === undefined ? 'ok' : 'failed') } })
   */
  addMiddleware (this: void, middleware: Middleware): void
  /**
   * Adds a middleware to this scope and its children, as the outermost of the scope; those of the scopes around it are
   * further out. FastStream: `insert_middleware`.
   *
   * @throws FASTSTREAM_ERR_INVALID_OPTION, FASTSTREAM_ERR_ALREADY_STARTED as {@link Broker.addMiddleware}
   * @example
   * app.broker.insertMiddleware({ consumeScope: (next, message) => storage.run(message.correlationId, next) })
   */
  insertMiddleware (this: void, middleware: Middleware): void
  /**
   * Sets the handler of errors of this scope and its children, see {@link ErrorHandler}. It applies to subscribers that
   * are declared already, too. FastStream: `ExceptionMiddleware`.
   *
   * @throws FASTSTREAM_ERR_INVALID_OPTION for a value that is no function
   * @throws FASTSTREAM_ERR_INVALID_ARGUMENTS when the scope has one already
   * @throws FASTSTREAM_ERR_ALREADY_STARTED after `ready()`
   * @example
   * app.broker.setErrorHandler((error, { stage }) => {
   *   if (stage === 'validate') return { action: 'acknowledge' }
   * })
   */
  setErrorHandler (this: void, handler: ErrorHandler<This>): void
  /**
   * Gives options to all subscribers and publishers of this scope and its children, also to those that are declared
   * already. The nearest place that names an option wins: the subscriber, its scope, the scopes around it, the plugin.
   * Prefixes, tags and dependencies of all of them are put together. Of two calls in one scope the later one is
   * nearer. Returns the same broker, which knows the types of the dependencies.
   *
   * @throws FASTSTREAM_ERR_INVALID_OPTION for an option that is unknown or impossible
   * @throws FASTSTREAM_ERR_ALREADY_STARTED after `ready()`
   * @example
   * const broker = app.broker.options({ topicPrefix: 'eu.', retry: { retries: 1 }, deps: { tenant } })
   * broker.subscriber('orders', (order, { deps, log }) => { log.info({ tenant: deps.tenant }, 'order of eu.orders') })
   */
  options<const D extends Dependencies = {}>(this: void, options: ScopeOptions<D>): Broker<This, WithDeps<P, D>>
  /**
   * Declares the subscribers and publishers of a router in this scope, also those that are added to the router later.
   * Their prefix is that of the scope, that of `overrides`, and that of the router. Its own options win over
   * `overrides`, and those over the options of the scope. Including a router twice is like once. FastStream:
   * `include_router`.
   *
   * @throws FASTSTREAM_ERR_ROUTER when it is no router of this copy of the package, or is included with other options
   * @throws FASTSTREAM_ERR_INVALID_OPTION for an option that is unknown or impossible
   * @throws FASTSTREAM_ERR_ALREADY_STARTED after `ready()`
   * @example
   * app.broker.includeRouter(router, { prefix: 'eu.', tags: ['eu'] })
   */
  includeRouter (this: void, router: AnyKafkaRouter, overrides?: IncludeOptions<Dependencies>): void
}
