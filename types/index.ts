import type { FastifyPluginAsync } from 'fastify'
import type { AsyncapiDocument } from './asyncapi.js'
import type { Dependencies, Dependency, Inherited, Resolved, WithDeps } from './dependency.js'
import type { FaststreamOptions } from './options.js'
import type { BoundBroker } from './publish.js'
import type { Broker } from './subscribe.js'

export type * from './asyncapi.js'
export type * from './dependency.js'
export type * from './events.js'
export type * from './group-events.js'
export type * from './health.js'
export type * from './message-events.js'
export type * from './options.js'
export type * from './provider.js'
export type * from './publish.js'
export type * from './subscribe.js'
export type * from './tracing.js'

/**
 * Empty on purpose: name your further clusters here, and `app.brokers` and `request.brokers` have them.
 *
 * @example
 * declare module 'fastify-faststream' { interface NamedBrokers { billing: true } }
 */
export interface NamedBrokers {}

/**
 * The type of the plugin: for those who wrap or replace it.
 *
 * @example
 * const shopPlugin: FaststreamPlugin = async (app, options) => { await app.register(faststreamPlugin, { groupId: 'shop', ...options }) }
 */
export type FaststreamPlugin = FastifyPluginAsync<FaststreamOptions>

declare module 'fastify' {
  interface FastifyInstance<RawServer, RawRequest, RawReply, Logger, TypeProvider> {
    /** The broker named `'default'`, seen from this scope. */
    broker: Broker<FastifyInstance<RawServer, RawRequest, RawReply, Logger, TypeProvider>, TypeProvider>
    /** The brokers by name, seen from this scope. */
    brokers: { readonly [N in keyof NamedBrokers]: Broker<FastifyInstance<RawServer, RawRequest, RawReply, Logger, TypeProvider>, TypeProvider> }
    /**
     * The AsyncAPI document of the app: a copy, or its YAML.
     *
     * @throws FASTSTREAM_ERR_ASYNCAPI before `ready()`
     * @example
     * writeFileSync('asyncapi.yaml', app.asyncapi({ yaml: true }))
     */
    asyncapi (options?: { yaml?: false }): AsyncapiDocument
    asyncapi (options: { yaml: true }): string
    /**
     * Gives dependencies to all routes and subscribers that are declared in this scope and its children from now on, and returns the same instance,
     * which knows their types: as `withTypeProvider()` does.
     *
     * @throws FASTSTREAM_ERR_ALREADY_STARTED when the scope has routes or subscribers already
     * @throws FASTSTREAM_ERR_INVALID_OPTION for what is no dependency
     * @example
     * const scope = plain.withTypeProvider<TypeBoxTypeProvider>().withDeps({ tenant })
     * scope.get('/who', (request) => request.deps.tenant)
     */
    withDeps<const D extends Dependencies> (deps: D): FastifyInstance<RawServer, RawRequest, RawReply, Logger, WithDeps<TypeProvider, D>>
  }
  interface FastifyContextConfig {
    /** What the route needs, at `request.deps`. */
    deps?: Dependencies
  }
  interface FastifyRequest<RouteGeneric, RawServer, RawRequest, SchemaCompiler, TypeProvider, ContextConfig, Logger, RequestType> {
    /** What the route and its scope declared; there from the plugin's `preHandler` on. */
    deps: (ContextConfig extends { deps: infer D } ? Resolved<D> : {}) & Inherited<TypeProvider>
    /**
     * Makes a dependency earlier or on demand, or gives the one that was made. It is cleaned up before the reply leaves.
     *
     * @throws FASTSTREAM_ERR_NO_DEPENDENCIES outside a route that the plugin knows, such as in a 404 handler
     * @throws FASTSTREAM_ERR_DEPENDENCY_DONE when the reply is on its way already
     * @example
     * app.addHook('onRequest', async (request) => { await request.resolve(session) })
     */
    resolve<T> (this: void, dependency: Dependency<T>): Promise<T>
    /** The broker named `'default'`: publishes with this request's correlation id. */
    broker: BoundBroker
    /** The brokers by name: each publishes with this request's correlation id. */
    brokers: { readonly [N in keyof NamedBrokers]: BoundBroker }
  }
}
