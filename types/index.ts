import type { FastifyPluginAsync } from 'fastify'
import type { FaststreamOptions } from './options.js'
import type { BoundBroker } from './publish.js'
import type { Broker } from './subscribe.js'

export type * from './options.js'
export type * from './provider.js'
export type * from './publish.js'
export type * from './subscribe.js'

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
  }
  interface FastifyRequest {
    /** The broker named `'default'`: publishes with this request's correlation id. */
    broker: BoundBroker
    /** The brokers by name: each publishes with this request's correlation id. */
    brokers: { readonly [N in keyof NamedBrokers]: BoundBroker }
  }
}
