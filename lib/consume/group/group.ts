import { within } from '../../clock.js'
import { FASTSTREAM_ERR_SKIP } from '../../errors.js'
import { toError } from '../../to-error.js'
import { topicPartitionName } from '../../transport/topic-partition.js'
import {
  GenerationLostError, type ConsumedRecord, type ConsumerListener, type CorruptBatch, type OffsetReset, type StoredOffset, type TopicPartition,
  type TopicPartitionOffset, type TransportConsumer
} from '../../transport/transport.js'
import type { Environment } from '../environment.js'
import { Partition, type BufferSettings, type Stopped } from '../partition/partition.js'
import { SubscriberQueue } from '../partition/subscriber-queue.js'
import type { ErasedPipeline } from '../pipeline/pipeline.js'
import { Committer, type CommitSettings } from './committer.js'
import { GroupState } from './group-state.js'
import { subscriberHealth, type UnnamedHealth } from './health.js'
import { OffsetMap } from './offset-map.js'
import { reportReset } from './offset-reset.js'
import { Session } from './session.js'

export interface GroupSettings {
  readonly buffer: BufferSettings
  readonly commit: CommitSettings
  /** How long a rebalance waits for running handlers, ms. */
  readonly revokeDrain: number
}

export interface GroupEnvironment extends Environment {
  readonly settings: GroupSettings
}

/** The part of a drain's time that is kept for the last commit, ms. */
const LAST_COMMIT = 2000
/** How much longer than `drainTimeout` a close waits until the group is left, ms; leaving continues in the background. */
const LEAVE = 500

/**
 * The subscribers of one consumer group: what the transport hands over is tracked, queued, handled, settled and committed.
 * Only `revoking` makes the transport wait.
 */
export class Group implements ConsumerListener {
  readonly #groupId: string | null
  readonly #environment: GroupEnvironment
  readonly #queues: readonly SubscriberQueue[]
  readonly #queueOf = new Map<string, SubscriberQueue>()
  readonly #owned = new Map<string, Partition>()
  readonly #state: GroupState
  readonly #committer: Committer
  readonly #consumer: TransportConsumer
  #generation = 0
  #closing: Promise<void> | undefined

  constructor (groupId: string | null, pipelines: readonly ErasedPipeline[], consumer: (listener: ConsumerListener) => TransportConsumer, environment: GroupEnvironment) {
    const { settings, clock, log } = environment
    this.#groupId = groupId
    this.#environment = environment
    this.#state = new GroupState(clock)
    this.#consumer = consumer(this)
    this.#committer = new Committer(() => this.#owned.values(), (offsets) => this.#commit(offsets), settings.commit, environment)
    const session = new Session(groupId, this.#consumer, clock)
    const onStop = (queue: SubscriberQueue): void => { this.#stop(queue) }
    this.#queues = pipelines.map((pipeline) => new SubscriberQueue(pipeline, { session, committer: this.#committer, onStop, clock, log }))
    for (const queue of this.#queues) for (const topic of queue.topics) this.#queueOf.set(topic, queue)
  }

  /** Joins the group. Records are buffered, and none is handled, before {@link dispatch}. */
  async start (): Promise<void> {
    try {
      await this.#consumer.start()
    } catch (err) {
      this.#state.failed(toError(err))
      throw err
    }
  }

  dispatch (): void {
    for (const queue of this.#queues) queue.dispatch()
  }

  /** Stops reading, lets running handlers end within `drainTimeout` ms, commits, and leaves the group. */
  close (drainTimeout: number): Promise<void> {
    this.#closing ??= this.#close(drainTimeout)
    return this.#closing
  }

  async #close (drainTimeout: number): Promise<void> {
    this.#state.enter('closed')
    this.#consumer.stop()
    await this.#drain(drainTimeout, 'the app closes')
    this.#committer.stop()
    await within(this.#environment.clock, LEAVE, this.#consumer.close())
    this.#revokeAll()
  }

  /** Resumes a stopped partition; what lies before `offset` is not read. */
  skipTo ({ topic, partition, offset }: TopicPartitionOffset): void {
    // Not while the group rebalances: a skip in a partition that is about to be revoked would be lost with it.
    const reading = this.#state.state(this.#consumer.lastContact) === 'reading'
    const owned = reading ? this.#partition(topic, partition) : undefined
    if (owned === undefined) throw new FASTSTREAM_ERR_SKIP(partition, topic, String(offset), 'this process does not own it now, ask the one that does')
    const { stopped } = owned
    owned.skipTo(offset)
    const details = { groupId: this.#groupId, topic, partition, from: String(stopped?.offset), to: String(offset) }
    this.#environment.log.warn(details, 'reading goes on where it was told to')
    this.#committer.moved()
  }

  /** The health of the subscriber of `topics`. */
  health (topics: readonly string[]): UnnamedHealth {
    const queue = this.#queueOf.get(topics[0] as string) as SubscriberQueue
    const now = this.#environment.clock.now()
    return subscriberHealth(queue, { owned: this.#owned.values(), consumer: this.#consumer, groupState: this.#state, now })
  }

  assigned (partitions: readonly TopicPartition[]): void {
    this.#revokeAll()
    for (const each of partitions) {
      const queue = this.#queueOf.get(each.topic)
      if (queue === undefined) continue
      const partition = new Partition(each, queue, this.#consumer, this.#environment.settings.buffer)
      this.#owned.set(partition.name, partition)
      if (queue.stopped) partition.abandon()
    }
    if (this.#closing !== undefined) return
    this.#state.enter('reading')
    for (const queue of this.#queues) queue.thaw()
  }

  revoking (): Promise<void> {
    this.#state.enter('rebalancing')
    return this.#drain(this.#environment.settings.revokeDrain, 'its partition goes to another member of the group')
  }

  lost (): void {
    this.#state.enter('rebalancing')
    this.#revokeAll()
  }

  records (topic: string, partition: number, records: readonly ConsumedRecord[], position: bigint): void {
    const owned = this.#partition(topic, partition)
    if (owned === undefined) return
    const begins = owned.tracker.position === undefined
    owned.receive(records, position, this.#environment.clock.now())
    // Reading begins at the end of the log: after a crash before the next commit it would begin behind what is published until then.
    if (begins && records.length === 0) this.#committer.now()
    else if (owned.tracker.committable !== undefined) this.#committer.moved()
  }

  stored (topic: string, partition: number, offset: bigint, metadata: string | null): void {
    this.#partition(topic, partition)?.restore(OffsetMap.decode(offset, metadata))
  }

  corrupt (topic: string, partition: number, { offset, nextOffset, error }: CorruptBatch): void {
    const details = { err: error, topic, partition, offset: String(offset), nextOffset: String(nextOffset) }
    this.#environment.log.error(details, 'a batch is corrupt: its partition is paused, nothing of it is skipped')
    this.#stopped(topic, partition, { offset, nextOffset: nextOffset < 0n ? undefined : nextOffset, error })
  }

  reset (topic: string, partition: number, reset: OffsetReset): void {
    const stopped = reportReset({ groupId: this.#groupId, topic, partition, ...reset }, this.#environment.log)
    if (stopped !== undefined) this.#stopped(topic, partition, stopped)
  }

  failed (error: Error): void {
    this.#state.failed(error)
    this.#environment.log.error({ err: error }, 'the consumer failed and is started again')
  }

  #partition (topic: string, partition: number): Partition | undefined {
    return this.#owned.get(topicPartitionName({ topic, partition }))
  }

  #stopped (topic: string, partition: number, stopped: Stopped): void {
    this.#state.noted(stopped.error)
    this.#partition(topic, partition)?.stop(stopped)
  }

  async #commit (offsets: readonly StoredOffset[]): Promise<void> {
    try {
      await this.#consumer.commit(offsets)
    } catch (err) {
      if (!(err instanceof GenerationLostError)) this.#state.noted(toError(err))
      throw err
    }
  }

  /** Leaves the group when the queue is its only one. Otherwise the queue's partitions stay assigned, because the consumer reads for all. */
  #stop (queue: SubscriberQueue): void {
    if (queue.stopped) return
    this.#environment.log.info({ groupId: this.#groupId, topics: queue.topics }, 'a handler has stopped its subscriber')
    queue.stop()
    for (const partition of this.#owned.values()) if (queue.topics.includes(partition.topic)) partition.abandon()
    if (this.#queues.length === 1) this.close(this.#environment.settings.revokeDrain)
  }

  /** Ends the waits for retries, lets running handlers end within `timeout` ms, then commits what is settled. */
  async #drain (timeout: number, reason: string): Promise<void> {
    const { clock, log } = this.#environment
    for (const queue of this.#queues) queue.freeze()
    for (const queue of this.#queues) queue.halt()
    const generation = this.#generation
    const end = clock.now() + timeout
    const patience = timeout - Math.min(LAST_COMMIT, timeout / 4)
    const ended = await within(clock, patience, Promise.all(this.#queues.map(({ lanes }) => lanes.idle())))
    // Partitions were lost meanwhile: the handlers of that generation were given up, and those that run now belong to the next one.
    if (generation !== this.#generation) return
    if (!ended) {
      log.warn({ timeout: patience, unsettled: this.#unsettled() }, 'handlers did not end in time: their messages will come again')
      for (const { pipeline } of this.#queues) pipeline.giveUp(reason)
    }
    await this.#committer.flush(end - clock.now())
  }

  /** The first unsettled offset of each partition. */
  #unsettled (): object[] {
    const unsettled = []
    for (const { topic, partition, tracker: { oldest } } of this.#owned.values()) {
      if (oldest !== undefined) unsettled.push({ topic, partition, offset: String(oldest.offset) })
    }
    return unsettled
  }

  /** Ends the generation: its results change nothing any more, and its queued records are dropped, to be redelivered. */
  #revokeAll (): void {
    this.#generation++
    for (const queue of this.#queues) queue.halt()
    for (const { tracker } of this.#owned.values()) tracker.revoke()
    this.#owned.clear()
    for (const { lanes, pipeline } of this.#queues) {
      lanes.clear()
      pipeline.giveUp('its partition is no longer ours')
    }
  }
}
