import type { FastifyInstance } from 'fastify'
import type { ErrorHandler } from '../../types/index.js'
import { FASTSTREAM_ERR_INVALID_ARGUMENTS } from '../errors.js'
import type { ScopedErrorHandler } from '../middleware/error-handler.js'
import { callable } from '../options/assert.js'
import { ancestors } from '../scope.js'

/** The error handler of each scope of a broker. */
export class ScopeErrorHandlers {
  readonly #handlers = new WeakMap<FastifyInstance, ErrorHandler<FastifyInstance>>()

  /** @throws FASTSTREAM_ERR_INVALID_OPTION, FASTSTREAM_ERR_INVALID_ARGUMENTS */
  set (scope: FastifyInstance, handler: ErrorHandler<FastifyInstance>): void {
    callable('handler', handler, 'must be a function: setErrorHandler((error, failed) => …)')
    if (this.#handlers.has(scope)) {
      throw new FASTSTREAM_ERR_INVALID_ARGUMENTS('setErrorHandler(handler)', 'the scope has one already: merge the two')
    }
    this.#handlers.set(scope, handler)
  }

  /** Those of a scope and of the scopes around it, the nearest first. */
  of (scope: FastifyInstance): readonly ScopedErrorHandler[] {
    return [...ancestors(scope)].flatMap((at) => {
      const handler = this.#handlers.get(at)
      return handler === undefined ? [] : { scope: at, handler }
    })
  }
}
