import { type Clock, sleep } from '../../clock.js'
import type { LaneSlot, Pause, Settlement } from './lanes.js'
import type { SubscriberQueue } from './subscriber-queue.js'
import type { LaneItem } from './tracked-record.js'

/** What ends a wait, and whether an attempt of the handler follows. */
export interface Wait {
  readonly over: (signal: AbortSignal, clock: Clock) => Promise<boolean>
  readonly beforeAttempt: boolean
}

/** The place of one record in its lane. */
export class RecordSlot implements LaneSlot {
  readonly #queue: SubscriberQueue
  readonly #item: LaneItem
  readonly #pause: Pause
  #settlement: Settlement | undefined

  constructor (queue: SubscriberQueue, item: LaneItem, pause: Pause) {
    this.#queue = queue
    this.#item = item
    this.#pause = pause
  }

  wait (ms: number, beforeAttempt = false): Promise<boolean> {
    const over = (signal: AbortSignal, clock: Clock): Promise<boolean> => sleep(clock, ms, signal)
    return this.#queue.wait(this.#item, { over, beforeAttempt }, this.#pause)
  }

  hold (opened: (signal: AbortSignal) => Promise<boolean>): Promise<boolean> {
    return this.#queue.wait(this.#item, { over: opened, beforeAttempt: true }, this.#pause)
  }

  takenBy (subscriber: string): void {
    this.#item.takenBy = subscriber
  }

  awaitsDecision (): void {
    this.#queue.ending.awaitsDecision(this.#item)
  }

  settle (outcome: Settlement = 'acknowledged'): void {
    if (this.#queue.settle(this.#item, outcome)) this.#settlement = outcome
  }

  get settlement (): Settlement | undefined {
    return this.#settlement
  }
}
