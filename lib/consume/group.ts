import { setMaxListeners } from 'node:events'
import { within, type Clock } from '../clock.js'
import type { Log } from '../log.js'
import type {
  ConsumedRecord, ConsumerListener, CorruptBatch, TopicPartition, TransportConsumer, TopicPartitionOffset
} from '../transport/transport.js'
import { Committer, type CommitSettings } from './committer.js'
import { Lanes } from './lanes.js'
import { OwnedPartition, type BufferSettings } from './owned-partition.js'
import type { Pipeline } from './pipeline.js'
import type { Tracked } from './tracker.js'

export interface GroupSettings {
  readonly buffer: BufferSettings
  readonly commit: CommitSettings
  /** How long a rebalance waits for running handlers, ms. */
  readonly revokeDrain: number
}

/** One subscriber's share of a group. */
export interface Member {
  readonly topics: readonly string[]
  readonly concurrency: number
  readonly pipeline: Pipeline
}

/** A record with its partition, from its arrival to its outcome. */
class Work implements Tracked {
  readonly owner: OwnedPartition
  readonly record: ConsumedRecord
  settled = false

  constructor (owner: OwnedPartition, record: ConsumedRecord) {
    this.owner = owner
    this.record = record
  }

  get offset (): bigint {
    return this.record.offset
  }
}

/** Kept of the time in which a group drains for its last commit, ms. */
const LAST_COMMIT = 2000
/** What leaving the group may take beyond that, ms; it goes on when that is not enough. */
const LEAVE = 500

/**
 * The subscribers of one consumer group: what the transport hands over is tracked, queued, handled, settled and committed.
 * Nothing here makes the transport wait, but `revoking`.
 */
export class Group implements ConsumerListener {
  readonly #settings: GroupSettings
  readonly #clock: Clock
  readonly #log: Log
  readonly #members = new Map<string, { pipeline: Pipeline, lanes: Lanes<Work> }>()
  readonly #lanes: ReadonlyArray<Lanes<Work>>
  readonly #owned = new Map<string, OwnedPartition>()
  readonly #committer: Committer
  readonly #consumer: TransportConsumer
  #halt = halter()
  #dispatching = false
  #closing: Promise<void> | undefined

  constructor (members: readonly Member[], consumer: (listener: ConsumerListener) => TransportConsumer, settings: GroupSettings, clock: Clock, log: Log) {
    this.#settings = settings
    this.#clock = clock
    this.#log = log
    this.#lanes = members.map(({ topics, concurrency, pipeline }) => {
      const lanes = new Lanes<Work>(concurrency, (work) => this.#run(pipeline, work))
      for (const topic of topics) this.#members.set(topic, { pipeline, lanes })
      return lanes
    })
    this.#consumer = consumer(this)
    this.#committer = new Committer(() => this.#owned.values(), (offsets: readonly TopicPartitionOffset[]) => this.#consumer.commit(offsets), settings.commit, clock, log)
  }

  /** Joins the group. Records are buffered, and none is handled, before {@link dispatch}. */
  start (): Promise<void> {
    return this.#consumer.start()
  }

  dispatch (): void {
    this.#dispatching = true
    for (const lanes of this.#lanes) lanes.dispatch()
  }

  /** Reads no more, lets running handlers end within `drainTimeout` ms, commits, leaves the group. */
  close (drainTimeout: number): Promise<void> {
    this.#closing ??= this.#close(drainTimeout)
    return this.#closing
  }

  async #close (drainTimeout: number): Promise<void> {
    this.#consumer.stop()
    await this.#drain(drainTimeout)
    this.#committer.stop()
    await within(this.#clock, LEAVE, this.#consumer.close())
    this.#revokeAll()
  }

  assigned (partitions: readonly TopicPartition[]): void {
    this.#revokeAll()
    for (const { topic, partition } of partitions) {
      const owner = new OwnedPartition(topic, partition, this.#settings.buffer, this.#consumer)
      this.#owned.set(owner.name, owner)
    }
    if (this.#closing !== undefined) return
    this.#halt = halter()
    for (const lanes of this.#lanes) lanes.thaw()
  }

  revoking (): Promise<void> {
    return this.#drain(this.#settings.revokeDrain)
  }

  lost (): void {
    this.#revokeAll()
  }

  records (topic: string, partition: number, records: readonly ConsumedRecord[], position: bigint): void {
    const owner = this.#owned.get(OwnedPartition.nameOf(topic, partition))
    const member = this.#members.get(topic)
    if (owner === undefined || member === undefined) return
    const work = records.map((record) => new Work(owner, record))
    owner.receive(work, position)
    if (owner.tracker.committable !== undefined) this.#committer.moved()
    member.lanes.push(owner.name, work)
    if (this.#dispatching) member.lanes.dispatch()
  }

  corrupt (topic: string, partition: number, { offset, nextOffset, error }: CorruptBatch): void {
    this.#log.error({ err: error, topic, partition, offset: String(offset), nextOffset: String(nextOffset) }, 'a batch is corrupt: its partition is paused, nothing of it is skipped')
  }

  failed (error: Error): void {
    this.#log.error({ err: error }, 'the consumer failed and is started again')
  }

  async #run (pipeline: Pipeline, work: Work): Promise<void> {
    const { owner, record } = work
    try {
      const settled = await pipeline.run(owner.topic, owner.partition, record, this.#halt.signal)
      if (settled && owner.tracker.settle(work)) this.#committer.moved()
    } catch (err) {
      // A pipeline does not reject. If it does, its message stays unsettled, and nothing behind it is committed.
      this.#log.error({ err, topic: owner.topic, partition: owner.partition, offset: String(record.offset) }, 'a message was left unsettled by an error that nobody expected')
    }
    owner.release(record)
  }

  /** What runs may end within `timeout` ms, what waits for another try stops waiting; then all that is settled is committed. */
  async #drain (timeout: number): Promise<void> {
    for (const lanes of this.#lanes) lanes.freeze()
    this.#halt.abort()
    const end = this.#clock.now() + timeout
    const patience = timeout - Math.min(LAST_COMMIT, timeout / 4)
    const ended = await within(this.#clock, patience, Promise.all(this.#lanes.map((lanes) => lanes.idle())))
    if (!ended) this.#log.warn({ timeout: patience, running: this.#running() }, 'handlers did not end in time: their messages will come again')
    await this.#committer.flush(end - this.#clock.now())
  }

  #running (): object[] {
    const running = []
    for (const { topic, partition, tracker: { oldest } } of this.#owned.values()) {
      if (oldest !== undefined) running.push({ topic, partition, offset: String(oldest.offset) })
    }
    return running
  }

  /** From now on results of this generation move nothing, and what waits in its queues is dropped: it will come again. */
  #revokeAll (): void {
    this.#halt.abort()
    for (const owner of this.#owned.values()) owner.tracker.revoke()
    this.#owned.clear()
    for (const lanes of this.#lanes) lanes.clear()
  }
}

/** Any number of messages may wait for their next try: a listener each is no leak. */
function halter (): AbortController {
  const halt = new AbortController()
  setMaxListeners(0, halt.signal)
  return halt
}
