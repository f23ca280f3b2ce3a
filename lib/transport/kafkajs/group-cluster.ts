import type { MetadataSource } from './assigner.js'
import { Connections } from './connections.js'
import type { Connecting } from './connections.js'
import { Coordinator } from './coordinator.js'
import type { Broker } from './coordinator.js'
import { loadKafkajs } from './copy/load.js'

/** What we touch of KafkaJS's `Cluster`. */
export interface KafkajsCluster extends MetadataSource {
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
  #joining: Coordinator | undefined

  constructor (cluster: KafkajsCluster, beforeJoin: () => Promise<void>, closing: AbortSignal) {
    const { brokerPool } = cluster
    this.#cluster = cluster
    this.brokerPool = brokerPool
    this.#connections = new Connections(brokerPool)
    const createRetry = loadKafkajs().load('src/retry/index.js') as (options: object) => unknown
    cluster.retrier = brokerPool.retrier = createRetry({ ...retryPauses, retries: 5 })
    // KafkaJS shares this between all consumers of a client: two members of one group would clear each other's offsets.
    cluster.committedOffsetsByGroup = new Map()
    const find = cluster.findGroupCoordinator.bind(cluster) as (group: { groupId: string }) => Promise<Broker>
    // KafkaJS looks for the coordinator before each join, and for nothing else.
    cluster.findGroupCoordinator = async (group) => {
      await beforeJoin()
      const coordinator = new Coordinator(await find(group), () => find(group), closing)
      closing.throwIfAborted()
      this.#joining = coordinator
      return coordinator
    }
  }

  /** Set while a join is under way. */
  get joining (): Coordinator | undefined {
    return this.#joining
  }

  joined (): Coordinator {
    const coordinator = this.#joining!
    this.#joining = undefined
    return coordinator
  }

  findTopicPartitionMetadata (topic: string): readonly unknown[] {
    return this.#cluster.findTopicPartitionMetadata(topic)
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
}
