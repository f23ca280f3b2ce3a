import { topicPartitionName } from '../transport/topic-partition.js'
import type { ConsumedRecord, ConsumerOptions, TopicPartition, TopicPartitionOffset } from '../transport/transport.js'
import { type Cluster, consume, countsOf } from './consuming.js'

/** Takes one record, undefined where a batch is damaged. Returns whether reading goes on. */
export type Take = (offset: bigint, record: ConsumedRecord | undefined) => boolean

/** The ends of all partitions of those topics that exist, in the order of `topics`. */
export async function endsOf (cluster: Cluster, topics: readonly string[]): Promise<readonly TopicPartitionOffset[]> {
  return await positionsOf(cluster, topics, 'latest')
}

/** Where reading begins in all partitions of those topics that exist. */
export async function positionsOf (
  cluster: Cluster, topics: readonly string[], offsetReset: ConsumerOptions['offsetReset']
): Promise<readonly TopicPartitionOffset[]> {
  const counts = await countsOf(cluster, topics)
  const partitions = topics.flatMap((topic) => partitionsOf(topic, counts.get(topic) ?? 0))
  if (partitions.length === 0) return []
  const found = new Map<string, bigint>()
  const reading = { groupId: null, topics: [...counts.keys()], offsetReset } as const
  const consumer = await consume(cluster, reading, (consumer, end) => ({
    assigned: (owned) => { for (const each of owned) consumer.pause(each) },
    records (topic, partition, _, position) {
      const name = topicPartitionName({ topic, partition })
      if (!found.has(name)) found.set(name, position)
      if (partitions.every((each) => found.has(topicPartitionName(each)))) end()
    }
  }))
  await consumer.close()
  return partitions.map((each) => ({ ...each, offset: found.get(topicPartitionName(each))! }))
}

/** Reads up to `end`, or until `take` says so. Resolves with the offset where reading would go on. */
export async function readLog (cluster: Cluster, from: TopicPartitionOffset, end: bigint, take: Take): Promise<bigint> {
  if (from.offset >= end) return end
  const { topic, partition } = from
  let at = from.offset
  const reading = { groupId: null, topics: [topic], partitions: [partition], positions: [from] } as const
  const consumer = await consume(cluster, { ...reading, offsetReset: 'earliest' }, (consumer, stop) => ({
    records (_topic, _partition, records, position) {
      for (const record of records) {
        if (record.offset >= end) break
        // After a rebalance reading begins again.
        if (record.offset < at) continue
        at = record.offset + 1n
        if (!take(record.offset, record)) return stop()
      }
      if (position > at) at = position
      if (at >= end) stop()
    },
    corrupt (_topic, _partition, { offset, nextOffset }) {
      // Behind a damage without an end nothing is found.
      at = nextOffset < 0n ? end : nextOffset
      if (!take(offset, undefined) || at >= end) return stop()
      consumer.seek({ topic, partition, offset: at })
    }
  }))
  await consumer.close()
  return at < end ? at : end
}

export function partitionsOf (topic: string, count: number): readonly TopicPartition[] {
  return Array.from({ length: count }, (_, partition) => ({ topic, partition }))
}
