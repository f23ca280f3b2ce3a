import { LONGEST_TIMER, sleep } from '../../../clock.js'
import { LightSignal, type Signal } from '../../../light-signal.js'
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
  readonly #signal = new LightSignal()
  readonly #environment: Environment
  readonly #cancel: () => void
  #lastFailure: unknown
  #reject: ((error: unknown) => void) | undefined

  constructor (ms: number, environment: Environment) {
    this.#environment = environment
    this.#cancel = environment.clock.schedule(Math.min(Math.max(ms, 0), LONGEST_TIMER), () => this.interrupt('timeout'))
  }

  get signal (): Signal {
    return this.#signal
  }

  interrupt (reason: InterruptedError['reason']): void {
    const error = new InterruptedError(reason, this.#lastFailure)
    this.#reject?.(error)
    this.#signal.abort(error)
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
