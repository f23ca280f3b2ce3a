import type { Clock } from '../../clock.js'

/** Per second, in the long run. */
const RATE = 10
/** Number of messages that may be published at once after a pause. */
const BURST = 20

/** A token bucket: bounds what a loop that was started by mistake can do. */
export class RateLimit {
  readonly #clock: Clock
  #tokens = BURST
  #at: number

  constructor (clock: Clock) {
    this.#clock = clock
    this.#at = clock.elapsed()
  }

  /** Takes a token if there is one. */
  take (): boolean {
    const now = this.#clock.elapsed()
    this.#tokens = Math.min(BURST, this.#tokens + (now - this.#at) * RATE / 1000)
    this.#at = now
    if (this.#tokens < 1) return false
    this.#tokens--
    return true
  }
}
