import type { FastifyTypeProvider } from 'fastify'
import type { Documentation } from './asyncapi.js'
import type { BatchOptions, HandlerOf } from './batch.js'
import type { CasesOptions, UnvalidatedMessage } from './cases.js'
import type { Dependencies } from './dependency.js'
import type { MessageOf, Returned } from './message-of.js'
import type { InheritedOptions } from './inherited-options.js'
import type { MessageSchema, Part, Read, Write } from './provider.js'
import type { Publisher, PublisherOptions } from './publish.js'
import type { RebalanceListener } from './rebalance-listener.js'
import type { Subscriber, SubscriberWithoutHandler } from './subscriber.js'
import type { TopicNames } from './topics.js'

/** Key of a publisher: text, unless its schema says something else. */
type KeyOf<P extends FastifyTypeProvider, S> =
  Part<S, 'key'> extends undefined ? string : Known<Write<P, Part<S, 'key'>>>

type Known<K> = unknown extends K ? string : K

/**
 * Options of `app.broker.subscriber()`. `R` is the type of value that its publishers take, `D` are its dependencies,
 * `B` is its option `batch`.
 *
 * @example
 * const schema = { value: OrderSchema }
 * app.broker.subscriber('orders', { schema, publish: invoices, retry: { retries: 2 } }, makeInvoice)
 */
export interface SubscriberOptions<
  S, R, D extends Dependencies = {}, B extends true | BatchOptions | undefined = undefined
> extends Documentation, InheritedOptions {
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
   * Several messages at once, for a {@link BatchHandler}. `true`: with the default bounds. `ordering` must be
   * `'partition'`, and there is no `filter`. FastStream: `batch`, `max_records`, `batch_timeout_ms`; FastKafka: a list
   * as the type of the value.
   *
   * @default none: one message at a time
   */
  batch?: B
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
   * throws is run again (`retry`), then the message goes to the dead-letter topic. With the option `batch` the handler
   * gets several messages at once, see {@link BatchHandler}.
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
    const T extends TopicNames = TopicNames, B extends true | BatchOptions | undefined = undefined
  >(
    this: void,
    topics: T,
    options: SubscriberOptions<S, R, D, B>,
    handler: HandlerOf<B, This, P, NoInfer<S>, NoInfer<R>, NoInfer<D>, T>
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
