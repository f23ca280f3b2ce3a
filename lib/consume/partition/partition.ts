import { FASTSTREAM_ERR_SKIP } from '../../errors.js'
import type { ConsumedRecord, TransportConsumer } from '../../transport/transport.js'
import { encodeOffsetMap, type OffsetMap } from '../group/offset-map.js'
import { PartitionTracker, type Tracked } from './tracker.js'

/** What one partition may hold in memory. */
export interface BufferSettings {
  readonly messages: number
  readonly bytes: number
}

/** A record with its partition, from its arrival to its outcome. */
export class Work implements Tracked {
  readonly owner: OwnedPartition
  /** ms since the epoch */
  readonly receivedAt: number
  settled = false
  #record: ConsumedRecord | { readonly offset: bigint }

  constructor (owner: OwnedPartition, record: ConsumedRecord, receivedAt: number) {
    this.owner = owner
    this.#record = record
    this.receivedAt = receivedAt
  }

  /** Until it is settled. */
  get record (): ConsumedRecord {
    return this.#record as ConsumedRecord
  }

  get offset (): bigint {
    return this.#record.offset
  }

  forget (): void {
    this.#record = { offset: this.offset }
  }
}

/** How many messages may be settled behind one that is not, times `buffer.messages`. */
const UNSETTLED_SPAN = 10

/** Why a partition is not read until somebody says where to go on. */
export interface Stopped {
  readonly offset: bigint
  /** Where that could be, if it is known. */
  readonly nextOffset: bigint | undefined
  readonly error: Error
}

/** One partition while one generation lasts: what is settled in it, and what it holds in memory. */
export class OwnedPartition {
  readonly topic: string
  readonly partition: number
  /** Also the name of its lane, which outlives generations. */
  readonly name: string
  readonly tracker = new PartitionTracker<Work>()
  readonly #limits: BufferSettings
  readonly #consumer: TransportConsumer
  #settledAhead: OffsetMap | undefined
  #messages = 0
  #bytes = 0
  #paused = false
  #abandoned = false
  #stopped: Stopped | undefined

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

  /** Takes records in, stops the reading when that is enough, and gives what there is to do. */
  receive (records: readonly ConsumedRecord[], position: bigint, now: number): readonly Work[] {
    this.#begin(records[0])
    const all = records.map((record) => new Work(this, record, now))
    this.tracker.receive(all, position)
    const work = this.#settledAhead === undefined ? all : this.#unsettled(all, this.#settledAhead)
    this.#messages += work.length
    for (const { record: { size } } of work) this.#bytes += size
    if (!this.#paused && this.#fill >= 1) {
      this.#paused = true
      this.#consumer.pause(this)
    }
    return work
  }

  /** What was settled before this generation began. */
  leaveOut (settled: OffsetMap | undefined): void {
    this.#settledAhead = settled
  }

  /** What is told of another log tells nothing of this one. */
  #begin (first: ConsumedRecord | undefined): void {
    if (this.tracker.position === undefined && this.#settledAhead?.isBehind(first) !== true) this.#settledAhead = undefined
  }

  /** What goes with the watermark when it is committed. */
  get metadata (): string {
    const { oldest, position, settledAhead } = this.tracker
    if (oldest === undefined) return ''
    const unread = this.#settledAhead?.from(position!) ?? []
    return encodeOffsetMap(oldest.record, [...settledAhead, ...unread])
  }

  #unsettled (work: readonly Work[], settledAhead: OffsetMap): readonly Work[] {
    const unsettled: Work[] = []
    for (const each of work) {
      if (settledAhead.has(each.offset)) this.tracker.settle(each)
      else unsettled.push(each)
    }
    if (this.tracker.position! >= settledAhead.end) this.#settledAhead = undefined
    return unsettled
  }

  /** Lets a handled record go; reads on when half of the room is free. */
  release (size: number): void {
    this.#messages--
    this.#bytes -= size
    if (!this.#paused || this.tracker.revoked || this.#abandoned || this.#fill > 1 / 2) return
    this.#paused = false
    this.#consumer.resume(this)
  }

  /** Nobody handles its records any more. */
  abandon (): void {
    this.#abandoned = true
    this.#paused = true
    this.#consumer.pause(this)
  }

  /** The part of the room that is taken. What is settled behind a message that is not holds little memory, but not none. */
  get #fill (): number {
    const { messages, bytes } = this.#limits
    return Math.max(this.#messages / messages, this.#bytes / bytes, this.tracker.pending / (messages * UNSETTLED_SPAN))
  }

  /** The transport reads it no more. */
  stop (stopped: Stopped): void {
    this.#stopped = stopped
  }

  get stopped (): Stopped | undefined {
    return this.#stopped
  }

  /** Goes on at `offset`; what lies before it is not read. Throws `FASTSTREAM_ERR_SKIP` where that cannot be. */
  skipTo (offset: bigint): void {
    const { topic, partition } = this
    const { position } = this.tracker
    if (this.#stopped === undefined) throw new FASTSTREAM_ERR_SKIP(partition, topic, String(offset), 'it is being read')
    if (position !== undefined && offset < position) throw new FASTSTREAM_ERR_SKIP(partition, topic, String(offset), `what lies before ${position} was read`)
    this.#stopped = undefined
    this.#begin(undefined)
    this.tracker.receive([], offset)
    this.#consumer.seek({ topic, partition, offset })
  }

  /** How long ago the oldest record was received that is not settled, ms. */
  oldestAge (now: number): number {
    const { oldest } = this.tracker
    return oldest === undefined ? 0 : now - oldest.receivedAt
  }
}
