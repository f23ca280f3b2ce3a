import type { ConsumedRecord, TransportConsumer } from '../transport/transport.js'
import { PartitionTracker, type Tracked } from './tracker.js'

/** What one partition may hold in memory. */
export interface BufferSettings {
  readonly messages: number
  readonly bytes: number
}

/** One partition while one generation lasts: what is settled in it, and what it holds in memory. */
export class OwnedPartition {
  readonly topic: string
  readonly partition: number
  /** Also the name of its lane, which outlives generations. */
  readonly name: string
  readonly tracker = new PartitionTracker()
  readonly #limits: BufferSettings
  readonly #consumer: TransportConsumer
  #messages = 0
  #bytes = 0
  #paused = false

  constructor (topic: string, partition: number, limits: BufferSettings, consumer: TransportConsumer) {
    this.topic = topic
    this.partition = partition
    this.name = OwnedPartition.nameOf(topic, partition)
    this.#limits = limits
    this.#consumer = consumer
  }

  static nameOf (topic: string, partition: number): string {
    return `${topic}:${partition}`
  }

  /** Takes records in; stops the reading when that is enough. */
  receive (records: ReadonlyArray<Tracked & { readonly record: ConsumedRecord }>, position: bigint): void {
    this.tracker.receive(records, position)
    this.#messages += records.length
    for (const { record } of records) this.#bytes += record.size
    if (this.#paused || (this.#messages < this.#limits.messages && this.#bytes < this.#limits.bytes)) return
    this.#paused = true
    this.#consumer.pause(this)
  }

  /** Lets a handled record go; reads on when half of the room is free. */
  release (record: ConsumedRecord): void {
    this.#messages--
    this.#bytes -= record.size
    if (!this.#paused || this.tracker.revoked) return
    if (this.#messages > this.#limits.messages / 2 || this.#bytes > this.#limits.bytes / 2) return
    this.#paused = false
    this.#consumer.resume(this)
  }
}
