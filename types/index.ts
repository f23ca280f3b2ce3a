import type { FastifyPluginAsync } from 'fastify'
import type { AsyncapiDocument } from './asyncapi.js'
import type { Broker } from './broker.js'
import type { Dependencies, Dependency, Inherited, Resolved, WithDeps } from './dependency.js'
import type { FaststreamOptions } from './options.js'
import type { BoundBroker } from './publish.js'

export type * from './asyncapi.js'
export type * from './batch.js'
export type * from './breaker.js'
export type * from './broker.js'
export type * from './cases.js'
export type * from './cluster-description.js'
export type * from './clusters.js'
export type * from './codec.js'
export type * from './consumer-options.js'
export type * from './dead-letter.js'
export type * from './dead-letters.js'
export type * from './dependency.js'
export type * from './error-handler.js'
export type * from './events.js'
export type * from './functions.js'
export type * from './group-events.js'
export type * from './health-options.js'
export type * from './health.js'
export type * from './inherited-options.js'
export type * from './lifecycle.js'
export type * from './message-events.js'
export type * from './message.js'
export type * from './metrics.js'
export type * from './middleware.js'
export type * from './observation.js'
export type * from './observe-options.js'
export type * from './options.js'
export type * from './otel.js'
export type * from './provider.js'
export type * from './publish-batch.js'
export type * from './publish.js'
export type * from './rebalance-listener.js'
export type * from './request.js'
export type * from './router.js'
export type * from './scope-options.js'
export type * from './security.js'
export type * from './story.js'
export type * from './subscribe.js'
export type * from './subscriber.js'
export type * from './topic-config.js'
export type * from './topics.js'
export type * from './tracing.js'
export type * from './transport-consumer.js'
export type * from './transport.js'

/**
 * Names of further clusters, empty until an app adds its own. `app.brokers` and `request.brokers` then have them.
 *
 * @example
 * declare module 'fastify-faststream' { interface NamedBrokers { billing: true } }
 */
export interface NamedBrokers {}

/**
 * Type of the plugin, for code that wraps or replaces it.
 *
 * @example
 * const shopPlugin: FaststreamPlugin = async (app, options) => {
 *   await app.register(faststreamPlugin, { groupId: 'shop', ...options })
 * }
 */
export type FaststreamPlugin = FastifyPluginAsync<FaststreamOptions>

declare module 'fastify' {
  interface RegisterOptions {
    /**
     * Beginning of the topics of all subscribers and publishers of the plugin, see {@link LayerOptions.topicPrefix}. A
     * plugin that is wrapped by `fastify-plugin` has no scope of its own, so it has no prefix either.
     *
     * @example
     * app.register(ordersPlugin, { prefix: '/eu', topicPrefix: 'eu.' })
     */
    topicPrefix?: string | undefined
  }
  interface FastifyInstance<RawServer, RawRequest, RawReply, Logger, TypeProvider> {
    /** Broker named `'default'`, seen from this scope. */
    broker: Broker<FastifyInstance<RawServer, RawRequest, RawReply, Logger, TypeProvider>, TypeProvider>
    /** Brokers by name, seen from this scope. */
    brokers: {
      readonly [N in keyof NamedBrokers]:
      Broker<FastifyInstance<RawServer, RawRequest, RawReply, Logger, TypeProvider>, TypeProvider>
    }
    /**
     * Returns the AsyncAPI document of the app: a copy, or its YAML.
     *
     * @throws FASTSTREAM_ERR_ASYNCAPI before `ready()`
     * @example
     * writeFileSync('asyncapi.yaml', app.asyncapi({ yaml: true }))
     */
    asyncapi (options?: { yaml?: false }): AsyncapiDocument
    asyncapi (options: { yaml: true }): string
    /**
     * Gives dependencies to all routes and subscribers that are declared later in this scope and its children.
     * Returns the same instance, which knows their types, as `withTypeProvider()` does.
     *
     * @throws FASTSTREAM_ERR_ALREADY_STARTED when the scope already has routes or subscribers
     * @throws FASTSTREAM_ERR_INVALID_OPTION for a value that is no dependency
     * @example
     * const scope = plain.withTypeProvider<TypeBoxTypeProvider>().withDeps({ tenant })
     * scope.get('/who', (request) => request.deps.tenant)
     */
    withDeps<const D extends Dependencies> (
      deps: D
    ): FastifyInstance<RawServer, RawRequest, RawReply, Logger, WithDeps<TypeProvider, D>>
  }
  interface FastifyContextConfig {
    /** Dependencies of the route, found at `request.deps`. */
    deps?: Dependencies
  }
  interface FastifyRequest<
    RouteGeneric, RawServer, RawRequest, SchemaCompiler, TypeProvider, ContextConfig, Logger, RequestType
  > {
    /** Dependencies that the route and its scope declare, from the plugin's `preHandler` on. */
    deps: (ContextConfig extends { deps: infer D } ? Resolved<D> : {}) & Inherited<TypeProvider>
    /**
     * Makes a dependency earlier or on demand, or returns the one that was made. It is cleaned up before the reply
     * leaves.
     *
     * @throws FASTSTREAM_ERR_NO_DEPENDENCIES outside a route that the plugin knows, such as in a 404 handler
     * @throws FASTSTREAM_ERR_DEPENDENCY_DONE when the reply has begun to leave
     * @example
     * app.addHook('onRequest', async (request) => { await request.resolve(session) })
     */
    resolve<T> (this: void, dependency: Dependency<T>): Promise<T>
    /** Broker named `'default'`, which publishes with the correlation id of this request. */
    broker: BoundBroker<TypeProvider>
    /** Brokers by name, each of which publishes with the correlation id of this request. */
    brokers: { readonly [N in keyof NamedBrokers]: BoundBroker<TypeProvider> }
  }
}
