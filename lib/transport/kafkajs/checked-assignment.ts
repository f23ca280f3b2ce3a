import { encodeAssignment } from '../consumer-protocol.js'
import { readAssignment } from '../received-assignment.js'
import type { TransportLog } from '../transport.js'

export interface AssignmentCheck {
  readonly groupId: string
  readonly topics: readonly string[]
  readonly log: TransportLog
  readonly cluster: {
    findTopicPartitionMetadata (topic: string): readonly unknown[]
    refreshMetadata (): Promise<void>
  }
}

/**
 * The part of an assignment that this member can read, in bytes that KafkaJS can decode. The leader of the group may be any
 * client: what it assigns beyond the cluster's metadata is refused with one warning, and the member stays in the group.
 */
export async function checkedAssignment (bytes: Buffer, { groupId, topics, log, cluster }: AssignmentCheck): Promise<Buffer> {
  function read () {
    return readAssignment(bytes, (topic) => topics.includes(topic) ? cluster.findTopicPartitionMetadata(topic).length : undefined)
  }

  let received = read()
  // The leader may have heard of new partitions first. When this member hears of them later, KafkaJS rejoins.
  if (received.refused !== undefined && received.refused.partitions > 0) {
    await cluster.refreshMetadata().catch(() => {})
    received = read()
  }
  const { partitions, refused } = received
  if (refused === undefined) return bytes
  log.warn({ groupId, refused }, 'the leader of the group assigned what this member cannot read: that is left out, the rest is read')
  return encodeAssignment(partitions)
}
