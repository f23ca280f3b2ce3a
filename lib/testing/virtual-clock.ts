import { nextTurn, systemClock, type Clock } from '../clock.js'
import { FASTSTREAM_ERR_INVALID_OPTION } from '../errors.js'

/** Turns of the event loop without a change after which nothing is under way that waits for nothing outside. */
const QUIET_TURNS = 6

interface Timer {
  readonly at: number
  readonly callback: () => void
  /** Cancels it once real time goes on. */
  cancel?: () => void
}

/** Time that stands still until it is advanced. What is due at once runs in the next turn of the event loop. */
export class VirtualClock implements Clock {
  readonly #offset = systemClock.now() - systemClock.elapsed()
  readonly #timers = new Set<Timer>()
  readonly #onChange: (listener: () => void) => () => void
  #elapsed = systemClock.elapsed()
  #goesOn = false

  /** `onChange`: calls its listener after each change of what is under way. */
  constructor (onChange: (listener: () => void) => () => void) {
    this.#onChange = onChange
  }

  now = (): number => this.elapsed() + this.#offset

  elapsed = (): number => this.#goesOn ? systemClock.elapsed() : this.#elapsed

  schedule (ms: number, callback: () => void): () => void {
    if (this.#goesOn) return systemClock.schedule(ms, callback)
    if (ms <= 0) return nextTurn(callback)
    const timer: Timer = { at: this.#elapsed + ms, callback }
    this.#timers.add(timer)
    return () => {
      this.#timers.delete(timer)
      timer.cancel?.()
    }
  }

  /** Moves on by `ms`, running what falls due in its order. */
  async advance (ms: number): Promise<void> {
    const end = this.#elapsed + ms
    await this.quiet()
    while (this.#runNext(end)) await this.quiet()
    this.#elapsed = Math.max(this.#elapsed, end)
  }

  /** Moves on to the next timer, and runs it. */
  jump (): void {
    this.#runNext(Infinity)
  }

  /** Waits until what is under way has happened. */
  async quiet (): Promise<void> {
    let turns = 0
    const stopListening = this.#onChange(() => { turns = 0 })
    while (turns++ < QUIET_TURNS) await new Promise<void>((resolve) => { nextTurn(resolve) })
    stopListening()
  }

  /** Lets real time go on from now: an app that closes waits for what runs. */
  release (): void {
    if (this.#goesOn) return
    const now = this.#elapsed
    this.#goesOn = true
    for (const timer of this.#timers) timer.cancel = systemClock.schedule(timer.at - now, timer.callback)
    this.#timers.clear()
  }

  #runNext (end: number): boolean {
    const [first, ...others] = this.#timers
    if (first === undefined) return false
    const next = others.reduce((earliest, timer) => timer.at < earliest.at ? timer : earliest, first)
    if (next.at > end) return false
    this.#timers.delete(next)
    this.#elapsed = next.at
    next.callback()
    return true
  }
}

const UNITS: ReadonlyMap<string, number> = new Map([
  ['ms', 1], ['s', 1000], ['min', 60_000], ['h', 3_600_000], ['d', 86_400_000]
])

/** @throws FASTSTREAM_ERR_INVALID_OPTION */
export function milliseconds (option: string, duration: number | string): number {
  if (typeof duration === 'number' && duration >= 0 && duration < Infinity) return duration
  if (typeof duration === 'string') {
    const [, count, unit] = /^(\d+(?:\.\d+)?) ?([a-z]+)$/.exec(duration) ?? []
    const ms = UNITS.get(String(unit))
    if (ms !== undefined) return Number(count) * ms
  }
  throw new FASTSTREAM_ERR_INVALID_OPTION(option, "must be a number of ms, or text such as '500 ms', '10 s' or '2 min'")
}
