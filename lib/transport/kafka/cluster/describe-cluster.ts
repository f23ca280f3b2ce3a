import { reasonOf } from '../../../to-error.js'
import { decodeSubscription } from '../../consumer-protocol.js'
import type { ClusterDescription, GroupDescription, TopicDescription } from '../../transport.js'
import type { DescribeConfigsAnswer, DescribeGroupsAnswer, MetadataAnswer } from '../wire.js'
import type { Cluster } from './cluster.js'
import { CODE, ProtocolError } from './protocol-errors.js'
import type { Operation } from './retry-until.js'

/** Settings of topics and of nodes that are asked for. */
const OF_TOPICS = [
  'cleanup.policy', 'max.message.bytes', 'min.insync.replicas', 'retention.ms', 'unclean.leader.election.enable'
]
const OF_NODES = ['group.max.session.timeout.ms', 'group.min.session.timeout.ms', 'offsets.retention.minutes']

/** ms in which a group must be found: a cluster that has had none makes the topic of their offsets first. */
const OF_GROUP = 3000

interface Asked {
  readonly topics: readonly string[]
  readonly groups: readonly string[]
}

/**
 * Asks for what an app uses of a cluster. Only answers about what was asked for count, and what is refused is named in
 * `untold`. Rejects when the cluster does not answer within `ms`.
 */
export async function describeCluster (cluster: Cluster, ms: number, asked: Asked): Promise<ClusterDescription> {
  return await cluster.until(ms, (operation) => operation.repeat(() => new Look(cluster, operation).describe(asked)))
}

class Look {
  readonly #cluster: Cluster
  readonly #operation: Operation
  readonly #untold: string[] = []

  constructor (cluster: Cluster, operation: Operation) {
    this.#cluster = cluster
    this.#operation = operation
  }

  async describe ({ topics: names, groups }: Asked): Promise<ClusterDescription> {
    // An empty list would ask for all topics.
    const topics = await this.#cluster.describe(this.#operation, names.length === 0 ? null : names)
    const { nodeIds } = this.#cluster
    const existing = topics.filter((each) => names.includes(each.topic) && this.#isThere(each))
    const configs = await this.#configs(existing.map(({ topic }) => topic))
    return {
      nodes: nodeIds.length,
      topics: new Map(existing.map((each) => [each.topic, topicOf(each, configs.get(each.topic))])),
      groups: await this.#groups(groups),
      config: await this.#configOfNode(nodeIds[0] ?? -1),
      untold: this.#untold
    }
  }

  #isThere ({ topic, errorCode }: MetadataAnswer['topics'][number]): boolean {
    if (errorCode === CODE.unknownTopicOrPartition) return false
    const error = new ProtocolError(errorCode)
    if (errorCode === CODE.none || error.retriable) return true
    this.#untold.push(`topic '${topic}': ${error.message}`)
    return false
  }

  async #configs (topics: readonly string[]): Promise<ReadonlyMap<string, ReadonlyMap<string, string>>> {
    if (topics.length === 0) return new Map()
    const resources = topics.map((name) => ({ type: 'topic', name } as const))
    return await this.#settings(`the settings of ${topics.map((topic) => `topic '${topic}'`).join(', ')}`, async () => (
      await this.#cluster.ask(this.#operation, 'DescribeConfigs', { resources, names: OF_TOPICS })))
  }

  async #configOfNode (nodeId: number): Promise<ReadonlyMap<string, string> | undefined> {
    const name = String(nodeId)
    const parameters = { resources: [{ type: 'node', name } as const], names: OF_NODES }
    const configs = await this.#settings(`the settings of node ${name}`, async () => {
      const node = this.#cluster.node(nodeId)
      if (node === undefined) throw new Error('no address of it is known')
      return await node.request('DescribeConfigs', parameters, { signal: this.#operation.signal })
    })
    return configs.get(name)
  }

  /** Settings by the name of their resource. `what` stands in `untold` when the cluster tells none. */
  async #settings (
    what: string, ask: () => Promise<DescribeConfigsAnswer>
  ): Promise<ReadonlyMap<string, ReadonlyMap<string, string>>> {
    const found = new Map<string, ReadonlyMap<string, string>>()
    const { resources } = await this.#told(what, ask) ?? { resources: [] }
    for (const { type, name, errorCode, config } of resources) {
      if (errorCode !== CODE.none) {
        this.#untold.push(`the settings of ${type} '${name}': ${new ProtocolError(errorCode).message}`)
      } else found.set(name, new Map(config.flatMap(([name, value]) => value === null ? [] : [[name, value]])))
    }
    return found
  }

  async #groups (groupIds: readonly string[]): Promise<ReadonlyMap<string, GroupDescription>> {
    const groups = new Map<string, GroupDescription>()
    for (const groupId of groupIds) {
      const described = await this.#told(`group '${groupId}'`, () => (
        this.#cluster.until(OF_GROUP, (operation) => operation.repeat(() => this.#group(groupId, operation)))))
      if (described !== undefined) groups.set(groupId, groupOf(described))
    }
    return groups
  }

  async #group (groupId: string, operation: Operation): Promise<DescribeGroupsAnswer['groups'][number]> {
    const found = await this.#cluster.ask(operation, 'FindCoordinator', { groupId }, ({ errorCode }) => {
      if (errorCode !== CODE.none) throw new ProtocolError(errorCode)
    })
    const node = this.#cluster.node(found.nodeId)
    if (node === undefined) throw new Error('the address of its coordinator is not known')
    const answer = await node.request('DescribeGroups', { groupIds: [groupId] }, { signal: operation.signal })
    const group = answer.groups.find((each) => each.groupId === groupId)
    if (group === undefined) throw new Error('the answer does not name it')
    // Kafka 4 says so of a group that nothing has joined yet.
    if (group.errorCode !== CODE.none && group.errorCode !== CODE.groupIdNotFound) {
      throw new ProtocolError(group.errorCode)
    }
    return group
  }

  /** The answer; undefined, with a line in `untold`, when there is none. */
  async #told<Answer> (what: string, ask: () => Promise<Answer>): Promise<Answer | undefined> {
    try {
      return await ask()
    } catch (error) {
      this.#operation.throwIfInterrupted()
      this.#untold.push(`${what}: ${reasonOf(error)}`)
      return undefined
    }
  }
}

function topicOf (
  { partitions }: Pick<MetadataAnswer['topics'][number], 'partitions'>,
  config: ReadonlyMap<string, string> | undefined
): TopicDescription {
  const replicas = partitions.map(({ replicas = [] }) => replicas.length)
  return {
    partitions: partitions.length,
    leaderless: partitions.filter(({ leader }) => leader < 0).map(({ partition }) => partition),
    replicas: Math.min(...replicas),
    isInSync: partitions.every(({ replicas = [], inSync = [] }) => inSync.length >= replicas.length),
    config
  }
}

function groupOf ({ protocolType, members }: DescribeGroupsAnswer['groups'][number]): GroupDescription {
  return {
    protocolType,
    members: members.map(({ clientId, metadata }) => ({ clientId, topics: topicsOf(metadata, protocolType) }))
  }
}

/** Another member may have written anything. */
function topicsOf (metadata: Buffer, protocolType: string): readonly string[] | undefined {
  if (protocolType !== 'consumer') return undefined
  try {
    return decodeSubscription(metadata).topics
  } catch {
    return undefined
  }
}
