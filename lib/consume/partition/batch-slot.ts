import { BatchDelivery, type BatchMember } from '../pipeline/batch-delivery.js'
import type { Lane } from './lane.js'
import type { LaneSlot, Pause, Settlement } from './lanes.js'
import { RecordSlot, waitOf } from './record-slot.js'
import type { SubscriberQueue } from './subscriber-queue.js'
import { TrackedBatch, type LaneItem } from './tracked-batch.js'

export type Slot = RecordSlot | BatchSlot

export function createSlot (queue: SubscriberQueue, item: LaneItem, pause: Pause, lane: Lane<LaneItem>): Slot {
  return item instanceof TrackedBatch
    ? new BatchSlot(queue, item, pause, lane)
    : new RecordSlot(queue, item, pause, lane)
}

/** The place of a batch in its lane. Each of its records is settled by itself. */
class BatchSlot implements LaneSlot {
  readonly #queue: SubscriberQueue
  readonly #batch: TrackedBatch
  readonly #pause: Pause
  readonly #slots: readonly RecordSlot[]

  /** From now on no record joins the batch. */
  constructor (queue: SubscriberQueue, batch: TrackedBatch, pause: Pause, lane: Lane<LaneItem>) {
    this.#queue = queue
    this.#batch = batch
    this.#pause = pause
    batch.begin()
    // None of them lets the next message begin: the batch is what its lane runs.
    this.#slots = batch.records.map((record) => new RecordSlot(queue, record, pause, lane))
  }

  createDelivery (): BatchDelivery {
    const members = this.#slots.map((slot): BatchMember => ({ delivery: slot.createDelivery(), slot }))
    return new BatchDelivery(members)
  }

  wait (ms: number, beforeAttempt = false): Promise<boolean> {
    return this.#queue.wait(this.#batch, waitOf(ms, beforeAttempt), this.#pause)
  }

  hold (opened: (signal: AbortSignal) => Promise<boolean>): Promise<boolean> {
    return this.#queue.wait(this.#batch, { over: opened, beforeAttempt: true }, this.#pause)
  }

  awaitsDecision (): void {
    this.#queue.ending.awaitsDecision(this.#batch)
  }

  settle (outcome?: Settlement): void {
    for (const slot of this.#slots) slot.settle(outcome)
  }

  tellUnsettled (): void {
    for (const slot of this.#slots) slot.tellUnsettled()
  }
}
