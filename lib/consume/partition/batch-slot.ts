import { BatchDelivery, type BatchMember } from '../pipeline/batch-delivery.js'
import type { LaneSlot, Pause, Settlement } from './lanes.js'
import { RecordSlot, waitOf } from './record-slot.js'
import type { SubscriberQueue } from './subscriber-queue.js'
import type { TrackedBatch } from './tracked-batch.js'

/** The place of a batch in its lane. Each of its records is settled by itself. */
export class BatchSlot implements LaneSlot {
  readonly #queue: SubscriberQueue
  readonly #batch: TrackedBatch
  readonly #pause: Pause
  readonly #slots: readonly RecordSlot[]

  /** From now on no record joins the batch. */
  constructor (queue: SubscriberQueue, batch: TrackedBatch, pause: Pause) {
    this.#queue = queue
    this.#batch = batch
    this.#pause = pause
    batch.begin()
    this.#slots = batch.records.map((record) => new RecordSlot(queue, record, pause))
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
