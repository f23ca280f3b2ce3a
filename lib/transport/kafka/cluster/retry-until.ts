import { setTimeout as sleep } from 'node:timers/promises'
import { LONGEST_TIMER } from '../../../clock.js'
import { InterruptedError, isFinal } from './protocol-errors.js'

const longestPause = 800

/** Something that is tried again until it works, but no longer than until its deadline (ms since the epoch). */
export class Operation {
  readonly #controller = new AbortController()
  readonly #timer: NodeJS.Timeout
  #lastFailure: unknown

  constructor (deadline: number) {
    this.#timer = setTimeout(() => this.interrupt('timeout'), Math.min(deadline - Date.now(), LONGEST_TIMER))
  }

  get interrupted (): boolean {
    return this.#controller.signal.aborted
  }

  interrupt (reason: InterruptedError['reason']): void {
    this.#controller.abort(new InterruptedError(reason, this.#lastFailure))
  }

  throwIfInterrupted (): void {
    this.#controller.signal.throwIfAborted()
  }

  /** Rejects with an `InterruptedError` as soon as it is interrupted, whether `work` ever ends or not. */
  async run<Result> (work: (operation: Operation) => Promise<Result>): Promise<Result> {
    const { signal } = this.#controller
    try {
      return await new Promise((resolve, reject) => {
        signal.addEventListener('abort', () => reject(signal.reason), { once: true })
        work(this).then(resolve, reject)
      })
    } finally {
      clearTimeout(this.#timer)
    }
  }

  async repeat<Result> (attempt: () => Promise<Result>, pause = 25): Promise<Result> {
    try {
      return await attempt()
    } catch (err) {
      this.throwIfInterrupted()
      if (isFinal(err)) throw err
      this.#lastFailure = err
    }
    await sleep(pause, undefined, { signal: this.#controller.signal })
    return await this.repeat(attempt, Math.min(pause * 2, longestPause))
  }
}
