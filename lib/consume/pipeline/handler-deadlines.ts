import type { Clock } from '../../clock.js'
import { FASTSTREAM_ERR_HANDLER_TIMEOUT } from '../../errors.js'
import type { Delivery } from './delivery.js'

/**
 * The attempts that run, and their deadlines. All have the same time-out, so they expire in the order in which they
 * began, and one timer serves all. An attempt that times out is aborted and keeps its lane until it ends: nothing can
 * stop it, and its message must not be handled twice at the same time.
 */
export class HandlerDeadlines {
  readonly #timeout: number
  readonly #clock: Clock
  readonly #onLate: (delivery: Delivery) => void
  /** Start of each running handler, ms by the clock's `elapsed`. */
  readonly #since = new Map<Delivery, number>()
  /** Start of the clean-up of each ended handler, ms by the clock's `elapsed`. */
  readonly #ending = new Map<Delivery, number>()
  #cancel: (() => void) | undefined

  /** `timeout` in ms. */
  constructor (timeout: number, clock: Clock, onLate: (delivery: Delivery) => void) {
    this.#timeout = timeout
    this.#clock = clock
    this.#onLate = onLate
  }

  /**
   * Attempts that exceeded the time-out and still run, including those whose partition was revoked: a redelivery
   * waits for them.
   */
  get late (): Iterable<Delivery> {
    return [...this.#since, ...this.#ending].filter(([, since]) => this.#left(since) <= 0).map(([delivery]) => delivery)
  }

  /** Watches an attempt until {@link finish}. */
  begin (delivery: Delivery): void {
    this.#since.set(delivery, this.#clock.elapsed())
    this.#cancel ??= this.#clock.schedule(this.#timeout, () => { this.#expire() })
  }

  finish (delivery: Delivery): void {
    this.#since.delete(delivery)
  }

  /** Watches an attempt while `work` runs. Settles as `work` does. */
  async watch<Result> (delivery: Delivery, work: PromiseLike<Result>): Promise<Result> {
    this.begin(delivery)
    try {
      return await work
    } finally {
      this.finish(delivery)
    }
  }

  /**
   * Works as {@link watch}, for what comes after a handler and is bounded by itself. Rejects, too, when the attempt was
   * given up meanwhile.
   */
  async end<Result> (delivery: Delivery, work: Promise<Result>): Promise<Result> {
    this.#ending.set(delivery, this.#clock.elapsed())
    try {
      const result = await work
      if (delivery.givenUp) throw delivery.aborted
      return result
    } finally {
      this.#ending.delete(delivery)
    }
  }

  /** Gives up all attempts that run. */
  giveUp (reason: string): void {
    for (const delivery of [...this.#since.keys(), ...this.#ending.keys()]) delivery.giveUp(reason)
    this.#cancel?.()
    this.#cancel = undefined
  }

  /** Aborts the attempts that timed out, and schedules the next check. */
  #expire (): void {
    this.#cancel = undefined
    for (const [delivery, since] of this.#since) {
      if (delivery.aborted !== undefined) continue
      const left = this.#left(since)
      if (left > 0) {
        this.#cancel = this.#clock.schedule(left, () => { this.#expire() })
        return
      }
      delivery.abort(new FASTSTREAM_ERR_HANDLER_TIMEOUT(this.#timeout))
      this.#onLate(delivery)
    }
  }

  /** ms */
  #left (since: number): number {
    return since + this.#timeout - this.#clock.elapsed()
  }
}
