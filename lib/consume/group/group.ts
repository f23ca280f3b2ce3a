import { within } from '../../clock.js'
import { toError } from '../../to-error.js'
import { topicPartitionName } from '../../transport/topic-partition.js'
import type {
  ConsumedRecord, ConsumerListener, CorruptBatch, OffsetReset, TopicPartition, TopicPartitionOffset, TransportConsumer
} from '../../transport/transport.js'
import type { Partition } from '../partition/partition.js'
import { Pace } from '../partition/pace.js'
import { Queues } from '../partition/queues.js'
import { SubscriberQueue, type QueueEnvironment } from '../partition/subscriber-queue.js'
import type { ErasedPipeline } from '../pipeline/pipeline.js'
import { Committer } from './committer.js'
import { drain } from './drain.js'
import { GroupState } from './group-state.js'
import { subscriberHealth, type UnnamedHealth } from './health.js'
import { OffsetMap } from './offset-map.js'
import { OwnedPartitions } from './owned-partitions.js'
import type { GroupEnvironment } from './parts.js'
import { Pauses } from './pauses.js'
import { GroupReport } from './report.js'
import { Session } from './session.js'
import { Stops } from './stops.js'
import { TopicChanges, type SeekTo } from './topic-changes.js'

/** How much longer than `drainTimeout` a close waits to leave the group, ms; leaving goes on in the background. */
const LEAVE = 500

/**
 * The subscribers of one consumer group: what the transport hands over is tracked, queued, handled, settled and
 * committed. Only `revoking` makes the transport wait.
 */
export class Group implements ConsumerListener {
  readonly groupId: string | null
  readonly pauses: Pauses
  readonly pace: Pace
  readonly #environment: GroupEnvironment
  readonly #report: GroupReport
  readonly #queues = new Queues()
  readonly #shared: QueueEnvironment
  readonly #owned: OwnedPartitions
  readonly #state: GroupState
  readonly #committer: Committer
  readonly #consumer: TransportConsumer
  readonly #stops: Stops
  readonly #changes: TopicChanges
  #dispatching = false
  #started = false
  #closing: Promise<void> | undefined

  constructor (
    groupId: string | null, pipelines: readonly ErasedPipeline[],
    createConsumer: (listener: ConsumerListener) => TransportConsumer, environment: GroupEnvironment
  ) {
    this.groupId = groupId
    this.#environment = environment
    this.#report = new GroupReport(groupId, pipelines.map(({ plan }) => plan.name), environment)
    this.#owned = new OwnedPartitions(environment)
    const { clock, settings } = environment
    this.#state = new GroupState(clock, settings, (...change) => { this.#report.stateChanged(...change) })
    this.#consumer = createConsumer(this)
    const [owned, consumer, state, report] = [this.#owned, this.#consumer, this.#state, this.#report]
    const parts = { groupId, owned, consumer, state, report, environment }
    this.#stops = new Stops(parts)
    this.pauses = new Pauses(this.#queues, this.#owned, parts)
    this.#changes = new TopicChanges(this.#queues, this.#consumer)
    this.#committer = new Committer(parts)
    const session = new Session(groupId, this.#consumer, clock, settings.sessionTimeout)
    const onStop = (queue: SubscriberQueue): void => { this.#stop(queue) }
    this.pace = new Pace(clock)
    this.#shared = { ...environment, session, committer: this.#committer, pace: this.pace, onStop }
    for (const pipeline of pipelines) this.#queues.add(new SubscriberQueue(pipeline, this.#shared))
  }

  /** Joins the group. Records are buffered, and none is handled, before {@link dispatch}. */
  async start (): Promise<void> {
    this.#report.rebalancing('joined')
    try {
      await this.#consumer.start()
      this.#started = true
    } catch (err) {
      this.#state.failed(toError(err))
      throw err
    }
  }

  /** Why the group was not joined yet, when that is no wait for its other members. */
  get unreached (): Error | undefined {
    return this.#started ? undefined : this.#consumer.unreached
  }

  dispatch (): void {
    this.#dispatching = true
    this.#queues.dispatch()
  }

  /** Reads topics of one more subscriber after a rebalance. Rejects when the cluster refuses them; the others go on. */
  async add (pipeline: ErasedPipeline, paused = false): Promise<void> {
    const queue = new SubscriberQueue(pipeline, this.#shared)
    if (paused) queue.pause()
    if (this.#dispatching) queue.dispatch()
    await this.#changes.add(queue)
  }

  /** Stops the subscriber of `topics`; what runs may end. The group rebalances and reads its topics no more. */
  async remove (topics: readonly string[]): Promise<void> {
    const queue = this.#queueOf(topics)
    if (queue === undefined) return
    this.#end(queue)
    await this.#changes.remove(queue)
  }

  /** Whether it leaves the group, or has left it. */
  get closing (): boolean {
    return this.#closing !== undefined
  }

  /** Stops reading, lets running handlers end within `drainTimeout` ms, commits, and leaves the group. */
  close (drainTimeout: number): Promise<void> {
    return (this.#closing ??= this.#close(drainTimeout))
  }

  async #close (drainTimeout: number): Promise<void> {
    this.#state.enter('closed')
    this.#consumer.stop()
    await this.#drain('close', drainTimeout)
    this.pace.share(1)
    this.#committer.stop()
    await within(this.#environment.clock, LEAVE, this.#consumer.close())
    this.#revokeAll()
  }

  /** Resumes a stopped partition; what lies before `offset` is not read. */
  skipTo (to: TopicPartitionOffset): void {
    this.#stops.skipTo(to, this.#state.state(this.#consumer.lastContact) === 'reading')
    this.#committer.moved()
  }

  /** Moves the positions of a subscriber's partitions. What its reader has not settled is given up. */
  async seek (topics: readonly string[], to: SeekTo): Promise<void> {
    const queue = this.#queueOf(topics)!
    await this.#changes.seek(queue, to, () => this.#owned.of(queue))
  }

  /** The health of the subscriber of `topics`. */
  health (topics: readonly string[]): UnnamedHealth {
    const queue = this.#queueOf(topics)!
    const parts = { owned: this.#owned.of(queue), consumer: this.#consumer, groupState: this.#state }
    return subscriberHealth(queue, { ...parts, now: this.#environment.clock.elapsed() })
  }

  assigned (partitions: readonly TopicPartition[]): void {
    this.#revokeAll()
    for (const each of partitions) {
      const queue = this.#queues.of(each.topic)
      if (queue !== undefined) this.#owned.own(each, queue, this.#consumer)
    }
    this.#report.rebalanced(this.#owned.values())
    if (this.#closing !== undefined) return
    this.#state.enter('reading')
    for (const queue of this.#queues.reading) queue.assigned(this.#owned.of(queue))
    this.#queues.thaw()
  }

  revoking (): Promise<void> {
    this.#report.rebalancing('revoked')
    this.#state.enter('rebalancing')
    return this.#drain('rebalance', this.#environment.settings.revokeDrain)
  }

  lost (): void {
    this.#report.rebalancing('lost')
    this.#state.enter('rebalancing')
    this.#revokeAll()
  }

  records (topic: string, partition: number, records: readonly ConsumedRecord[], position: bigint): void {
    const owned = this.#partition(topic, partition)
    if (owned === undefined) return
    this.#report.received(topic, partition, records.length, position)
    const begins = owned.tracker.position === undefined
    const restored = owned.receive(records, position, this.#environment.clock.elapsed())
    if (restored !== undefined) this.#report.restored(owned, records[0]!.offset, restored)
    // Reading begins at the end of the log: after a crash before the next commit it would begin behind what is
    // published until then.
    if (begins && records.length === 0) this.#committer.now()
    else if (owned.tracker.committable !== undefined) this.#committer.moved()
  }

  stored (topic: string, partition: number, offset: bigint, metadata: string | null): void {
    this.#partition(topic, partition)?.restore(OffsetMap.decode(offset, metadata))
  }

  corrupt (topic: string, partition: number, batch: CorruptBatch): void {
    this.#stops.corrupt(topic, partition, batch)
  }

  reset (topic: string, partition: number, reset: OffsetReset): void {
    this.#stops.reset(topic, partition, reset)
  }

  failed (error: Error, again = true): void {
    if (again) {
      this.#state.failed(error)
      this.#report.consumerFailed(error)
      return
    }
    this.#state.ended(error)
    this.#report.consumerEnded(error)
    this.#queues.endReading(error)
    for (const { pipeline } of this.#queues.reading) this.#report.subscriberStopped(pipeline.plan)
  }

  #partition (topic: string, partition: number): Partition | undefined {
    return this.#owned.get(topicPartitionName({ topic, partition }))
  }

  /**
   * Leaves the group when the queue is its only one. Otherwise the queue's partitions stay assigned, because the
   * consumer reads for all.
   */
  #stop (queue: SubscriberQueue): void {
    if (queue.stopped) return
    this.#report.subscriberStopped(queue.pipeline.plan)
    this.#end(queue)
    if (this.#queues.reading.size === 1) this.close(this.#environment.settings.revokeDrain)
  }

  /** Reads and starts nothing more of it. */
  #end (queue: SubscriberQueue): void {
    queue.stop()
    for (const partition of this.#owned.of(queue)) partition.abandon()
  }

  /** Each topic of a group has one subscriber, so that any of its topics names it. */
  #queueOf ([topic = '']: readonly string[]): SubscriberQueue | undefined {
    return this.#queues.of(topic)
  }

  #drain (reason: 'rebalance' | 'close', timeout: number): Promise<void> {
    const [queues, owned, committer, report] = [this.#queues, this.#owned, this.#committer, this.#report]
    return drain(reason, timeout, { queues, owned, committer, report, environment: this.#environment })
  }

  /** Ends the generation: its results change nothing any more, and its queued records are dropped and redelivered. */
  #revokeAll (): void {
    this.#owned.revokeAll()
    this.#queues.revoke('its partition is no longer ours')
  }
}
