import { type Assignable, balance, Share } from '../../balance.js'
import { type Cluster } from '../cluster/cluster.js'
import { type TopicMetadata } from '../cluster/topic-metadata.js'
import { partitionId } from '../group-by.js'
import { type JoinGroupAnswer, type JoinGroupRequest, type SyncGroupRequest } from '../wire.js'
import { decodeSubscription, encodeAssignment, encodeSubscription } from './group-protocol.js'

/** The name that kafkajs gives its own, so that members with plain kafkajs can be in the group: a rolling deploy begins with them. */
const NAME = 'RoundRobinAssigner'

/** ms that the cluster may take to tell about topics that the leader does not read */
const PATIENCE = 5000

interface Subscription {
  readonly able: Array<Share<string>>
  count: number
}

/**
 * Gives partitions to members that subscribe to their topic. kafkajs gives the leader's topics to all members, and those
 * that did not subscribe leave them unread. Sticky for as long as one member leads: it remembers what it gave.
 */
export class Assigner {
  readonly #cluster: Cluster
  readonly #metadata: TopicMetadata
  #previous: ReadonlyMap<string, string> = new Map()

  constructor (cluster: Cluster, metadata: TopicMetadata) {
    this.#cluster = cluster
    this.#metadata = metadata
  }

  protocols (topics: readonly string[]): JoinGroupRequest['protocols'] {
    const counts = new Map(topics.map((topic) => [topic, this.#knownCount(topic)]))
    return [{ name: NAME, metadata: encodeSubscription({ topics, counts }) }]
  }

  async assign (members: JoinGroupAnswer['members']): Promise<SyncGroupRequest['assignments']> {
    const subscriptions = readSubscriptions(members)
    await this.#askCounts(subscriptions)
    const partitions: Array<Assignable<string> & { readonly partition: number }> = []
    for (const [topic, { able, count }] of subscriptions) {
      for (let partition = 0; partition < Math.max(count, this.#knownCount(topic)); partition++) {
        const before = this.#previous.get(partitionId({ topic, partition }))
        partitions.push({ topic, partition, able, owner: able.find(({ member }) => member === before) })
      }
    }
    balance(partitions)
    const assignments = new Map(members.map(({ memberId }) => [memberId, new Map<string, number[]>()]))
    for (const { topic, partition, owner } of partitions) {
      const assignment = assignments.get(owner!.member)!
      assignment.set(topic, [...assignment.get(topic) ?? [], partition])
    }
    this.#previous = new Map(partitions.map((partition) => [partitionId(partition), partition.owner!.member]))
    return Array.from(assignments, ([memberId, assignment]) => ({ memberId, assignment: encodeAssignment(assignment) }))
  }

  #knownCount (topic: string): number {
    return this.#metadata.get(topic).leaders.length
  }

  /** For topics that the leader does not read and whose readers, with plain kafkajs, do not tell the count. */
  async #askCounts (subscriptions: ReadonlyMap<string, Subscription>): Promise<void> {
    const unknown = Array.from(subscriptions.keys()).filter((topic) => subscriptions.get(topic)!.count === 0 && this.#knownCount(topic) === 0)
    if (unknown.length === 0) return
    // A topic that is deleted, or kept from us, goes to no member, but the other topics are read.
    await this.#cluster.until(PATIENCE, (operation) => this.#metadata.refresh(operation, unknown)).catch(() => {})
  }
}

function readSubscriptions (members: JoinGroupAnswer['members']): ReadonlyMap<string, Subscription> {
  const subscriptions = new Map<string, Subscription>()
  for (const { memberId, metadata } of members) {
    const { topics, counts } = decodeSubscription(metadata)
    const share = new Share(memberId)
    for (const topic of topics) {
      const subscription = subscriptions.get(topic) ?? { able: [], count: 0 }
      subscription.able.push(share)
      subscription.count = Math.max(subscription.count, counts.get(topic) ?? 0)
      subscriptions.set(topic, subscription)
    }
  }
  return subscriptions
}
