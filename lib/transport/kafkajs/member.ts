import type { Consumer, EachBatchPayload, Kafka } from 'kafkajs'
import { systemClock, within } from '../../clock.js'
import { GenerationLostError } from '../transport.js'
import type { ConsumerListener, ConsumerOptions, Progress, StoredOffset, TopicPartition, TopicPartitionOffset, TransportLog } from '../transport.js'
import { topicAwareAssigner } from './assigner.js'
import { drainBeforeRejoin } from './barrier.js'
import type { Remembered } from './coordinator.js'
import type { FetchedBatch } from './copy/batch.js'
import { Generation } from './generation.js'
import type { Owned } from './generation.js'
import { GroupCluster, retryPauses } from './group-cluster.js'
import type { KafkajsCluster } from './group-cluster.js'
import { noGroup } from './lone-coordinator.js'
import type { LoneCoordinator } from './lone-coordinator.js'
import type { MissingTopics } from './missing-topics.js'
import { rejoinInOnePlace } from './one-rejoin.js'
import type { Beginning } from './starting-offsets.js'

export interface MemberOptions {
  readonly kafka: Kafka
  readonly options: ConsumerOptions
  readonly listener: ConsumerListener
  readonly log: TransportLog
  /** Handed on from one life to the next. */
  readonly remembered: Remembered
  readonly missing: MissingTopics
  /** Of a consumer without a group. */
  readonly lone: LoneCoordinator | undefined
  readonly onJoined: () => void
  /** The group's coordinator, or without a group the cluster, has answered what it was asked `at`, ms since the epoch. */
  readonly contacted: (at: number) => void
  readonly reading: boolean
}

/** ms that a close waits for answers */
const patience = 1000
/** ms; how old the known end of a log may get while nothing is fetched from it */
const endMaxAge = 5000

/** One consumer of KafkaJS, from its connection to its crash or its close. */
export class Member {
  readonly #options: ConsumerOptions
  readonly #groupId: string
  readonly #listener: ConsumerListener
  readonly #log: TransportLog
  readonly #onJoined: () => void
  readonly #heartbeatInterval: number
  readonly #consumer: Consumer
  readonly #closing = new AbortController()
  #cluster!: GroupCluster
  #generation: Generation | undefined
  #endsAt = 0
  #reading: boolean
  #life: Promise<Error> | undefined
  #leaving: Promise<void> | undefined
  #subscriptions: ReadonlyArray<() => void> = []

  constructor ({ kafka, options, listener, log, remembered, missing, lone, onJoined, contacted, reading }: MemberOptions) {
    rejoinInOnePlace()
    this.#options = options
    this.#groupId = options.groupId ?? noGroup
    this.#listener = listener
    this.#log = log
    this.#onJoined = onJoined
    this.#reading = reading
    const { sessionTimeout, rebalanceTimeout } = options
    this.#heartbeatInterval = Math.min(1000, Math.floor(sessionTimeout / 3))
    this.#consumer = kafka.consumer({
      groupId: this.#groupId,
      sessionTimeout,
      rebalanceTimeout,
      heartbeatInterval: this.#heartbeatInterval,
      maxWaitTimeInMs: 250,
      metadataMaxAge: 5000,
      allowAutoTopicCreation: false,
      // As long as a dead node stays in the metadata; what takes longer is the supervisor's.
      retry: { ...retryPauses, retries: 15, restartOnFailure: async () => false },
      partitionAssigners: [({ cluster }) => {
        this.#cluster = new GroupCluster(cluster as unknown as KafkajsCluster, {
          beforeJoin: () => this.#beforeJoin(),
          begin: (beginning) => this.#beginReading(beginning),
          settled: onJoined,
          closing: this.#closing.signal,
          offsetReset: options.offsetReset,
          contacted,
          remembered,
          missing,
          lone
        })
        return topicAwareAssigner(this.#cluster)
      }]
    })
  }

  /** Resolves with what ended it. */
  live (): Promise<Error> {
    this.#life ??= this.#live()
    return this.#life
  }

  async commit (offsets: readonly StoredOffset[]): Promise<void> {
    if (this.#generation === undefined) throw new GenerationLostError('no partition is owned now')
    await this.#generation.commit(offsets)
  }

  pause ({ topic, partition }: TopicPartition): void {
    const owned = this.#generation?.owned(topic, partition)
    if (owned === undefined) return
    owned.paused = true
    this.#consumer.pause(byTopic([owned]))
  }

  resume ({ topic, partition }: TopicPartition): void {
    const owned = this.#generation?.owned(topic, partition)
    if (owned === undefined) return
    owned.paused = false
    this.#resume(owned)
  }

  /** What a fetch under way may still bring from the old place does not fit to the new one. */
  seek ({ topic, partition, offset }: TopicPartitionOffset): void {
    const owned = this.#generation?.owned(topic, partition)
    if (owned === undefined || !owned.stopped) return
    owned.stopped = false
    owned.position = offset
    this.#consumer.seek({ topic, partition, offset: String(offset) })
    this.#resume(owned)
  }

  progress ({ topic, partition }: TopicPartition): Progress {
    const { position, end } = this.#generation?.owned(topic, partition) ?? {}
    return { position, end }
  }

  /** Reads no more, and stays a member. */
  stop (): void {
    this.#reading = false
    if (this.#generation !== undefined) this.#consumer.pause(byTopic(this.#generation.partitions))
  }

  async close (): Promise<void> {
    this.#reading = false
    for (const remove of this.#subscriptions) remove()
    this.#closing.abort(new Error('the consumer is closed'))
    // Before anything is cut, also by the end of this life.
    this.#leaving = this.#cluster.joining === undefined ? undefined : atMost(patience, this.#cluster.leaveAside(this.#groupId))
    await this.#leaving
    if (this.#generation === undefined) this.#cluster.cut()
    const timer = setTimeout(() => this.#cluster.cut(), patience)
    await atMost(2 * patience, this.live())
    clearTimeout(timer)
  }

  async #live (): Promise<Error> {
    const error = await this.#run().catch((err: Error) => err)
    await atMost(patience, this.#consumer.disconnect())
    await this.#leaving
    this.#cluster.cut()
    return error
  }

  async #run (): Promise<Error> {
    const consumer = this.#consumer
    const { signal } = this.#closing
    signal.throwIfAborted()
    const ended = new Promise<Error>((resolve) => {
      this.#subscribe(resolve)
      signal.addEventListener('abort', () => { resolve(signal.reason as Error) }, { once: true })
    })
    await consumer.connect()
    await consumer.subscribe({ topics: [...this.#options.topics], fromBeginning: true })
    await consumer.run({
      autoCommit: false,
      // Resolved by hand, because what is dropped here must be read again.
      eachBatchAutoResolve: false,
      partitionsConsumedConcurrently: 16,
      eachBatch: async (payload) => { this.#take(payload) }
    })
    return await ended
  }

  #subscribe (onCrash: (error: Error) => void): void {
    const { GROUP_JOIN, HEARTBEAT, STOP, CRASH } = this.#consumer.events
    this.#subscriptions = [
      this.#consumer.on(GROUP_JOIN, ({ payload }) => { this.#begin(payload.memberAssignment) }),
      this.#consumer.on(HEARTBEAT, () => { this.#refreshEnds() }),
      this.#consumer.on(STOP, () => { this.#end('lost') }),
      this.#consumer.on(CRASH, ({ payload }) => { onCrash(payload.error) })
    ]
  }

  /** KafkaJS looks for the coordinator before each join, and for nothing else. */
  async #beforeJoin (): Promise<void> {
    const { signal } = this.#closing
    signal.throwIfAborted()
    if (this.#generation === undefined) return
    const drained = await drainBeforeRejoin(this.#generation, {
      drain: () => this.#drain(),
      interval: this.#heartbeatInterval,
      limit: this.#options.rebalanceTimeout - 2 * this.#heartbeatInterval,
      signal
    })
    signal.throwIfAborted()
    this.#end(drained ? 'drained' : 'lost')
  }

  async #drain (): Promise<void> {
    try {
      await this.#listener.revoking()
    } catch (err) {
      this.#log.error({ err, groupId: this.#options.groupId }, 'the drain before a rebalance failed')
    }
  }

  #begin (assignment: Record<string, number[]>): void {
    this.#generation = new Generation(this.#groupId, this.#cluster.joined(), assignment)
    // KafkaJS remembers pauses across generations.
    if (this.#reading) this.#consumer.resume(this.#consumer.paused())
    else this.#consumer.pause(byTopic(this.#generation.partitions))
    this.#listener.assigned(this.#generation.partitions)
    // With partitions it has joined when it is known where they begin: what is published then is read, also by 'latest'.
    if (this.#generation.partitions.length === 0) this.#onJoined()
  }

  #end (how: 'drained' | 'lost'): void {
    if (this.#generation === undefined) return
    this.#generation = undefined
    if (how === 'lost') this.#listener.lost()
  }

  #beginReading ({ topic, partition, stored, metadata, start, end, position }: Beginning): void {
    const owned = this.#generation?.owned(topic, partition)
    if (owned !== undefined) {
      owned.position = position
      owned.end = end
      if (position === undefined) this.#stopReading(owned)
    }
    if (owned === undefined || !this.#reading) return
    if (position !== undefined && position === stored) return this.#listener.stored(topic, partition, stored, metadata)
    if (stored !== undefined) this.#listener.reset(topic, partition, { stored, start, end, position })
    // To be committed before anything comes: from then on it is noticed when the log loses what was not read.
    if (position !== undefined) this.#listener.records(topic, partition, [], position)
  }

  /** Fetches tell how long a log is. Where nothing is fetched, the lag must not stand still. */
  #refreshEnds (): void {
    const generation = this.#generation
    const now = systemClock.now()
    if (generation === undefined || generation.unread.length === 0 || now < this.#endsAt + endMaxAge) return
    this.#endsAt = now
    // Who cannot tell it now is asked again.
    this.#cluster.listOffsets(generation.unread, ({ topic, partition }, { end }) => {
      const owned = this.#generation?.owned(topic, partition)
      if (owned !== undefined) owned.end = end
    }).catch(() => {})
  }

  /** Must not wait and must not throw: both would stop every partition. */
  #take ({ batch, resolveOffset }: EachBatchPayload): void {
    const { topic, partition, highWatermark, from, messages, position, corrupt } = batch as unknown as FetchedBatch
    const owned = this.#generation?.owned(topic, partition)
    if (owned?.position === undefined || owned.paused || owned.stopped || !this.#reading) return
    const next = owned.position
    // Of another place, from before a seek, or from the node where the partition was before it moved.
    if (from > next || position < next) return
    owned.end = BigInt(highWatermark)
    if (position > next) {
      owned.position = position
      resolveOffset(String(position - 1n))
      const records = from === next ? messages : messages.filter(({ offset }) => offset >= next)
      this.#listener.records(topic, partition, records, position)
    }
    if (corrupt === undefined) return
    this.#stopReading(owned)
    this.#listener.corrupt(topic, partition, corrupt)
  }

  #stopReading (owned: Owned): void {
    owned.stopped = true
    this.#consumer.pause(byTopic([owned]))
  }

  #resume (owned: Owned): void {
    if (this.#reading && !owned.paused && !owned.stopped) this.#consumer.resume(byTopic([owned]))
  }
}

function byTopic (partitions: readonly TopicPartition[]) {
  return partitions.map(({ topic, partition }) => ({ topic, partitions: [partition] }))
}

/** What a broken cluster answers to a good-bye does not matter. */
async function atMost (ms: number, work: Promise<unknown>): Promise<void> {
  await within(systemClock, ms, work.catch(() => {}))
}
