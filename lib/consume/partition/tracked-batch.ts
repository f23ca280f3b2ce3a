import type { BatchSettings } from '../../options/settings.js'
import type { Partition } from './partition.js'
import type { TrackedRecord } from './tracked-record.js'

/** Records of one partition, in order, that one call of the handler gets. More may join until it begins or is full. */
export class TrackedBatch {
  readonly partition: Partition
  readonly records: TrackedRecord[] = []
  readonly #limits: BatchSettings
  #size = 0
  #begun = false

  constructor (first: TrackedRecord, limits: BatchSettings) {
    this.partition = first.partition
    this.#limits = limits
    this.#add(first)
  }

  /** False when the record does not fit in, or comes too late: it belongs into the next batch. */
  add (record: TrackedRecord): boolean {
    if (this.#begun || this.isFull || this.#size + record.size > this.#limits.maxBytes) return false
    this.#add(record)
    return true
  }

  #add (record: TrackedRecord): void {
    this.records.push(record)
    this.#size += record.size
  }

  get isFull (): boolean {
    return this.records.length >= this.#limits.maxSize || this.#size >= this.#limits.maxBytes
  }

  /** Its handling begins: no record joins it any more. */
  begin (): void {
    this.#begun = true
  }

  /** Offset of the first record. */
  get offset (): bigint {
    return this.records[0]!.offset
  }

  /** Bytes. */
  get size (): number {
    return this.#size
  }

  /** Number of records. */
  get count (): number {
    return this.records.length
  }
}

/** Unit that a lane runs at a time. */
export type LaneItem = TrackedRecord | TrackedBatch
