import { within, type Clock } from '../../clock.js'
import { FASTSTREAM_ERR_SKIP } from '../../errors.js'
import type { Log } from '../../log.js'
import { toError } from '../../to-error.js'
import {
  GenerationLostError, type ConsumedRecord, type ConsumerListener, type CorruptBatch, type OffsetReset, type TopicPartition, type StoredOffset, type TransportConsumer, type TopicPartitionOffset
} from '../../transport/transport.js'
import { Committer, type CommitSettings } from './committer.js'
import { GroupState } from './group-state.js'
import { subscriberHealth, type UnnamedHealth } from './health.js'
import { reportReset } from './offset-reset.js'
import { OwnedPartition, type BufferSettings, type Stopped } from '../partition/partition.js'
import { Session } from './session.js'
import { OffsetMap } from './offset-map.js'
import { Subscribers, type GroupSubscriber, type RunningSubscriber } from '../partition/subscriber-queue.js'
import { Worker } from '../partition/worker.js'

export interface GroupSettings {
  readonly buffer: BufferSettings
  readonly commit: CommitSettings
  /** How long a rebalance waits for running handlers, ms. */
  readonly revokeDrain: number
}

/** How much of the time to drain is kept for the last commit, ms. */
const LAST_COMMIT = 2000
/** How long a close waits for the group to be left, beyond that, ms; leaving goes on when that is not enough. */
const LEAVE = 500

/**
 * The subscribers of one consumer group: what the transport hands over is tracked, queued, handled, settled and committed.
 * Nothing here makes the transport wait, but `revoking`.
 */
export class Group implements ConsumerListener {
  readonly #groupId: string | null
  readonly #subscribers: Subscribers
  readonly #settings: GroupSettings
  readonly #clock: Clock
  readonly #log: Log
  readonly #owned = new Map<string, OwnedPartition>()
  readonly #condition: GroupState
  readonly #committer: Committer
  readonly #consumer: TransportConsumer
  #generation = 0
  #closing: Promise<void> | undefined

  constructor (groupId: string | null, subscribers: readonly GroupSubscriber[], consumer: (listener: ConsumerListener) => TransportConsumer, settings: GroupSettings, clock: Clock, log: Log) {
    this.#groupId = groupId
    this.#subscribers = new Subscribers(subscribers, (subscriber, work, pause) => worker.run(subscriber, work, pause))
    this.#settings = settings
    this.#clock = clock
    this.#log = log
    this.#condition = new GroupState(clock)
    this.#consumer = consumer(this)
    this.#committer = new Committer(() => this.#owned.values(), (offsets) => this.#commit(offsets), settings.commit, clock, log)
    const worker = new Worker(new Session(groupId, this.#consumer, clock), this.#committer, (subscriber) => { this.#stop(subscriber) }, clock, log)
  }

  /** Joins the group. Records are buffered, and none is handled, before {@link dispatch}. */
  async start (): Promise<void> {
    try {
      await this.#consumer.start()
    } catch (err) {
      this.#condition.failed(toError(err))
      throw err
    }
  }

  dispatch (): void {
    this.#subscribers.dispatch()
  }

  /** Reads no more, lets running handlers end within `drainTimeout` ms, commits, leaves the group. */
  close (drainTimeout: number): Promise<void> {
    this.#closing ??= this.#close(drainTimeout)
    return this.#closing
  }

  async #close (drainTimeout: number): Promise<void> {
    this.#condition.enter('closed')
    this.#consumer.stop()
    await this.#drain(drainTimeout, 'the app closes')
    this.#committer.stop()
    await within(this.#clock, LEAVE, this.#consumer.close())
    this.#revokeAll()
  }

  /** Reads on where reading has stopped; what lies before `offset` is not read. */
  skipTo ({ topic, partition, offset }: TopicPartitionOffset): void {
    // What was owned before a rebalance is given back: that it was skipped would be forgotten with it.
    const reading = this.#condition.state(this.#consumer.lastContact) === 'reading'
    const owner = reading ? this.#ownerOf(topic, partition) : undefined
    if (owner === undefined) throw new FASTSTREAM_ERR_SKIP(partition, topic, String(offset), 'this process does not own it now, ask the one that does')
    const { stopped } = owner
    owner.skipTo(offset)
    this.#log.warn({ groupId: this.#groupId, topic, partition, from: String(stopped?.offset), to: String(offset) }, 'reading goes on where it was told to')
    this.#committer.moved()
  }

  /** Of the subscriber of `topics`. */
  health (topics: readonly string[]): UnnamedHealth {
    return subscriberHealth(this.#subscribers.of(topics[0] as string) as RunningSubscriber, this.#owned.values(), this.#consumer, this.#condition, this.#clock.now())
  }

  assigned (partitions: readonly TopicPartition[]): void {
    this.#revokeAll()
    for (const { topic, partition } of partitions.filter(({ topic }) => this.#subscribers.of(topic) !== undefined)) {
      const owner = new OwnedPartition(topic, partition, this.#settings.buffer, this.#consumer)
      this.#owned.set(owner.name, owner)
      if (this.#subscribers.of(topic)?.stopped === true) owner.abandon()
    }
    if (this.#closing !== undefined) return
    this.#condition.enter('reading')
    this.#subscribers.thaw()
  }

  revoking (): Promise<void> {
    this.#condition.enter('rebalancing')
    return this.#drain(this.#settings.revokeDrain, 'its partition goes to another member of the group')
  }

  lost (): void {
    this.#condition.enter('rebalancing')
    this.#revokeAll()
  }

  records (topic: string, partition: number, records: readonly ConsumedRecord[], position: bigint): void {
    const owner = this.#ownerOf(topic, partition)
    if (owner === undefined) return
    const begins = owner.tracker.position === undefined
    const work = owner.receive(records, position, this.#clock.now())
    // It begins at its end: a crash before the next commit would leave out what comes until then.
    if (begins && records.length === 0) this.#committer.now()
    else if (owner.tracker.committable !== undefined) this.#committer.moved()
    this.#subscribers.push(topic, owner.name, work)
  }

  /** Those that went before us had handled some of what is there. */
  stored (topic: string, partition: number, offset: bigint, metadata: string | null): void {
    this.#ownerOf(topic, partition)?.leaveOut(OffsetMap.decode(offset, metadata))
  }

  corrupt (topic: string, partition: number, { offset, nextOffset, error }: CorruptBatch): void {
    this.#log.error({ err: error, topic, partition, offset: String(offset), nextOffset: String(nextOffset) }, 'a batch is corrupt: its partition is paused, nothing of it is skipped')
    this.#stopped(topic, partition, { offset, nextOffset: nextOffset < 0n ? undefined : nextOffset, error })
  }

  reset (topic: string, partition: number, reset: OffsetReset): void {
    const stopped = reportReset({ groupId: this.#groupId, topic, partition, ...reset }, this.#log)
    if (stopped !== undefined) this.#stopped(topic, partition, stopped)
  }

  failed (error: Error): void {
    this.#condition.failed(error)
    this.#log.error({ err: error }, 'the consumer failed and is started again')
  }

  #ownerOf (topic: string, partition: number): OwnedPartition | undefined {
    return this.#owned.get(OwnedPartition.nameOf(topic, partition))
  }

  #stopped (topic: string, partition: number, stopped: Stopped): void {
    this.#condition.noted(stopped.error)
    this.#ownerOf(topic, partition)?.stop(stopped)
  }

  async #commit (offsets: readonly StoredOffset[]): Promise<void> {
    try {
      await this.#consumer.commit(offsets)
    } catch (err) {
      if (!(err instanceof GenerationLostError)) this.#condition.noted(toError(err))
      throw err
    }
  }

  /** Who is alone leaves the group. Otherwise its partitions are kept and not read: the group's consumer reads for all of its subscribers. */
  #stop (subscriber: RunningSubscriber): void {
    if (subscriber.stopped) return
    this.#log.info({ groupId: this.#groupId, topics: subscriber.topics }, 'a handler has stopped its subscriber')
    this.#subscribers.stop(subscriber)
    for (const owner of this.#owned.values()) if (subscriber.topics.includes(owner.topic)) owner.abandon()
    if (this.#subscribers.size === 1) this.close(this.#settings.revokeDrain)
  }

  /** What runs may end within `timeout` ms, what waits for another try stops waiting; then all that is settled is committed. */
  async #drain (timeout: number, reason: string): Promise<void> {
    this.#subscribers.freeze()
    this.#subscribers.halt()
    const generation = this.#generation
    const end = this.#clock.now() + timeout
    const patience = timeout - Math.min(LAST_COMMIT, timeout / 4)
    const ended = await within(this.#clock, patience, this.#subscribers.idle())
    // Lost meanwhile: what ran then has been given up, and what runs now is the next generation's.
    if (generation !== this.#generation) return
    if (!ended) {
      this.#log.warn({ timeout: patience, unsettled: this.#unsettled() }, 'handlers did not end in time: their messages will come again')
      this.#subscribers.giveUp(reason)
    }
    await this.#committer.flush(end - this.#clock.now())
  }

  /** The first of each partition. */
  #unsettled (): object[] {
    const unsettled = []
    for (const { topic, partition, tracker: { oldest } } of this.#owned.values()) {
      if (oldest !== undefined) unsettled.push({ topic, partition, offset: String(oldest.offset) })
    }
    return unsettled
  }

  /** From now on results of this generation move nothing, and what waits in its queues is dropped: it will come again. */
  #revokeAll (): void {
    this.#generation++
    this.#subscribers.halt()
    for (const owner of this.#owned.values()) owner.tracker.revoke()
    this.#owned.clear()
    this.#subscribers.clear()
    this.#subscribers.giveUp('its partition is no longer ours')
  }
}
