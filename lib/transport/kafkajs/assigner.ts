import type { Assigner, GroupMember } from 'kafkajs'
import { balance, Share } from '../balance.js'
import type { Assignable } from '../balance.js'
import { groupBy } from '../kafka/group-by.js'
import { loadKafkajs } from './copy/load.js'

/** The part of KafkaJS's `Cluster` that an assigner uses. */
export interface MetadataSource {
  findTopicPartitionMetadata (topic: string): readonly unknown[]
  readonly brokerPool: {
    findConnectedBroker (): Promise<{
      metadata (topics: readonly string[]): Promise<{ readonly topicMetadata: ReadonlyArray<{ readonly partitionMetadata: readonly unknown[] }> }>
    }>
  }
}

/** KafkaJS's own name, so that members with plain KafkaJS can be in the group: a rolling deploy begins with them. */
const name = 'RoundRobinAssigner'
const version = 0

/**
 * Gives partitions to members that subscribe to their topic. KafkaJS gives the leader's topics to everybody, and whoever
 * did not subscribe leaves them unread. Sticky for as long as one member leads: it remembers what it gave.
 */
export function topicAwareAssigner (cluster: MetadataSource): Assigner {
  const { MemberMetadata, MemberAssignment } = loadKafkajs().AssignerProtocol
  let previous = new Map<string, string>()

  function knownCount (topic: string): number {
    return cluster.findTopicPartitionMetadata(topic).length
  }

  /** For a topic that the leader does not read and whose readers, with plain KafkaJS, do not tell the count. */
  async function askCount (topic: string): Promise<number> {
    const broker = await cluster.brokerPool.findConnectedBroker()
    // Deleted, or kept from us: nobody gets it, but the other topics are read.
    return await broker.metadata([topic]).then(({ topicMetadata }) => topicMetadata[0]!.partitionMetadata.length, () => 0)
  }

  /**
   * The counts are for a leader that does not read the topic. They also make the coordinator begin a new generation when
   * a follower is the one to see that partitions were added: it compares these bytes.
   */
  function protocol ({ topics }: { topics: readonly string[] }) {
    const counts = topics.map((topic) => `${topic}:${knownCount(topic)}`).sort()
    return { name, metadata: MemberMetadata.encode({ version, topics: [...topics], userData: Buffer.from(counts.join()) }) }
  }

  async function assign ({ members }: { members: readonly GroupMember[] }) {
    const partitions: Array<Assignable<string> & { readonly partition: number }> = []
    for (const [topic, { able, count }] of subscriptions(members)) {
      const partitionCount = Math.max(count, knownCount(topic)) || await askCount(topic)
      for (let partition = 0; partition < partitionCount; partition++) {
        const before = previous.get(`${topic}:${partition}`)
        partitions.push({ topic, partition, able, owner: able.find(({ member }) => member === before) })
      }
    }
    balance(partitions)
    previous = new Map(partitions.map(({ topic, partition, owner }) => [`${topic}:${partition}`, owner!.member]))
    const shares = groupBy(partitions, ({ owner }) => owner!.member)
    return members.map(({ memberId }) => {
      const topics = groupBy(shares.get(memberId) ?? [], ({ topic }) => topic)
      const assignment = Object.fromEntries(Array.from(topics, ([topic, share]) => [topic, share.map(({ partition }) => partition)]))
      return { memberId, memberAssignment: MemberAssignment.encode({ version, assignment, userData: Buffer.alloc(0) }) }
    })
  }

  function subscriptions (members: readonly GroupMember[]): Map<string, { able: Array<Share<string>>, count: number }> {
    const topics = new Map<string, { able: Array<Share<string>>, count: number }>()
    for (const { memberId, memberMetadata } of members) {
      const metadata = MemberMetadata.decode(memberMetadata)!
      const share = new Share(memberId)
      const counts = new Map(metadata.userData.toString().split(',').map((entry) => entry.split(':') as [string, string]))
      for (const topic of metadata.topics) {
        const subscription = topics.get(topic) ?? { able: [], count: 0 }
        subscription.able.push(share)
        subscription.count = Math.max(subscription.count, Number(counts.get(topic) ?? 0))
        topics.set(topic, subscription)
      }
    }
    return topics
  }

  return { name, version, protocol, assign }
}
