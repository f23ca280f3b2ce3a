import { FASTSTREAM_ERR_SKIP } from '../../errors.js'
import type { BufferSettings, Ordering } from '../../options/settings.js'
import { topicPartitionName } from '../../transport/topic-partition.js'
import type { ConsumedRecord, TopicPartition, TransportConsumer } from '../../transport/transport.js'
import { encodeOffsetMap, type OffsetMap } from '../group/offset-map.js'
import type { Lanes } from './lanes.js'
import { TrackedRecord, type LaneItem } from './tracked-record.js'
import { PartitionTracker } from './tracker.js'

/** How many records may be settled behind an unsettled one, times `buffer.messages`. */
const UNSETTLED_SPAN = 10

/** Why a partition is not read until `skipTo`. */
export interface Stopped {
  readonly offset: bigint
  /** Where reading could go on; undefined when that is not known. */
  readonly nextOffset: bigint | undefined
  readonly error: Error
}

/** Where a partition's records wait for their turn. */
interface RecordQueue {
  readonly ordering: Ordering
  readonly lanes: Lanes<LaneItem>
}

/** An assigned partition during one generation: what is settled in it, and what it holds in memory. */
export class Partition implements TopicPartition {
  readonly topic: string
  readonly partition: number
  /** Also the name of its lane, which outlives generations. */
  readonly name: string
  readonly tracker = new PartitionTracker<TrackedRecord>()
  readonly #queue: RecordQueue
  readonly #consumer: TransportConsumer
  readonly #limits: BufferSettings
  /** What earlier generations settled behind the committed offset. */
  #offsetMap: OffsetMap | undefined
  #messages = 0
  #bytes = 0
  #paused = false
  #abandoned = false
  #stopped: Stopped | undefined

  constructor (at: TopicPartition, queue: RecordQueue, consumer: TransportConsumer, limits: BufferSettings) {
    const { topic, partition } = at
    this.topic = topic
    this.partition = partition
    this.name = topicPartitionName({ topic, partition })
    this.#queue = queue
    this.#consumer = consumer
    this.#limits = limits
  }

  /** Tracks records, queues the unsettled ones, and pauses the reading when the buffer is full. */
  receive (records: readonly ConsumedRecord[], position: bigint, now: number): void {
    this.#begin(records[0])
    const tracked = records.map((record) => new TrackedRecord(this, record, now))
    this.tracker.receive(tracked, position)
    const unsettled = this.#offsetMap === undefined ? tracked : this.#settleKnown(tracked, this.#offsetMap)
    this.#messages += unsettled.length
    for (const { record: { size } } of unsettled) this.#bytes += size
    if (!this.#paused && this.#fill >= 1) {
      this.#paused = true
      this.#consumer.pause(this)
    }
    this.#enqueue(unsettled)
  }

  /** Takes over what earlier generations settled, as the committed metadata tells. */
  restore (offsetMap: OffsetMap | undefined): void {
    this.#offsetMap = offsetMap
  }

  /** The metadata to commit with the watermark. */
  get metadata (): string {
    const { oldest, position, settledAhead } = this.tracker
    if (oldest === undefined) return ''
    const unread = this.#offsetMap?.from(position!) ?? []
    return encodeOffsetMap(oldest.record, [...settledAhead, ...unread])
  }

  /** Frees the room of a handled record; resumes the reading when half of the buffer is free. */
  release (size: number): void {
    this.#messages--
    this.#bytes -= size
    if (!this.#paused || this.tracker.revoked || this.#abandoned || this.#fill > 1 / 2) return
    this.#paused = false
    this.#consumer.resume(this)
  }

  /** Pauses the reading for good: its subscriber is stopped. */
  abandon (): void {
    this.#abandoned = true
    this.#paused = true
    this.#consumer.pause(this)
  }

  /** Remembers why the transport reads no further. */
  stop (stopped: Stopped): void {
    this.#stopped = stopped
  }

  get stopped (): Stopped | undefined {
    return this.#stopped
  }

  /**
   * Resumes a stopped partition at `offset`; what lies before it is not read.
   *
   * @throws FASTSTREAM_ERR_SKIP when the partition is not stopped, or `offset` lies before its position
   */
  skipTo (offset: bigint): void {
    const { topic, partition } = this
    const { position } = this.tracker
    if (this.#stopped === undefined) throw new FASTSTREAM_ERR_SKIP(partition, topic, String(offset), 'it is being read')
    if (position !== undefined && offset < position) {
      throw new FASTSTREAM_ERR_SKIP(partition, topic, String(offset), `what lies before ${position} was read`)
    }
    this.#stopped = undefined
    this.#begin(undefined)
    this.tracker.receive([], offset)
    this.#consumer.seek({ topic, partition, offset })
  }

  /** How long ago the oldest unsettled record was received, ms. */
  oldestAge (now: number): number {
    const { oldest } = this.tracker
    return oldest === undefined ? 0 : now - oldest.receivedAt
  }

  /**
   * Drops an offset map of another log: the topic was recreated, or the offsets were copied from another cluster.
   */
  #begin (first: ConsumedRecord | undefined): void {
    if (this.tracker.position === undefined && this.#offsetMap?.isBehind(first) !== true) this.#offsetMap = undefined
  }

  /** Settles what earlier generations have settled, and returns the rest. */
  #settleKnown (records: readonly TrackedRecord[], offsetMap: OffsetMap): readonly TrackedRecord[] {
    const unsettled: TrackedRecord[] = []
    for (const record of records) {
      if (offsetMap.has(record.offset)) this.tracker.settle(record)
      else unsettled.push(record)
    }
    if (this.tracker.position! >= offsetMap.end) this.#offsetMap = undefined
    return unsettled
  }

  #enqueue (records: readonly TrackedRecord[]): void {
    const { lanes, ordering } = this.#queue
    if (ordering === 'partition') lanes.push(this.name, this.name, records)
    else for (const record of records) lanes.push(this.name, this.#laneOf(record, ordering), [record])
    lanes.dispatch()
  }

  /**
   * Keys are compared by bytes: as text, two keys that are not UTF-8 could be equal. A record without a key has a
   * lane of its own.
   */
  #laneOf ({ record: { key, offset } }: TrackedRecord, ordering: Ordering): string {
    return ordering === 'key' && key !== null ? `${this.name}=${key.toString('latin1')}` : `${this.name}@${offset}`
  }

  /**
   * The part of the buffer that is taken. Records settled behind an unsettled one count too, at a lower rate: each of
   * them keeps some memory.
   */
  get #fill (): number {
    const { messages, bytes } = this.#limits
    return Math.max(this.#messages / messages, this.#bytes / bytes, this.tracker.pending / (messages * UNSETTLED_SPAN))
  }
}
