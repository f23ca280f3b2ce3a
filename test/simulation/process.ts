import type { Environment } from '../../lib/transport/kafka/environment.js'
import type { Random } from './judge.js'
import type { Timeline } from './timeline.js'

/** The date at which each simulation begins, ms since the epoch. */
export const EPOCH = Date.UTC(2026, 0, 1)

/**
 * A process of the simulation: an app or a node. While it is frozen nothing happens in it; what was due meanwhile
 * happens when it thaws. Once it is killed nothing happens in it any more.
 */
export class Process {
  readonly name: string
  readonly environment: Environment
  /** What its wall clock is ahead of the true time, ms. */
  skew = 0
  readonly #scheduler: Timeline
  readonly #timers = new Set<object>()
  #frozen = false
  #alive = true
  #due: Array<() => void> = []

  constructor (name: string, scheduler: Timeline, random: Random) {
    this.name = name
    this.#scheduler = scheduler
    this.environment = {
      clock: {
        now: () => EPOCH + Math.floor(scheduler.now) + this.skew,
        elapsed: () => scheduler.now,
        schedule: (ms, callback) => this.#timer(ms, callback)
      },
      random: () => random.next()
    }
  }

  get isAlive (): boolean {
    return this.#alive
  }

  get isFrozen (): boolean {
    return this.#frozen
  }

  get isUp (): boolean {
    return this.#alive && !this.#frozen
  }

  /** Timers that wait. */
  get timers (): number {
    return this.#timers.size
  }

  /** Runs in this process in `ms`, or as soon as it thaws after that. */
  schedule (ms: number, run: () => void): void {
    this.#scheduler.schedule(ms, () => { this.#enter(run) })
  }

  freeze (): void {
    this.#frozen = true
  }

  thaw (): void {
    this.#frozen = false
    const due = this.#due
    this.#due = []
    // One after the other, as the event loop takes them, each with its promise chains.
    for (const run of due) this.#scheduler.schedule(0, () => { this.#enter(run) })
  }

  kill (): void {
    this.#alive = false
    this.#due = []
    this.#timers.clear()
  }

  #enter (run: () => void): void {
    if (!this.#alive) return
    if (this.#frozen) this.#due.push(run)
    else run()
  }

  #timer (ms: number, callback: () => void): () => void {
    const timer = {}
    this.#timers.add(timer)
    const event = this.#scheduler.schedule(Math.max(1, ms), () => {
      this.#enter(() => { if (this.#timers.delete(timer)) callback() })
    })
    return () => {
      this.#timers.delete(timer)
      event.cancelled = true
    }
  }
}
