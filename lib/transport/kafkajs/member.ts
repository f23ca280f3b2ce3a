import type { Consumer, Kafka } from 'kafkajs'
import { systemClock, within } from '../../clock.js'
import { FASTSTREAM_ERR_INVALID_OPTION } from '../../errors.js'
import { GenerationLostError } from '../transport.js'
import type { ConsumerListener, ConsumerOptions, StoredOffset, TransportLog } from '../transport.js'
import { topicAwareAssigner } from './assigner.js'
import { drainBeforeRejoin } from './barrier.js'
import type { Remembered } from './coordinator.js'
import { Generation } from './generation.js'
import { GroupCluster, retryPauses } from './group-cluster.js'
import type { KafkajsCluster } from './group-cluster.js'
import { noGroup } from './lone-coordinator.js'
import type { LoneCoordinator } from './lone-coordinator.js'
import type { MissingTopics } from './missing-topics.js'
import { rejoinInOnePlace } from './one-rejoin.js'
import { Reader } from './reader.js'

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

/** One consumer of KafkaJS, from its connection to its crash or its close. */
export class Member {
  readonly reader: Reader
  readonly #options: ConsumerOptions
  readonly #groupId: string
  readonly #listener: ConsumerListener
  readonly #log: TransportLog
  readonly #onJoined: () => void
  readonly #heartbeatInterval: number
  readonly #consumer: Consumer
  readonly #closing = new AbortController()
  #cluster!: GroupCluster
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
        const groupId = this.#groupId
        this.#cluster = new GroupCluster(cluster as unknown as KafkajsCluster, {
          groupId,
          topics: options.topics,
          log,
          beforeJoin: () => this.#beforeJoin(),
          begin: (beginning) => this.reader.beginAt(beginning),
          settled: onJoined,
          closing: this.#closing.signal,
          offsetReset: options.offsetReset,
          contacted,
          remembered,
          missing,
          lone
        })
        return topicAwareAssigner(this.#cluster, { groupId, log })
      }]
    })
    this.reader = new Reader(this.#consumer, listener, reading)
  }

  /** Resolves with what ended it. */
  live (): Promise<Error> {
    this.#life ??= this.#live()
    return this.#life
  }

  async commit (offsets: readonly StoredOffset[]): Promise<void> {
    const { generation } = this.reader
    if (generation === undefined) throw new GenerationLostError('no partition is owned now')
    await generation.commit(offsets)
  }

  async close (): Promise<void> {
    this.reader.stop()
    for (const remove of this.#subscriptions) remove()
    this.#closing.abort(new Error('the consumer is closed'))
    // Before anything is cut, also by the end of this life.
    this.#leaving = this.#cluster.joining === undefined ? undefined : atMost(patience, this.#cluster.leaveAside(this.#groupId))
    await this.#leaving
    if (this.reader.generation === undefined) this.#cluster.cut()
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
    await consumer.subscribe({ topics: namesOf(this.#options), fromBeginning: true })
    await consumer.run({
      autoCommit: false,
      // Resolved by hand, because what is dropped here must be read again.
      eachBatchAutoResolve: false,
      partitionsConsumedConcurrently: 16,
      eachBatch: async (payload) => { this.reader.take(payload) }
    })
    return await ended
  }

  #subscribe (onCrash: (error: Error) => void): void {
    const { GROUP_JOIN, HEARTBEAT, STOP, CRASH } = this.#consumer.events
    this.#subscriptions = [
      this.#consumer.on(GROUP_JOIN, ({ payload }) => { this.#joined(payload.memberAssignment) }),
      this.#consumer.on(HEARTBEAT, () => { this.reader.refreshEnds(this.#cluster) }),
      this.#consumer.on(STOP, () => { this.reader.end('lost') }),
      this.#consumer.on(CRASH, ({ payload }) => { onCrash(payload.error) })
    ]
  }

  /** KafkaJS looks for the coordinator before each join, and for nothing else. */
  async #beforeJoin (): Promise<void> {
    const { signal } = this.#closing
    signal.throwIfAborted()
    const { generation } = this.reader
    if (generation === undefined) return
    const drained = await drainBeforeRejoin(generation, {
      drain: () => this.#drain(),
      interval: this.#heartbeatInterval,
      limit: this.#options.rebalanceTimeout - 2 * this.#heartbeatInterval,
      signal
    })
    signal.throwIfAborted()
    this.reader.end(drained ? 'drained' : 'lost')
  }

  async #drain (): Promise<void> {
    try {
      await this.#listener.revoking()
    } catch (err) {
      this.#log.error({ err, groupId: this.#options.groupId }, 'the drain before a rebalance failed')
    }
  }

  #joined (assignment: Record<string, number[]>): void {
    const generation = new Generation(this.#groupId, this.#cluster.joined(), assignment)
    this.reader.begin(generation)
    // With partitions it has joined when it is known where they begin: what is published then is read, also by 'latest'.
    if (generation.partitions.length === 0) this.#onJoined()
  }
}

/** What a broken cluster answers to a good-bye does not matter. */
async function atMost (ms: number, work: Promise<unknown>): Promise<void> {
  await within(systemClock, ms, work.catch(() => {}))
}

/** kafkajs's consumer resolves patterns once, and has no partitions chosen by hand. */
function namesOf ({ topics, partitions, positions }: ConsumerOptions): string[] {
  if (typeof topics === 'function') throw new FASTSTREAM_ERR_INVALID_OPTION('topics', "must be names with transport 'kafkajs'")
  if (partitions !== undefined) throw new FASTSTREAM_ERR_INVALID_OPTION('partitions', "cannot be chosen with transport 'kafkajs'")
  if (positions !== undefined) throw new FASTSTREAM_ERR_INVALID_OPTION('positions', "cannot be chosen with transport 'kafkajs'")
  return [...topics]
}
