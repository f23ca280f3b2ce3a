import type { BreakerSettings } from '../../options/settings.js'

interface Attempt {
  /** Class of its error; undefined: it succeeded. */
  readonly error: string | undefined
  /** ms by the clock's `elapsed` */
  readonly at: number
}

/** The last `minimum` attempts, none of them older than `window` ms. */
export class AttemptWindow {
  readonly #settings: BreakerSettings
  #attempts: Attempt[] = []

  constructor (settings: BreakerSettings) {
    this.#settings = settings
  }

  /** Adds a failed attempt; returns whether most attempts now end in this class of error. */
  failed (error: string, at: number): boolean {
    this.#add({ error, at })
    const { minimum, ratio } = this.#settings
    if (this.#attempts.length < minimum) return false
    return this.#attempts.filter((attempt) => attempt.error === error).length >= ratio * minimum
  }

  /** Adds an attempt that succeeded; returns whether a failed one is left. */
  succeeded (at: number): boolean {
    this.#add({ error: undefined, at })
    return this.#attempts.some(({ error }) => error !== undefined)
  }

  #add (attempt: Attempt): void {
    const { window, minimum } = this.#settings
    this.#attempts.push(attempt)
    const first = this.#attempts.findIndex(({ at }) => at >= attempt.at - window)
    const surplus = Math.max(first, this.#attempts.length - minimum)
    if (surplus > 0) this.#attempts = this.#attempts.slice(surplus)
  }
}
