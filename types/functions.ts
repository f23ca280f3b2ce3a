import type { FastifyTypeProvider } from 'fastify'
import type { BatchOptions, HandlerOf } from './batch.js'
import type { Dependencies } from './dependency.js'
import type { Returned } from './message-of.js'
import type { MessageSchema, Part, Read, Write } from './provider.js'
import type { PublisherOptions, Response } from './publish.js'
import type { HandlerAsLastArgument, SubscriberOptions } from './subscribe.js'
import type { Subscriber } from './subscriber.js'

/**
 * Topic of a function that {@link FunctionRegistrar} declares.
 *
 * @example
 * const named: NamedTopic = { topic: 'orders.placed' }
 */
export interface NamedTopic {
  /** Name of the topic. Give it where a bundler renames functions. @default what the name of the function says */
  topic?: string | undefined
  /** Beginning of the function's name that is no part of the topic. @default 'on' for consumes, 'to' for producing */
  prefix?: string | undefined
}

/**
 * Declaration by functions whose names say the topic, as in FastKafka. `onOrders` and `on_orders` are of the topic
 * `orders`, `onOrderPlaced` is of `orderPlaced`.
 *
 * @example
 * app.broker.consumes(async function onOrders (order, { log }) { log.info(order, 'taken') })
 */
export interface FunctionRegistrar<This, P extends FastifyTypeProvider> {
  /**
   * Declares a subscriber, see {@link Registrar.subscriber}. FastKafka: `consumes`; its `executor` is `concurrency`: 1
   * for `SequentialExecutor`, more for `DynamicTaskExecutor`.
   *
   * @throws FASTSTREAM_ERR_INVALID_OPTION when the name does not begin with the prefix, and there is no `topic`
   * @throws the errors of {@link Registrar.subscriber}
   * @example
   * app.broker.consumes({ schema: { value: OrderSchema }, concurrency: 1 }, async function onOrders (order) {
   *   await save(order)
   * })
   */
  consumes<
    const S extends MessageSchema = {}, const D extends Dependencies = {}, R = unknown,
    B extends true | BatchOptions | undefined = undefined
  >(
    this: void,
    options: SubscriberOptions<S, R, D, B> & NamedTopic,
    handler: HandlerOf<B, This, P, NoInfer<S>, NoInfer<R>, NoInfer<D>>
  ): Subscriber<Read<P, Part<S, 'value'>>>
  consumes (this: void, handler: HandlerAsLastArgument<This, P>): Subscriber
  /**
   * Declares a publisher, and returns a function that publishes what the given one returns. It resolves to that value
   * when the record is in the log, and rejects with the errors of {@link Publisher.publish}. `undefined` publishes
   * nothing, `null` is a tombstone, `response(value, options)` adds a key and more. A list is one message. FastKafka:
   * `produces`, and `response()` for its `KafkaEvent`.
   *
   * @throws FASTSTREAM_ERR_INVALID_OPTION when the name does not begin with the prefix, and there is no `topic`
   * @throws the errors of {@link Registrar.publisher}
   * @example
   * const toPredictions = app.broker.producing(async function toPredictions (image: Buffer) {
   *   return await model.classify(image)
   * })
   * const prediction = await toPredictions(image)
   */
  producing<
    A extends readonly unknown[], R extends Returned<Write<P, Part<S, 'value'>>>, const S extends MessageSchema = {}
  >(
    this: void,
    options: PublisherOptions<S, Write<P, Part<NoInfer<S>, 'value'>>> & NamedTopic,
    produce: (...args: A) => R
  ): (...args: A) => Promise<Produced<Awaited<R>>>
  producing<A extends readonly unknown[], R>(
    this: void, produce: (...args: A) => R
  ): (...args: A) => Promise<Produced<Awaited<R>>>
}

type Produced<R> = R extends Response<infer V> ? V : R
