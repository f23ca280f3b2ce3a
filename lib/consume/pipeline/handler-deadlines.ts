import type { Clock } from '../../clock.js'
import { FASTSTREAM_ERR_HANDLER_TIMEOUT } from '../../errors.js'
import type { Attempt } from './delivery.js'

/**
 * The attempts that run. All have the same time, so they are late in the order in which they began, and one timer serves all.
 * One that is late is told, and runs on: nothing can stop it, and its message must not be handled twice at the same time.
 */
export class HandlerDeadlines {
  readonly #timeout: number
  readonly #clock: Clock
  readonly #onLate: (attempt: Attempt) => void
  /** When their handlers began, ms since the epoch. */
  readonly #since = new Map<Attempt, number>()
  /** When the clean-up began of those whose handler has ended, ms since the epoch. */
  readonly #ending = new Map<Attempt, number>()
  #cancel: (() => void) | undefined

  /** `timeout` in ms. */
  constructor (timeout: number, clock: Clock, onLate: (attempt: Attempt) => void) {
    this.#timeout = timeout
    this.#clock = clock
    this.#onLate = onLate
  }

  /** Those that have had their time, also when nobody waits for them any longer: what comes again waits until they end. */
  get late (): Iterable<Attempt> {
    return [...this.#since, ...this.#ending].filter(([, since]) => this.#left(since) <= 0).map(([attempt]) => attempt)
  }

  /** Settles as `work` does. */
  async watch<Result> (attempt: Attempt, work: PromiseLike<Result>): Promise<Result> {
    this.#since.set(attempt, this.#clock.now())
    this.#cancel ??= this.#clock.schedule(this.#timeout, () => { this.#tell() })
    try {
      return await work
    } finally {
      this.#since.delete(attempt)
    }
  }

  /** As {@link watch}, for a clean-up, which has a time of its own. Rejects, too, when nobody waits for the attempt any longer. */
  async end (attempt: Attempt, cleanup: Promise<void>): Promise<void> {
    this.#ending.set(attempt, this.#clock.now())
    try {
      await cleanup
    } finally {
      this.#ending.delete(attempt)
    }
    if (attempt.givenUp) throw attempt.aborted
  }

  /** Tells all of them that nobody waits for them any longer. */
  giveUp (reason: string): void {
    for (const attempt of [...this.#since.keys(), ...this.#ending.keys()]) attempt.giveUp(reason)
    this.#cancel?.()
    this.#cancel = undefined
  }

  /** Tells those that are late, and comes back for the next one. */
  #tell (): void {
    this.#cancel = undefined
    for (const [attempt, since] of this.#since) {
      if (attempt.aborted !== undefined) continue
      const left = this.#left(since)
      if (left > 0) {
        this.#cancel = this.#clock.schedule(left, () => { this.#tell() })
        return
      }
      attempt.abort(new FASTSTREAM_ERR_HANDLER_TIMEOUT(this.#timeout))
      this.#onLate(attempt)
    }
  }

  /** ms */
  #left (since: number): number {
    return since + this.#timeout - this.#clock.now()
  }
}
