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

  /** Adds a failed attempt at `messages`; returns whether most attempts now end in this class of error. */
  failed (error: string, at: number, messages: number): boolean {
    this.#add({ error, at }, messages)
    const { minimum, ratio } = this.#settings
    if (this.#attempts.length < minimum) return false
    return this.#attempts.filter((attempt) => attempt.error === error).length >= ratio * minimum
  }

  /** Adds an attempt that succeeded at `messages`; returns whether a failed one is left. */
  succeeded (at: number, messages: number): boolean {
    this.#add({ error: undefined, at }, messages)
    return this.#attempts.some(({ error }) => error !== undefined)
  }

  #add (attempt: Attempt, messages: number): void {
    const { window, minimum } = this.#settings
    for (let i = 0; i < Math.min(messages, minimum); i++) this.#attempts.push(attempt)
    const first = this.#attempts.findIndex(({ at }) => at >= attempt.at - window)
    const surplus = Math.max(first, this.#attempts.length - minimum)
    if (surplus > 0) this.#attempts = this.#attempts.slice(surplus)
  }
}
