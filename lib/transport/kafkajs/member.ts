import type { Consumer, EachBatchPayload, Kafka } from 'kafkajs'
import { GenerationLostError } from '../transport.js'
import type { ConsumerListener, ConsumerOptions, TopicPartition, TopicPartitionOffset, TransportLog } from '../transport.js'
import { topicAwareAssigner } from './assigner.js'
import type { MetadataSource } from './assigner.js'
import { drainBeforeRejoin } from './barrier.js'
import { Connections } from './connections.js'
import type { Connecting } from './connections.js'
import { Coordinator } from './coordinator.js'
import type { Broker } from './coordinator.js'
import type { FetchedBatch } from './copy/batch.js'
import { loadKafkajs } from './copy/load.js'
import { Generation } from './generation.js'
import { rejoinInOnePlace } from './one-rejoin.js'

export interface MemberOptions {
  readonly kafka: Kafka
  readonly options: ConsumerOptions
  readonly listener: ConsumerListener
  readonly log: TransportLog
  readonly onJoined: () => void
  readonly reading: boolean
}

/** What we touch of KafkaJS's `Cluster`. */
interface Cluster extends MetadataSource {
  committedOffsetsByGroup: Map<string, unknown>
  retrier: unknown
  findGroupCoordinator (group: { groupId: string }): Promise<Broker | Coordinator>
  readonly brokerPool: MetadataSource['brokerPool'] & Connecting & {
    retrier: unknown
    readonly rootLogger: unknown
    readonly versions: unknown
    createBroker (options: object): Broker
  }
}

const retry = { initialRetryTime: 100, factor: 0.2, multiplier: 2, maxRetryTime: 1000 }
/** ms that a close waits for answers */
const patience = 1000

/** One consumer of KafkaJS, from its connection to its crash or its close. */
export class Member {
  readonly #options: ConsumerOptions
  readonly #listener: ConsumerListener
  readonly #log: TransportLog
  readonly #onJoined: () => void
  readonly #heartbeatInterval: number
  readonly #consumer: Consumer
  readonly #closing = new AbortController()
  #cluster!: Cluster
  #connections!: Connections
  /** While a join is under way. */
  #joining: Coordinator | undefined
  #generation: Generation | undefined
  #reading: boolean
  #life: Promise<Error> | undefined

  constructor ({ kafka, options, listener, log, onJoined, reading }: MemberOptions) {
    rejoinInOnePlace()
    this.#options = options
    this.#listener = listener
    this.#log = log
    this.#onJoined = onJoined
    this.#reading = reading
    const { groupId, sessionTimeout, rebalanceTimeout } = options
    this.#heartbeatInterval = Math.min(1000, Math.floor(sessionTimeout / 3))
    this.#consumer = kafka.consumer({
      groupId,
      sessionTimeout,
      rebalanceTimeout,
      heartbeatInterval: this.#heartbeatInterval,
      maxWaitTimeInMs: 250,
      metadataMaxAge: 5000,
      allowAutoTopicCreation: false,
      // As long as a dead node stays in the metadata; what takes longer is the supervisor's.
      retry: { ...retry, retries: 15, restartOnFailure: async () => false },
      partitionAssigners: [({ cluster }) => this.#enter(cluster as unknown as Cluster)]
    })
  }

  /** Resolves with what ended it. */
  live (): Promise<Error> {
    this.#life ??= this.#live()
    return this.#life
  }

  async commit (offsets: readonly TopicPartitionOffset[]): Promise<void> {
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
    if (this.#reading && !owned.corrupt) this.#consumer.resume(byTopic([owned]))
  }

  /** Reads no more, and stays a member. */
  stop (): void {
    this.#reading = false
    if (this.#generation !== undefined) this.#consumer.pause(byTopic(this.#generation.partitions))
  }

  async close (): Promise<void> {
    this.#closing.abort(new Error('the consumer is closed'))
    if (this.#joining !== undefined) await within(patience, leaveAside(this.#cluster, this.#options.groupId, this.#joining))
    if (this.#generation === undefined) this.#connections.cut()
    const timer = setTimeout(() => this.#connections.cut(), patience)
    await within(2 * patience, this.live())
    clearTimeout(timer)
  }

  async #live (): Promise<Error> {
    const consumer = this.#consumer
    const { GROUP_JOIN, STOP, CRASH } = consumer.events
    const { signal } = this.#closing
    const ended = new Promise<Error>((resolve) => {
      consumer.on(CRASH, ({ payload }) => { resolve(payload.error) })
      signal.addEventListener('abort', () => { resolve(signal.reason as Error) }, { once: true })
    })
    consumer.on(GROUP_JOIN, ({ payload }) => { this.#begin(payload.memberAssignment) })
    consumer.on(STOP, () => { this.#end('lost') })
    try {
      signal.throwIfAborted()
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
    } catch (err) {
      return err as Error
    } finally {
      await consumer.disconnect().catch(() => {})
      this.#connections.cut()
    }
  }

  /** KafkaJS hands over its cluster to make an assigner; we also take the place of what it finds in it. */
  #enter (cluster: Cluster) {
    const { brokerPool } = cluster
    const createRetry = loadKafkajs().load('src/retry/index.js') as (options: object) => unknown
    this.#cluster = cluster
    this.#connections = new Connections(brokerPool)
    // No longer pauses than a close may wait for.
    cluster.retrier = brokerPool.retrier = createRetry({ ...retry, retries: 5 })
    // Shared by all consumers of a client otherwise: two members of one group clear each other's offsets and crash.
    cluster.committedOffsetsByGroup = new Map()
    const find = cluster.findGroupCoordinator.bind(cluster) as (group: { groupId: string }) => Promise<Broker>
    cluster.findGroupCoordinator = async (group) => {
      await this.#beforeJoin()
      const coordinator = new Coordinator(await find(group), () => find(group))
      this.#closing.signal.throwIfAborted()
      this.#joining = coordinator
      return coordinator
    }
    return topicAwareAssigner(cluster)
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
    if (this.#closing.signal.aborted) return
    this.#generation = new Generation(this.#options.groupId, this.#joining!, assignment)
    this.#joining = undefined
    // KafkaJS remembers pauses across generations.
    if (this.#reading) this.#consumer.resume(this.#consumer.paused())
    else this.#consumer.pause(byTopic(this.#generation.partitions))
    this.#listener.assigned(this.#generation.partitions)
    this.#onJoined()
  }

  #end (how: 'drained' | 'lost'): void {
    if (this.#generation === undefined) return
    this.#generation = undefined
    if (how === 'lost' && !this.#closing.signal.aborted) this.#listener.lost()
  }

  /** Must not wait and must not throw: both would stop every partition. */
  #take ({ batch, resolveOffset }: EachBatchPayload): void {
    const { topic, partition, messages, position, corrupt } = batch as unknown as FetchedBatch
    const owned = this.#generation?.owned(topic, partition)
    if (owned === undefined || owned.paused || owned.corrupt || !this.#reading || this.#closing.signal.aborted) return
    const from = owned.position
    if (from === undefined || position > from) {
      owned.position = position
      resolveOffset(String(position - 1n))
      // Two nodes may send the same records while a partition moves from one to the other.
      const records = from === undefined ? messages : messages.filter(({ offset }) => offset >= from)
      this.#listener.records(topic, partition, records, position)
    }
    if (corrupt === undefined) return
    owned.corrupt = true
    this.#consumer.pause(byTopic([owned]))
    this.#listener.corrupt(topic, partition, corrupt)
  }
}

function byTopic (partitions: readonly TopicPartition[]) {
  return partitions.map(({ topic, partition }) => ({ topic, partitions: [partition] }))
}

/** A node reads no more from a connection while a join on it waits for the other members: this needs a connection of its own. */
async function leaveAside ({ brokerPool }: Cluster, groupId: string, { memberId, broker: { nodeId, connectionPool: { host, port } } }: Coordinator): Promise<void> {
  if (memberId === '') return
  const connectionPool = await brokerPool.connectionPoolBuilder.build({ host, port })
  const broker = brokerPool.createBroker({ logger: brokerPool.rootLogger, versions: brokerPool.versions, nodeId, connectionPool })
  await broker.connect()
  await broker.leaveGroup({ groupId, memberId })
}

async function within (ms: number, work: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  await Promise.race([work.catch(() => {}), new Promise((resolve) => { timer = setTimeout(resolve, ms) })])
  clearTimeout(timer)
}
