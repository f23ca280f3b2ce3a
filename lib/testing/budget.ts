import { LONGEST_TIMER, systemClock, within } from '../clock.js'
import { FASTSTREAM_ERR_NOT_SETTLED } from '../errors.js'
import { number } from '../options/assert.js'

/** Default time of all that a test waits for, ms. */
export const TIMEOUT = 5000

/** Time of a test: one for everything, from the boot to the close, or else one for each step. */
export class Budget {
  readonly #timeout: number | undefined
  readonly #began = systemClock.elapsed()

  /** `timeout`: ms for everything. @throws FASTSTREAM_ERR_INVALID_OPTION */
  constructor (timeout: number | undefined) {
    this.#timeout = timeout === undefined ? undefined : number('timeout', timeout, 0, LONGEST_TIMER)
  }

  /** Returns the ms that one step may take; `given`: for that step. @throws FASTSTREAM_ERR_INVALID_OPTION */
  of (given: number | undefined): number {
    if (given !== undefined) number('timeout', given, 0, LONGEST_TIMER)
    if (this.#timeout === undefined) return given ?? TIMEOUT
    const left = Math.max(0, this.#began + this.#timeout - systemClock.elapsed())
    return Math.min(left, given ?? left)
  }

  /**
   * Bounds a boot or a close, where there is one time for everything. Fastify bounds them otherwise, and also a close
   * after that time: the step that has spent it has failed already.
   *
   * @throws FASTSTREAM_ERR_NOT_SETTLED
   */
  async bound<T> (what: () => string, work: Promise<T>): Promise<T> {
    const left = this.of(undefined)
    if (this.#timeout === undefined || left === 0 || await within(systemClock, left, work)) return await work
    throw new FASTSTREAM_ERR_NOT_SETTLED(this.#timeout, what())
  }
}
