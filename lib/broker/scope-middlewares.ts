import type { FastifyInstance } from 'fastify'
import type { InheritedOptions, Middleware } from '../../types/index.js'
import { checkMiddleware } from '../options/middlewares.js'
import { ancestors } from '../scope.js'

/** The middlewares of each scope of a broker. Those of the plugin's option belong to the scope of the plugin. */
export class ScopeMiddlewares {
  readonly #scope: FastifyInstance
  readonly #ofPlugin: readonly Middleware[]
  readonly #inserted = new WeakMap<FastifyInstance, readonly Middleware[]>()
  readonly #added = new WeakMap<FastifyInstance, readonly Middleware[]>()

  constructor (scope: FastifyInstance, ofPlugin: readonly Middleware[]) {
    this.#scope = scope
    this.#ofPlugin = ofPlugin
  }

  /** Adds one as the innermost of its scope. @throws FASTSTREAM_ERR_INVALID_OPTION */
  add (scope: FastifyInstance, middleware: Middleware): void {
    this.#added.set(scope, [...this.#added.get(scope) ?? [], checkMiddleware('middleware', middleware)])
  }

  /** Adds one as the outermost of its scope. @throws FASTSTREAM_ERR_INVALID_OPTION */
  insert (scope: FastifyInstance, middleware: Middleware): void {
    this.#inserted.set(scope, [checkMiddleware('middleware', middleware), ...this.#inserted.get(scope) ?? []])
  }

  /** The layers of options around what a scope declares, the outermost first. */
  layersOf (scope: FastifyInstance): InheritedOptions[] {
    const outermostFirst = [...ancestors(scope)].reverse()
    return outermostFirst.flatMap((at) => [
      { middlewares: this.#inserted.get(at) },
      { middlewares: at === this.#scope ? this.#ofPlugin : undefined },
      { middlewares: this.#added.get(at) }
    ])
  }
}
