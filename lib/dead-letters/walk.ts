import type { TopicPartitionOffset } from '../transport/transport.js'
import type { Cluster } from './consuming.js'
import { endsOf } from './log-reader.js'
import { Progress } from './progress.js'
import type { Selection } from './selection.js'

/** Visits one partition, up to its `end`. Resolves to whether the walk goes on. */
export type Visit = (end: TopicPartitionOffset, progress: Progress) => Promise<boolean>

/** Visits the partitions that may hold wanted letters, by topic and partition, from that of `after` on. */
export async function walk (
  cluster: Cluster, topics: readonly string[], selection: Selection, visit: Visit, after?: TopicPartitionOffset
): Promise<void> {
  const ends = await endsOf(cluster, topics)
  const wanted = ends.filter((end) => selection.endOf(end) > 0n && (after === undefined || !isBefore(end, after)))
  for (const topic of new Set(wanted.map(({ topic }) => topic))) {
    const partitions = ends.filter((end) => end.topic === topic).map(({ partition }) => partition)
    const progress = await Progress.open(cluster, topic, partitions)
    try {
      for (const end of wanted) if (end.topic === topic && !await visit(end, progress)) return
    } finally {
      await progress.close()
    }
  }
}

function isBefore (one: TopicPartitionOffset, other: TopicPartitionOffset): boolean {
  return one.topic === other.topic ? one.partition < other.partition : one.topic < other.topic
}
