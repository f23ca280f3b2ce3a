import type { FastifyInstance, FastifyTypeProvider, FastifyTypeProviderDefault } from 'fastify'
import type { BatchOptions, HandlerOf } from './batch.js'
import type { Dependencies, WithDeps } from './dependency.js'
import type { Middleware } from './middleware.js'
import type { InheritedOptions } from './inherited-options.js'
import type { MessageSchema, Part, Read } from './provider.js'
import type { Registrar, SubscriberOptions } from './subscribe.js'
import type { Subscriber } from './subscriber.js'
import type { TopicNames } from './topics.js'

/**
 * Options of one inclusion of a router. The router's own options are nearer to its subscribers, so they win.
 *
 * @throws FASTSTREAM_ERR_INVALID_OPTION for an option that is unknown or impossible
 * @example
 * app.broker.includeRouter(router, { prefix: 'eu.', tags: ['eu'], ackPolicy: 'NACK_ON_ERROR' })
 */
export interface IncludeOptions<D extends Dependencies = {}> extends InheritedOptions {
  /**
   * Beginning of the topics of all subscribers and publishers, behind the prefixes of the places around. FastStream:
   * `prefix`.
   *
   * @default none
   */
  prefix?: string | undefined
  /** Names of tags of all operations in the AsyncAPI document, beside those of the places around. @default none */
  tags?: readonly string[] | undefined
  /**
   * Dependencies of all subscribers, found at `message.deps` beside those of the places around. FastStream:
   * `dependencies`.
   *
   * @default none
   */
  deps?: D | undefined
}

/**
 * Options of `new KafkaRouter()`.
 *
 * @throws FASTSTREAM_ERR_INVALID_OPTION for an option that is unknown or impossible
 * @example
 * const router = new KafkaRouter({ prefix: 'eu.', handlers: [route('orders', takeOrder)], routers: [returns] })
 */
export interface RouterOptions<D extends Dependencies = {}> extends IncludeOptions<D> {
  /** Subscribers, made by {@link RouteFunction | route()}. FastStream: `handlers`. @default none */
  handlers?: readonly KafkaRoute[] | undefined
  /** Routers to include, as by `includeRouter()`. FastStream: `routers`. @default none */
  routers?: readonly AnyKafkaRouter[] | undefined
}

/**
 * Subscriber for the `handlers` of a router. Made by {@link RouteFunction | route()}.
 *
 * @example
 * const handlers: KafkaRoute[] = [route('orders', takeOrder), route('returns', takeBack)]
 */
export interface KafkaRoute {
  /** Topics as they are written, without prefixes; a pattern as text. */
  readonly topics: readonly string[]
}

/**
 * Function that makes a subscriber for the `handlers` of a router. FastStream: `KafkaRoute`.
 *
 * @example
 * const router = new KafkaRouter({ handlers: [route('orders', (order, { log }) => { log.info({ order }, 'taken') })] })
 */
export interface RouteFunction<P extends FastifyTypeProvider = FastifyTypeProviderDefault> {
  <
    const S extends MessageSchema = {}, const D extends Dependencies = {}, R = unknown,
    const T extends TopicNames = TopicNames, B extends true | BatchOptions | undefined = undefined
  >(
    topics: T,
    handler: HandlerOf<NoInfer<B>, FastifyInstance, P, NoInfer<S>, NoInfer<R>, NoInfer<D>, T>,
    options?: SubscriberOptions<S, R, D, B>
  ): KafkaRoute
  /** Returns the same function, which takes the types of schemas from another type provider. */
  withTypeProvider<Q extends FastifyTypeProvider>(this: void): RouteFunction<Q>
}

/**
 * Router of any type provider, as `includeRouter()` takes it.
 *
 * @example
 * const routers: AnyKafkaRouter[] = [orders, returns]
 */
export interface AnyKafkaRouter {
  /** Own prefix, without those of the places that include the router. */
  readonly prefix: string
  /**
   * Includes another router, also what is added to that later. Prefixes are put together: this one's, that of
   * `overrides`, the other's own. Including a router twice is like once. FastStream: `include_router`.
   *
   * @throws FASTSTREAM_ERR_ROUTER when the router includes this one, is included with other options, or is none
   * @throws FASTSTREAM_ERR_INVALID_OPTION for an option that is unknown or impossible
   * @example
   * shop.includeRouter(orders, { tags: ['orders'] })
   */
  includeRouter (this: void, router: AnyKafkaRouter, overrides?: IncludeOptions<Dependencies>): void
  /**
   * Adds a middleware to all that is declared on the router, also before, as the innermost of the router. FastStream:
   * `add_middleware`.
   *
   * @throws FASTSTREAM_ERR_INVALID_OPTION for a value that is no middleware
   * @throws FASTSTREAM_ERR_ALREADY_STARTED when an app that includes the router is ready
   * @example
   * orders.addMiddleware({ afterProcessed: (error) => { count(error === undefined ? 'ok' : 'failed') } })
   */
  addMiddleware (this: void, middleware: Middleware): void
  /**
   * Adds a middleware as {@link AnyKafkaRouter.addMiddleware}, but as the outermost of the router. FastStream:
   * `insert_middleware`.
   *
   * @throws FASTSTREAM_ERR_INVALID_OPTION, FASTSTREAM_ERR_ALREADY_STARTED as {@link AnyKafkaRouter.addMiddleware}
   * @example
   * orders.insertMiddleware({ consumeScope: (next, message) => storage.run(message.correlationId, next) })
   */
  insertMiddleware (this: void, middleware: Middleware): void
}

/**
 * Group of subscribers and publishers without an app; `P` is its type provider. Made by `new KafkaRouter()`. `this` of
 * its handlers is the scope that includes it. What `publisher()` returned can be used in each scope that includes the
 * router: through `request.broker`, `message.broker` and `app.broker`. Its own `publish()` works while one scope does.
 *
 * @throws FASTSTREAM_ERR_ROUTER_HANDLE when what it returned is used where the router is not included, or where it is
 *   not clear which inclusion is meant
 * @example
 * const router = new KafkaRouter({ prefix: 'eu.' }).withTypeProvider<TypeBoxTypeProvider>()
 * router.subscriber('orders', { schema: { value: OrderSchema } }, (order, { log }) => { log.info(order, 'taken') })
 * app.broker.includeRouter(router)
 */
export interface KafkaRouter<P extends FastifyTypeProvider = FastifyTypeProviderDefault>
  extends AnyKafkaRouter, Registrar<FastifyInstance, P> {
  /**
   * Declares a subscriber whose handler is a function that is written elsewhere.
   *
   * @throws FASTSTREAM_ERR_INVALID_TOPIC, FASTSTREAM_ERR_INVALID_OPTION, FASTSTREAM_ERR_INVALID_ARGUMENTS
   * @example
   * router.route('orders', takeOrder, { schema: { value: OrderSchema } })
   */
  route<
    const S extends MessageSchema = {}, const D extends Dependencies = {}, R = unknown,
    const T extends TopicNames = TopicNames, B extends true | BatchOptions | undefined = undefined
  >(
    this: void,
    topics: T,
    handler: HandlerOf<NoInfer<B>, FastifyInstance, P, NoInfer<S>, NoInfer<R>, NoInfer<D>, T>,
    options?: SubscriberOptions<S, R, D, B>
  ): Subscriber<Read<P, Part<S, 'value'>>>
  /**
   * Returns the same router, which takes the types of schemas from another type provider, as Fastify's
   * `withTypeProvider()`. It still knows the types of `deps`.
   *
   * @example
   * const router = new KafkaRouter({ deps: { orders } }).withTypeProvider<TypeBoxTypeProvider>()
   */
  withTypeProvider<Q extends FastifyTypeProvider>(
    this: void
  ): KafkaRouter<P extends { readonly deps: infer D } ? WithDeps<Q, D> : Q>
}

/**
 * Class of routers. A type provider that is written here leaves the types of `deps` out; `withTypeProvider()` keeps
 * them.
 *
 * @example
 * const router = new KafkaRouter<TypeBoxTypeProvider>({ prefix: 'eu.' })
 */
export interface KafkaRouterConstructor {
  new <P extends FastifyTypeProvider = FastifyTypeProviderDefault, const D extends Dependencies = {}>(
    options?: RouterOptions<D>
  ): KafkaRouter<WithDeps<P, D>>
}
