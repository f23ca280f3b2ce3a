import type { FastifyBaseLogger, FastifyInstance, FastifyRequest, FastifyTypeProvider } from 'fastify'
import type { BoundBroker } from './publish.js'
import type { Message } from './subscribe.js'

/**
 * Something that a request or a message needs, made by {@link DependencyFunction | dependency()}.
 *
 * @example
 * const tenant: Dependency<string | undefined> = dependency((_, { header }) => header('x-tenant'))
 */
export interface Dependency<out T> {
  /** In errors and logs. */
  readonly name: string
  /** Carries the type of what it makes. There is nothing under it at run time. */
  readonly '~type': T
}

/**
 * Dependencies under the names by which they are used.
 *
 * @example
 * const needs: Dependencies = { client, tenant }
 */
export type Dependencies = Readonly<Record<string, Dependency<unknown>>>

/**
 * What {@link Dependencies} become.
 *
 * @example
 * function report ({ orders }: Resolved<{ orders: typeof orders }>) { return orders.count() }
 */
export type Resolved<D> = { readonly [K in keyof D]: D[K] extends Dependency<infer T> ? T : never }

/** What a scope declared with `withDeps()`; it travels in the type provider. */
export type Inherited<P> = P extends { readonly deps: infer D } ? Resolved<D> : {}

/** A type provider with what `withDeps()` adds to it. */
export type WithDeps<P extends FastifyTypeProvider, D> = P & { readonly deps: (P extends { readonly deps: infer E } ? E : {}) & D }

/**
 * What a factory knows of the request or message for which it makes something, without knowing which of the two it is.
 *
 * @example
 * const tenant = dependency((_, { header, source }) => header('x-tenant') ?? (source.kind === 'http' ? source.request.hostname : source.message.topic))
 */
export interface DependencyContext {
  /** Of the request or of the message. */
  readonly log: FastifyBaseLogger
  /** The scope in which the route or the subscriber was declared. */
  readonly app: FastifyInstance
  /** Publishes with `correlationId`. */
  readonly broker: BoundBroker
  readonly correlationId: string
  /** Aborts when the HTTP client goes away, when the handler of the message has had its `handlerTimeout`, or when the app closes and does not wait any longer. */
  readonly signal: AbortSignal
  /** For what must know where it is. */
  readonly source: { readonly kind: 'http', readonly request: FastifyRequest } | { readonly kind: 'message', readonly message: Message }
  /** A header of the request or of the message, whatever its case; of repeated ones HTTP's are joined by commas, of a message's the last one. */
  header (name: string): string | undefined
}

/**
 * Makes what is needed. Everything after the `yield` of a generator is clean-up: it runs when the request or message is done, and what failed it
 * is thrown at the `yield`.
 *
 * @example
 * const factory: DependencyFactory<{ client: typeof client }, Orders> = ({ client }, { log }) => new Orders(client, log)
 */
export type DependencyFactory<D, T> = (deps: Resolved<D>, context: DependencyContext) => T | Promise<T> | Generator<T, void, void> | AsyncGenerator<T, void, void>

/**
 * Declares a dependency: made at most once for each request and each message that asks for it, and cleaned up when that is done.
 * Its name, for errors and logs, is `name`, or that of the factory.
 *
 * @example
 * const client = dependency(async function * client (_, { log }) {
 *   const connection = await pool.connect()
 *   try { yield connection } finally { connection.release() }
 * })
 * const orders = dependency('orders', { client }, ({ client }) => new Orders(client))
 */
export interface DependencyFunction {
  <T>(factory: DependencyFactory<{}, T>): Dependency<T>
  <const D extends Dependencies, T>(needs: D, factory: DependencyFactory<D, T>): Dependency<T>
  <T>(name: string, factory: DependencyFactory<{}, T>): Dependency<T>
  <const D extends Dependencies, T>(name: string, needs: D, factory: DependencyFactory<D, T>): Dependency<T>
}
