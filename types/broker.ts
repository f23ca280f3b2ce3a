import type { FastifyTypeProvider } from 'fastify'
import type { Dependencies, WithDeps } from './dependency.js'
import type { ErrorHandler } from './error-handler.js'
import type { FunctionRegistrar } from './functions.js'
import type { BrokerLifecycle } from './lifecycle.js'
import type { Middleware } from './middleware.js'
import type { BrokerObservation } from './observation.js'
import type { BoundBroker } from './publish.js'
import type { AnyKafkaRouter, IncludeOptions } from './router.js'
import type { ScopeOptions } from './scope-options.js'
import type { Registrar } from './subscribe.js'

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
