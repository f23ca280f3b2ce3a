import { sleep, type Clock } from '../clock.js'
import type { Work } from './owned-partition.js'

interface Wait {
  readonly work: Work
  /** ms since the epoch */
  readonly until: number
  readonly end: AbortController
}

/** The messages of a subscriber that wait for another try. They stop waiting when nothing is gained by it any more. */
export class Waits {
  readonly #clock: Clock
  readonly #waits = new Set<Wait>()
  /** Set: something ends then, ms since the epoch. */
  #end: number | undefined

  constructor (clock: Clock) {
    this.#clock = clock
  }

  /** False when it ended early. */
  async wait (work: Work, ms: number): Promise<boolean> {
    const wait = { work, until: this.#clock.now() + ms, end: new AbortController() }
    if (!this.#isWorthwhile(wait)) return false
    this.#waits.add(wait)
    const waited = await sleep(this.#clock, ms, wait.end.signal)
    this.#waits.delete(wait)
    return waited
  }

  /** Whether there is time for another try now. */
  allows (work: Work): boolean {
    return this.#isWorthwhile({ work, until: this.#clock.now() })
  }

  /** From now on a message waits only if that is over before `end`, and another one that runs or has run could not be committed without it. */
  endBy (end: number): void {
    this.#end = end
    for (const wait of this.#waits) if (!this.#isWorthwhile(wait)) wait.end.abort()
  }

  /** From now on nothing waits. */
  halt (): void {
    this.endBy(-Infinity)
  }

  /** From now on everything may wait. */
  thaw (): void {
    this.#end = undefined
  }

  #isWorthwhile ({ work, until }: Pick<Wait, 'work' | 'until'>): boolean {
    return this.#end === undefined || (until <= this.#end && work.owner.isGap(work))
  }
}
