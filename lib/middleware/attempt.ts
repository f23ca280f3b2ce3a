import type { Middleware, UndecodedMessage } from '../../types/index.js'
import type { AttemptMoments } from '../consume/pipeline/subscriber-plan.js'
import { steady } from '../log.js'
import { toError } from '../to-error.js'

/** Makes the moments of one attempt; undefined where no middleware has one of them. */
export function aroundAttempts (
  middlewares: readonly Middleware[]
): ((message: UndecodedMessage) => AttemptMoments) | undefined {
  const around = middlewares.filter(({ onReceive, afterProcessed }) => {
    return onReceive !== undefined || afterProcessed !== undefined
  })
  return around.length === 0 ? undefined : (message) => new MiddlewareMoments(around, message)
}

/** `onReceive` and `afterProcessed` of all middlewares, for one attempt. */
class MiddlewareMoments implements AttemptMoments {
  readonly #middlewares: readonly Middleware[]
  readonly #message: UndecodedMessage
  /** Number of middlewares whose `onReceive` has ended well, or that have none. */
  #entered = 0

  constructor (middlewares: readonly Middleware[], message: UndecodedMessage) {
    this.#middlewares = middlewares
    this.#message = message
  }

  async received (): Promise<void> {
    for (const middleware of this.#middlewares) {
      await middleware.onReceive?.(this.#message)
      this.#entered++
    }
  }

  /** All are called, whatever one of them throws: the outer ones see that as the error of the attempt. */
  async processed (error: Error | undefined): Promise<void> {
    const thrown: unknown[] = []
    let seen = error
    for (const middleware of this.#middlewares.slice(0, this.#entered).reverse()) {
      try {
        await middleware.afterProcessed?.(seen, this.#message)
      } catch (err) {
        if (seen !== undefined) this.#tell(err)
        else thrown.push(err)
        seen ??= toError(err)
      }
    }
    if (thrown.length > 0) throw thrown[0]
  }

  /** The attempt has failed before with another error, so the log is the only place for this one. */
  #tell (err: unknown): void {
    steady(this.#message.log).error({ err: toError(err) }, 'afterProcessed failed when its attempt had failed already')
  }
}
