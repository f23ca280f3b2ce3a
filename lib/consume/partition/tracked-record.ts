import type { ConsumedRecord } from '../../transport/transport.js'
import type { Partition } from './partition.js'
import type { Tracked } from './tracker.js'

/** A record and its partition, from its arrival to its outcome. */
export class TrackedRecord implements Tracked {
  readonly partition: Partition
  /** ms by the clock's `elapsed` */
  readonly receivedAt: number
  settled = false
  /** Name of the subscriber that takes it, where several read its topic. */
  takenBy: string | undefined
  #record: ConsumedRecord | { readonly offset: bigint }

  constructor (partition: Partition, record: ConsumedRecord, receivedAt: number) {
    this.partition = partition
    this.#record = record
    this.receivedAt = receivedAt
  }

  /** Complete until {@link forget}. */
  get record (): ConsumedRecord {
    return this.#record as ConsumedRecord
  }

  get offset (): bigint {
    return this.#record.offset
  }

  /** Bytes; until {@link forget}. */
  get size (): number {
    return this.record.size
  }

  /** Number of records. */
  get count (): number {
    return 1
  }

  forget (): void {
    this.#record = { offset: this.offset }
  }
}
