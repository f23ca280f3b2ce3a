import type { Assigner, GroupMember } from 'kafkajs'
import { systemClock } from '../../clock.js'
import { visible } from '../../foreign-text.js'
import { encodeAssignment, encodeSubscription } from '../consumer-protocol.js'
import { readSubscriptions, StickyAssignor } from '../sticky-assignor.js'
import type { Subscriptions } from '../sticky-assignor.js'
import type { TransportLog } from '../transport.js'
import { candid } from './list-offsets.js'
import type { Lookup } from './list-offsets.js'

/** The part of KafkaJS's `Cluster` that an assigner uses. */
export interface MetadataSource {
  findTopicPartitionMetadata (topic: string): readonly unknown[]
  readonly brokerPool: {
    findConnectedBroker (): Promise<{
      lookupRequest: Lookup
      metadata (topics: readonly string[]): Promise<{ readonly topicMetadata: ReadonlyArray<{ readonly topic: string, readonly partitionMetadata: readonly unknown[] }> }>
    }>
  }
}

export interface AssignerOptions {
  readonly groupId: string
  readonly log: TransportLog
}

/** KafkaJS's own name, so that members with plain KafkaJS can be in the group: a rolling deploy begins with them. */
const name = 'RoundRobinAssigner'
const version = 0

/** How often the cluster is asked about topics of which a member claims more partitions than it has, and the ms between. */
const asks = 3
const pause = 200
/** Members that a warning names. */
const named = 10

/**
 * Gives partitions to members that subscribe to their topic. KafkaJS gives the leader's topics to everybody, and whoever
 * did not subscribe leaves them unread. What other members wrote is foreign: the cluster's metadata alone says what there is.
 */
export function topicAwareAssigner (cluster: MetadataSource, { groupId, log }: AssignerOptions): Assigner {
  const assignor = new StickyAssignor()
  let unreadable: ReadonlySet<string> = new Set()

  function knownCount (topic: string): number {
    return cluster.findTopicPartitionMetadata(topic).length
  }

  function protocol ({ topics }: { topics: readonly string[] }) {
    const counts = new Map(topics.map((topic) => [topic, knownCount(topic)]))
    return { name, metadata: encodeSubscription({ topics, counts }) }
  }

  async function assign ({ members }: { members: readonly GroupMember[] }) {
    const subscriptions = readSubscriptions(members)
    warnOf(subscriptions.unreadable)
    const asked = await askCounts(subscriptions)
    const assignments = assignor.assign(subscriptions, (topic) => asked.get(topic) ?? knownCount(topic))
    return members.map(({ memberId }) => ({ memberId, memberAssignment: encodeAssignment(assignments.get(memberId) ?? new Map()) }))
  }

  async function fetchMetadata (topics: readonly string[]) {
    const broker = await cluster.brokerPool.findConnectedBroker()
    return (await candid(broker).metadata(topics)).topicMetadata
  }

  /**
   * For topics that the leader does not read, and where its metadata may be old. A member may have heard of new partitions
   * before the node that answers: so the cluster is asked again before the claim is taken for wrong.
   */
  async function askCounts ({ topics }: Subscriptions): Promise<ReadonlyMap<string, number>> {
    const counts = new Map<string, number>()
    for (let ask = 0; ask < asks; ask++) {
      const open = Array.from(topics).flatMap(([topic, { claimed }]) => {
        const known = counts.get(topic) ?? knownCount(topic)
        return claimed > known || (known === 0 && ask === 0) ? [topic] : []
      })
      // KafkaJS takes no topics for all topics.
      if (open.length === 0) break
      if (ask > 0) await new Promise<void>((resolve) => { systemClock.schedule(pause, resolve) })
      // A topic that is deleted, or kept from us, is assigned to no member, but the other topics are read.
      const topicMetadata = await fetchMetadata(open).catch(() => [])
      for (const { topic, partitionMetadata } of topicMetadata) counts.set(topic, Math.max(counts.get(topic) ?? knownCount(topic), partitionMetadata.length))
    }
    return counts
  }

  /** One warning for each member, for as long as it stays. */
  function warnOf (found: ReadonlyMap<string, string>): void {
    const fresh = Array.from(found).filter(([memberId]) => !unreadable.has(memberId))
    unreadable = new Set(found.keys())
    if (fresh.length === 0) return
    const examples = fresh.slice(0, named).map(([memberId, reason]) => ({ memberId: visible(memberId, 256), reason }))
    log.warn({ groupId, count: fresh.length, members: examples }, 'the subscriptions of group members cannot be read: those members get no partitions')
  }

  return { name, version, protocol, assign }
}
