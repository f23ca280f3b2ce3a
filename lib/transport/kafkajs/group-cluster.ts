import { systemClock, within } from '../../clock.js'
import type { ConsumerOptions, TopicPartition } from '../transport.js'
import type { MetadataSource } from './assigner.js'
import { Connections } from './connections.js'
import type { Connecting } from './connections.js'
import { Coordinator } from './coordinator.js'
import type { Broker, Remembered } from './coordinator.js'
import { loadKafkajs } from './copy/load.js'
import { listOffsets } from './list-offsets.js'
import type { Leaders, LogRange } from './list-offsets.js'
import type { LoneCoordinator } from './lone-coordinator.js'
import type { MissingTopics } from './missing-topics.js'
import { StartingOffsets } from './starting-offsets.js'
import type { Beginning, OffsetFetchAnswer, OffsetFetchRequest } from './starting-offsets.js'

/** What KafkaJS asks its coordinator. Commits are ours alone. */
interface KafkajsCoordinator {
  isConnected (): boolean
  joinGroup (request: unknown): Promise<unknown>
  syncGroup (request: unknown): Promise<unknown>
  heartbeat (request: unknown): Promise<unknown>
  leaveGroup (request: unknown): Promise<unknown>
  offsetFetch (request: OffsetFetchRequest): Promise<OffsetFetchAnswer>
}

/** What we touch of KafkaJS's `Cluster`. */
export interface KafkajsCluster extends Omit<MetadataSource, 'findTopicPartitionMetadata'>, Leaders {
  committedOffsetsByGroup: Map<string, unknown>
  retrier: unknown
  findGroupCoordinator (group: { groupId: string }): Promise<Broker | KafkajsCoordinator>
  refreshMetadata (): Promise<void>
  readonly brokerPool: MetadataSource['brokerPool'] & Connecting & {
    retrier: unknown
    readonly rootLogger: unknown
    readonly versions: unknown
    /** ms since the epoch */
    metadataExpireAt: number
    refreshMetadata (topics: readonly string[]): Promise<void>
    createBroker (options: object): Broker
  }
}

export interface GroupClusterOptions {
  /** A moment before each join; what it rejects with ends the join. */
  readonly beforeJoin: () => Promise<void>
  /** Told where each partition begins, once per generation. */
  readonly begin: (beginning: Beginning) => void
  /** Told when that is known, as far as it can be soon. */
  readonly settled: () => void
  readonly offsetReset: ConsumerOptions['offsetReset']
  /** The group's coordinator, or without a group the cluster, has answered what it was asked `at`, ms since the epoch. */
  readonly contacted: (at: number) => void
  readonly closing: AbortSignal
  readonly remembered: Remembered
  readonly missing: MissingTopics
  /** Of a consumer without a group. */
  readonly lone: LoneCoordinator | undefined
}

/** ms; how old the metadata may get while a topic is missing. */
const missingMaxAge = 1000

/** ms that a join may wait for the metadata */
const patience = 1000

/** ms. Also how long a close may have to wait: a pause cannot be cut short. */
export const retryPauses = { initialRetryTime: 100, factor: 0.2, multiplier: 2, maxRetryTime: 1000 }

/**
 * The cluster as one consumer of KafkaJS sees it. KafkaJS hands it over to make an assigner; here it gets what it lacks:
 * a moment before each join, a coordinator that may move, and an end.
 */
export class GroupCluster implements MetadataSource {
  readonly brokerPool: KafkajsCluster['brokerPool']
  readonly #cluster: KafkajsCluster
  readonly #connections: Connections
  readonly #missing: MissingTopics
  readonly #lone: LoneCoordinator | undefined
  #joining: Coordinator | undefined

  constructor (cluster: KafkajsCluster, { beforeJoin, begin, settled, offsetReset, contacted, closing, remembered, missing, lone }: GroupClusterOptions) {
    const { brokerPool } = cluster
    this.#cluster = cluster
    this.brokerPool = brokerPool
    this.#connections = new Connections(brokerPool)
    this.#missing = missing
    this.#lone = lone
    const createRetry = loadKafkajs().load('src/retry/index.js') as (options: object) => unknown
    cluster.retrier = brokerPool.retrier = createRetry({ ...retryPauses, retries: 5 })
    // KafkaJS shares this between all consumers of a client: two members of one group would clear each other's offsets.
    cluster.committedOffsetsByGroup = new Map()
    const refresh = brokerPool.refreshMetadata.bind(brokerPool)
    brokerPool.refreshMetadata = async (topics) => {
      await refresh(topics)
      if (lone !== undefined) contacted(systemClock.now())
      this.#noteMissing(topics)
    }
    const find = cluster.findGroupCoordinator.bind(cluster) as (group: { groupId: string }) => Promise<Broker>
    // KafkaJS looks for the coordinator before each join, and for nothing else.
    cluster.findGroupCoordinator = async (group) => {
      await beforeJoin()
      // A member that learns of new or deleted partitions after it has joined makes the group rebalance once more.
      await within(systemClock, patience, cluster.refreshMetadata().catch(() => {}))
      const coordinator = lone ?? new Coordinator(await find(group), () => find(group), closing, contacted, remembered)
      closing.throwIfAborted()
      if (coordinator instanceof Coordinator) this.#joining = coordinator
      const startingOffsets = new StartingOffsets({ cluster, offsetReset, isCreated: (topic) => missing.wasMissing(topic), begin, settled, fetchStored: (request) => coordinator.offsetFetch(request) })
      return kafkajsCoordinator(coordinator, startingOffsets)
    }
  }

  /** Set while a join of a group is under way. */
  get joining (): Coordinator | undefined {
    return this.#joining
  }

  joined (): Coordinator | LoneCoordinator {
    const coordinator = this.#lone ?? this.#joining!
    this.#joining = undefined
    return coordinator
  }

  findTopicPartitionMetadata (topic: string): readonly unknown[] {
    return this.#cluster.findTopicPartitionMetadata(topic)
  }

  async listOffsets (partitions: readonly TopicPartition[], found: (partition: TopicPartition, range: LogRange) => void): Promise<void> {
    await listOffsets(this.#cluster, partitions, found)
  }

  /** Gives up a join. The node reads no more from a connection while a join on it waits for the other members, so this needs one of its own. */
  async leaveAside (groupId: string): Promise<void> {
    const coordinator = this.#joining!
    const { nodeId, connectionPool: { host, port } } = coordinator.broker
    const { rootLogger: logger, versions, connectionPoolBuilder } = this.brokerPool
    const connectionPool = await connectionPoolBuilder.build({ host, port })
    const broker = this.brokerPool.createBroker({ logger, versions, nodeId, connectionPool })
    await broker.connect()
    await broker.leaveGroup({ groupId, memberId: await coordinator.joiningMember() })
  }

  cut (): void {
    this.#connections.cut()
  }

  /** Notes which of them exist, as far as the node knows that answered. */
  #noteMissing (topics: readonly string[]): void {
    for (const topic of topics) {
      if (this.findTopicPartitionMetadata(topic).length > 0) {
        this.#missing.exists(topic)
      } else {
        this.#missing.isMissing(topic)
        this.#lone?.forget(topic)
      }
    }
    if (this.#missing.names.length > 0) this.brokerPool.metadataExpireAt = Date.now() + missingMaxAge
  }
}

function kafkajsCoordinator (coordinator: KafkajsCoordinator, startingOffsets: StartingOffsets): KafkajsCoordinator {
  return {
    isConnected: () => coordinator.isConnected(),
    joinGroup: (request) => coordinator.joinGroup(request),
    syncGroup: (request) => coordinator.syncGroup(request),
    heartbeat: (request) => coordinator.heartbeat(request),
    leaveGroup: (request) => coordinator.leaveGroup(request),
    offsetFetch: (request) => startingOffsets.offsetFetch(request)
  }
}
