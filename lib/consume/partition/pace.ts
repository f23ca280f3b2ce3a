import { nextTurn, type Clock } from '../../clock.js'
import { Fifo } from './fifo.js'

/** Items that may start in one turn of the event loop. */
const ITEMS = 64
/** Time after which no further item starts in the same turn, ms. */
const TIME = 1
/** The shortest and the longest rest, ms: some messages always start, so that health tells the truth. */
const RESTS = [1, 1000] as const

/**
 * Gives the event loop its turns, so that handlers that never wait do not starve HTTP. Lanes that have to wait go on in
 * later turns: the one that has waited longest is the first.
 */
export class Pace {
  readonly #clock: Clock
  readonly #waiting = new Fifo<() => void>()
  /** When the first item of this turn started; undefined before. */
  #began: number | undefined
  #items = 0
  #share = 1
  #cancelRest: (() => void) | undefined

  constructor (clock: Clock) {
    this.#clock = clock
  }

  /** Whether one more item may start in this turn. Otherwise `again` is called in a later one. */
  takes (again: () => void): boolean {
    if (this.#isOver()) {
      this.#waiting.push(again)
      return false
    }
    if (this.#began === undefined) {
      this.#began = this.#clock.elapsed()
      nextTurn(this.#end)
    }
    this.#items++
    return true
  }

  /**
   * The part of the time that items may take, above 0, at most 1: after each turn they rest for the remaining part.
   * What else runs in the same turn counts, too.
   */
  share (share: number): void {
    this.#share = share
    if (share < 1 || this.#cancelRest === undefined) return
    this.#cancelRest()
    this.#goOn()
  }

  #isOver (): boolean {
    if (this.#began === undefined) return false
    if (this.#cancelRest !== undefined || this.#items >= ITEMS) return true
    return this.#clock.elapsed() - this.#began >= TIME
  }

  #end = (): void => {
    if (this.#share === 1) return this.#goOn()
    const used = this.#clock.elapsed() - this.#began!
    const [shortest, longest] = RESTS
    const rest = Math.min(Math.max(used * (1 / this.#share - 1), shortest), longest)
    this.#cancelRest = this.#clock.schedule(rest, () => { this.#goOn() })
  }

  #goOn (): void {
    this.#began = undefined
    this.#cancelRest = undefined
    this.#items = 0
    for (let count = this.#waiting.size; count > 0 && !this.#isOver(); count--) this.#waiting.shift()!()
  }
}
