import { FASTSTREAM_ERR_SKIP } from '../../errors.js'
import { topicPartitionName } from '../../transport/topic-partition.js'
import {
  type ConsumedRecord, MAX_RECORDS, type TopicPartition, type TransportConsumer
} from '../../transport/transport.js'
import { encodeOffsetMap, type OffsetMap } from '../group/offset-map.js'
import { type BufferLimits, PartitionBuffer } from './buffer.js'
import { createIntake, type Intake, type IntakeQueue } from './intake.js'
import { type Standstill, StandstillTimer } from './standstill.js'
import { TrackedRecord } from './tracked-record.js'
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

/** What the metadata of the committed offset says. */
export interface Restored {
  /** How many messages behind the offset an earlier owner of the partition has settled. */
  readonly count: number
  /** False: no owner can have settled these messages. They are handled. */
  readonly isPossible: boolean
}

/** An assigned partition during one generation: what is settled in it, and what it holds in memory. */
export class Partition implements TopicPartition {
  readonly topic: string
  readonly partition: number
  /** Also the name of its lane, which outlives generations. */
  readonly name: string
  readonly tracker = new PartitionTracker<TrackedRecord>()
  readonly #queue: IntakeQueue
  readonly #intake: Intake
  readonly #consumer: TransportConsumer
  readonly #limits: BufferLimits
  readonly #buffer: PartitionBuffer
  /** What earlier generations settled behind the committed offset. */
  #offsetMap: OffsetMap | undefined
  /** The buffer has no room. */
  #full = false
  /** The subscriber is paused. */
  #held = false
  #abandoned = false
  #stopped: Stopped | undefined
  readonly #timer: StandstillTimer

  /** `standstill`: of the partition in the last generation of this member. */
  constructor (
    at: TopicPartition, queue: IntakeQueue, consumer: TransportConsumer, limits: BufferLimits, standstill?: Standstill
  ) {
    const { topic, partition } = at
    this.topic = topic
    this.partition = partition
    this.name = topicPartitionName({ topic, partition })
    this.#queue = queue
    this.#intake = createIntake(queue, this)
    this.#consumer = consumer
    this.#limits = limits
    this.#buffer = new PartitionBuffer(limits)
    this.#timer = new StandstillTimer(this.tracker, standstill)
  }

  /**
   * Tracks records, queues the unsettled ones, and pauses the reading when the buffer is full. Returns what earlier
   * generations have settled when these are the first records.
   */
  receive (records: readonly ConsumedRecord[], position: bigint, now: number): Restored | undefined {
    const restored = this.#begin(records[0])
    const tracked = records.map((record) => new TrackedRecord(this, record, now))
    this.tracker.receive(tracked, position)
    const unsettled = this.#offsetMap === undefined ? tracked : this.#settleKnown(tracked, this.#offsetMap)
    let bytes = 0
    for (const { record: { size } } of unsettled) bytes += size
    this.#buffer.add(unsettled.length, bytes)
    if (!this.#full && this.#fill >= 1) {
      this.#full = true
      this.#consumer.pause(this)
    }
    this.#timer.changed(now)
    this.#intake.add(unsettled)
    // No record will follow that a batch could wait for.
    if (this.#full) this.#intake.flush()
    this.#queue.lanes.dispatch()
    return restored
  }

  /** Settles a record. False when it was settled before, or when the partition was revoked. */
  settle (record: TrackedRecord, now: number): boolean {
    if (!this.tracker.settle(record)) return false
    this.#timer.changed(now)
    return true
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
    return encodeOffsetMap(oldest.record, [...settledAhead, ...unread].slice(0, this.#mostPending))
  }

  /** Frees the room of handled records; resumes the reading when half of the buffer is free. */
  release (size: number, records: number): void {
    this.#buffer.remove(size, records)
    if (!this.#full || this.tracker.revoked || this.#abandoned || this.#fill > 1 / 2) return
    this.#full = false
    if (!this.#held) this.#consumer.resume(this)
  }

  /** Pauses the reading until {@link unhold}: the subscriber is paused, and nothing has to move. */
  hold (): void {
    this.#held = true
    this.#consumer.pause(this)
  }

  /** Resumes the reading, unless the buffer is full. `now`: ms; a standstill counts from then on. */
  unhold (now: number): void {
    this.#held = false
    this.#timer.restart(now)
    if (!this.#full) this.#consumer.resume(this)
  }

  /** Pauses the reading for good: its subscriber is stopped. */
  abandon (): void {
    this.#buffer.close()
    this.#intake.close()
    this.#abandoned = true
    this.#full = true
    this.#consumer.pause(this)
  }

  /** Ends the generation: its results change nothing any more. */
  revoke (): void {
    this.#buffer.close()
    this.#intake.close()
    this.tracker.revoke()
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

  /** How long the watermark has not moved although there are messages behind it, ms. A paused one need not move. */
  stalledFor (now: number): number {
    if (this.#held) return 0
    const since = this.#timer.since(this.#consumer.progress(this).behindSince)
    return since === undefined ? 0 : now - since
  }

  /** For the next generation. */
  get standstill (): Standstill | undefined {
    return this.#timer.current
  }

  /**
   * Drops an offset map of another log: the topic was recreated, or the offsets were copied from another cluster.
   * Drops one, too, that no owner of the partition can have written: any client that may commit can write it.
   */
  #begin (first: ConsumedRecord | undefined): Restored | undefined {
    const offsetMap = this.#offsetMap
    if (this.tracker.position !== undefined || offsetMap === undefined) return undefined
    this.#offsetMap = undefined
    const { count, last } = offsetMap
    if (!offsetMap.isBehind(first) || last === undefined) return undefined
    const { end } = this.#consumer.progress(this)
    const isPossible = count <= this.#mostPending && (end === undefined || last < end)
    if (isPossible) this.#offsetMap = offsetMap
    return { count, isPossible }
  }

  /** How many records of the partition can be in memory at most: those behind an unsettled one, and one more fetch. */
  get #mostPending (): number {
    return this.#limits.messages * UNSETTLED_SPAN + MAX_RECORDS
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

  /**
   * The part of the buffer that is taken. Records settled behind an unsettled one count too, at a lower rate: each of
   * them keeps some memory.
   */
  get #fill (): number {
    return Math.max(this.#buffer.fill, this.tracker.pending / (this.#limits.messages * UNSETTLED_SPAN))
  }
}
