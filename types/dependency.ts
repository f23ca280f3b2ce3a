import type { FastifyBaseLogger, FastifyInstance, FastifyRequest, FastifyTypeProvider } from 'fastify'
import type { BoundBroker } from './publish.js'
import type { Message } from './message.js'

/**
 * Declaration of what a request or a message needs. Made by {@link DependencyFunction | dependency()}.
 *
 * @example
 * const tenant: Dependency<string | undefined> = dependency((_, { header }) => header('x-tenant'))
 */
export interface Dependency<out T> {
  /** Name for errors and logs. */
  readonly name: string
  /** Type of what is made. At run time there is no such member. */
  readonly '~type': T
}

/**
 * Dependencies by the names under which they are used.
 *
 * @example
 * const needs: Dependencies = { client, tenant }
 */
export type Dependencies = Readonly<Record<string, Dependency<unknown>>>

/**
 * Values that {@link Dependencies} make.
 *
 * @example
 * function report ({ orders }: Resolved<{ orders: typeof orders }>) { return orders.count() }
 */
export type Resolved<D> = { readonly [K in keyof D]: D[K] extends Dependency<infer T> ? T : never }

/** Dependencies that a scope declared with `withDeps()`. The type provider carries them. */
export type Inherited<P> = P extends { readonly deps: infer D } ? Resolved<D> : {}

/** Type provider with the dependencies that `withDeps()` adds. */
export type WithDeps<P extends FastifyTypeProvider, D> =
  P & { readonly deps: (P extends { readonly deps: infer E } ? E : {}) & D }

/**
 * Context of a factory: the request or message for which it makes something. Most factories need not know which of
 * the two it is.
 *
 * @example
 * const tenant = dependency((_, { header, source }) => {
 *   return header('x-tenant') ?? (source.kind === 'http' ? source.request.hostname : source.message.topic)
 * })
 */
export interface DependencyContext {
  /** Logger of the request or message. */
  readonly log: FastifyBaseLogger
  /** Scope in which the route or the subscriber was declared. */
  readonly app: FastifyInstance
  /** Broker that publishes with `correlationId`. */
  readonly broker: BoundBroker
  /** Correlation id of the request or message. */
  readonly correlationId: string
  /**
   * Signal that aborts when the HTTP client disconnects, when the attempt exceeds `handlerTimeout`, or when the app
   * closes and stops waiting.
   */
  readonly signal: AbortSignal
  /** Request or message itself. */
  readonly source:
    | { readonly kind: 'http', readonly request: FastifyRequest }
    | { readonly kind: 'message', readonly message: Message }
  /**
   * Returns a header of the request or message by its name in any case. Repeated headers: HTTP's joined by commas, a
   * message's last one.
   */
  header (name: string): string | undefined
}

/**
 * Function that makes a value. Everything after the `yield` of a generator is clean-up. It runs when the request or
 * message has ended; the error of a failure is thrown at the `yield`.
 *
 * @example
 * const makeOrders: DependencyFactory<{ client: typeof client }, Orders> = ({ client }) => new Orders(client)
 */
export type DependencyFactory<D, T> = (deps: Resolved<D>, context: DependencyContext) =>
  | T
  | Promise<T>
  | Generator<T, void, void>
  | AsyncGenerator<T, void, void>

/**
 * Declares a dependency. It is made at most once for each request and each message that needs it, and cleaned up when
 * that has ended. Its name, for errors and logs, is `name`, or the name of the factory.
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
