import { type Clock, sleep } from '../../clock.js'
import { Delivery } from '../pipeline/delivery.js'
import type { SendOrder } from '../../message/outgoing.js'
import type { Lane } from './lane.js'
import type { LaneSlot, Pause, Settlement } from './lanes.js'
import type { SubscriberQueue } from './subscriber-queue.js'
import type { LaneItem } from './tracked-batch.js'
import type { TrackedRecord } from './tracked-record.js'

/** The pause of a record whose lane has gone on: it has no place to give away. */
const WITHOUT_PLACE: Pause = (waiting) => waiting

/** What ends a wait, and whether an attempt of the handler follows. */
export interface Wait {
  readonly over: (signal: AbortSignal, clock: Clock) => Promise<boolean>
  readonly beforeAttempt: boolean
}

export function waitOf (ms: number, beforeAttempt: boolean): Wait {
  return { over: (signal, clock) => sleep(clock, ms, signal), beforeAttempt }
}

/** The place of one record in its lane. */
export class RecordSlot implements LaneSlot {
  readonly #queue: SubscriberQueue
  readonly #item: TrackedRecord
  readonly #lane: Lane<LaneItem>
  #pause: Pause
  #settlement: Settlement | undefined

  constructor (queue: SubscriberQueue, item: TrackedRecord, pause: Pause, lane: Lane<LaneItem>) {
    this.#queue = queue
    this.#item = item
    this.#pause = pause
    this.#lane = lane
  }

  createDelivery (): Delivery {
    const { partition: { topic, partition }, record } = this.#item
    return new Delivery(topic, partition, record)
  }

  wait (ms: number, beforeAttempt = false): Promise<boolean> {
    return this.#queue.wait(this.#item, waitOf(ms, beforeAttempt), this.#pause)
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

  get resultOrder (): SendOrder {
    return this.#lane.opened
  }

  letNextBegin (): void {
    // Another subscriber may take the next message, and not wait for this one.
    if (this.#queue.pipeline.plan.overlaps !== true) return
    if (this.#queue.lanes.letNextBegin(this.#lane, this.#item)) this.#pause = WITHOUT_PLACE
  }

  first (): Promise<boolean> | undefined {
    const settled = this.#lane.open?.before(this.#item)
    return settled && this.#pause(settled, () => false)
  }

  settle (outcome: Settlement = 'acknowledged'): void {
    if (this.#queue.settle(this.#item, outcome)) this.#settlement = outcome
  }

  get settlement (): Settlement | undefined {
    return this.#settlement
  }

  /** Tells that the record has been given up, if it has not been settled. */
  tellUnsettled (): void {
    if (this.#settlement === undefined) this.#queue.tellUnsettled(this.#item)
  }
}
