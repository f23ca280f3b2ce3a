import { setMaxListeners } from 'node:events'
import { LONGEST_TIMER, sleep } from '../../../clock.js'
import { toError } from '../../../to-error.js'
import type { Environment } from '../environment.js'
import { InterruptedError, isFinal } from './protocol-errors.js'

const SHORTEST_PAUSE = 25
const LONGEST_PAUSE = 800

/** Pauses of members that failed together must not end together. */
export function jittered (pause: number, { random }: Environment): number {
  return pause * (0.8 + 0.4 * random())
}

interface RepeatOptions {
  readonly onFailure?: ((error: Error) => void) | undefined
  /** ms before the second attempt */
  readonly pause?: number
}

/** Work that is tried again until it succeeds, for `ms` at most. */
export class Operation {
  readonly #controller = new AbortController()
  readonly #environment: Environment
  readonly #cancel: () => void
  #lastFailure: unknown
  #reject: ((error: unknown) => void) | undefined

  constructor (ms: number, environment: Environment) {
    this.#environment = environment
    // Any number of requests are under way at once, as for the coordinators of many groups.
    setMaxListeners(0, this.signal)
    this.#cancel = environment.clock.schedule(Math.min(Math.max(ms, 0), LONGEST_TIMER), () => this.interrupt('timeout'))
  }

  get signal (): AbortSignal {
    return this.#controller.signal
  }

  interrupt (reason: InterruptedError['reason']): void {
    const error = new InterruptedError(reason, this.#lastFailure)
    this.#reject?.(error)
    this.#controller.abort(error)
  }

  throwIfInterrupted (): void {
    this.signal.throwIfAborted()
  }

  /** Rejects with an `InterruptedError` as soon as the operation is interrupted, whether `work` ever ends or not. */
  async run<Result> (work: (operation: Operation) => Promise<Result>): Promise<Result> {
    try {
      return await new Promise((resolve, reject) => {
        this.#reject = reject
        work(this).then(resolve, reject)
      })
    } finally {
      this.#cancel()
    }
  }

  /** `onFailure`: told why the first attempt failed when another one follows. */
  async repeat<Result> (
    attempt: () => Promise<Result>, { onFailure, pause = SHORTEST_PAUSE }: RepeatOptions = {}
  ): Promise<Result> {
    try {
      return await attempt()
    } catch (err) {
      this.throwIfInterrupted()
      if (isFinal(err)) throw err
      this.#lastFailure = err
      onFailure?.(toError(err))
    }
    await sleep(this.#environment.clock, jittered(pause, this.#environment), this.signal)
    this.throwIfInterrupted()
    return await this.repeat(attempt, { pause: Math.min(pause * 2, LONGEST_PAUSE) })
  }
}
