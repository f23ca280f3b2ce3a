import type { FastifyPluginAsync } from 'fastify'
import type { FaststreamOptions } from './options.js'
import type { BoundBroker } from './publish.js'
import type { Broker } from './subscribe.js'

export type * from './options.js'
export type * from './provider.js'
export type * from './publish.js'
export type * from './subscribe.js'

/**
 * Empty on purpose: name your further clusters here.
 *
 * @example
 * declare module 'fastify-faststream' { interface NamedBrokers { billing: true } }
 */
export interface NamedBrokers {}

export type FaststreamPlugin = FastifyPluginAsync<FaststreamOptions>

declare module 'fastify' {
  interface FastifyInstance<RawServer, RawRequest, RawReply, Logger, TypeProvider> {
    /** The broker named `'default'`, seen from this scope. */
    broker: Broker<FastifyInstance<RawServer, RawRequest, RawReply, Logger, TypeProvider>, TypeProvider>
    /** The brokers by name, seen from this scope. */
    brokers: { readonly [N in keyof NamedBrokers]: Broker<FastifyInstance<RawServer, RawRequest, RawReply, Logger, TypeProvider>, TypeProvider> }
  }
  interface FastifyRequest {
    /** Publishes with this request's correlation id. */
    broker: BoundBroker
    brokers: { readonly [N in keyof NamedBrokers]: BoundBroker }
  }
}
