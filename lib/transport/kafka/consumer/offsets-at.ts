import { sleep, within } from '../../../clock.js'
import type { LogPlace, TopicPartition, TopicPartitionOffset } from '../../transport.js'
import type { Cluster } from '../cluster/cluster.js'
import { jittered } from '../cluster/retry-until.js'
import type { TopicMetadata } from '../cluster/topic-metadata.js'
import { partitionId } from '../group-by.js'
import { listOffsets, type LogRange, type OffsetQuestion } from './list-offsets.js'

interface Means {
  readonly cluster: Cluster
  readonly metadata: TopicMetadata
  readonly isolationLevel: OffsetQuestion['isolationLevel']
  readonly closing: AbortSignal
}

/** ms that the leaders have together */
const PATIENCE = 10_000
/** ms that one look waits for the leaders */
const LOOK = 2000
/** ms from one look to the next */
const PAUSE = 200

/** Resolves with an offset of each partition. Rejects when a leader does not answer, or would answer alike. */
export async function offsetsAt (
  at: LogPlace, partitions: readonly TopicPartition[], { cluster, metadata, isolationLevel, closing }: Means
): Promise<readonly TopicPartitionOffset[]> {
  const { environment } = cluster
  const { clock } = environment
  const since = typeof at === 'object' ? { timestamp: BigInt(at.timestamp), isolationLevel } : undefined
  const pending = new Map(partitions.map((partition) => [partitionId(partition), partition]))
  const found = new Map<string, TopicPartitionOffset>()
  const tell = ({ topic, partition }: TopicPartition, range: LogRange): void => {
    const id = partitionId({ topic, partition })
    pending.delete(id)
    found.set(id, { topic, partition, offset: offsetOf(at, range, isolationLevel) })
  }
  for (const deadline = clock.elapsed() + PATIENCE; pending.size > 0;) {
    await within(clock, LOOK, listOffsets(cluster, metadata, [...pending.values()], tell, since))
    if (pending.size === 0) break
    closing.throwIfAborted()
    const [silent] = [...pending.values()]
    if (clock.elapsed() >= deadline) throw new Error(`no leader tells the offsets of '${silent?.topic}'`)
    await sleep(clock, jittered(PAUSE, environment), closing)
    const topics = [...new Set([...pending.values()].map(({ topic }) => topic))]
    await cluster.until(PAUSE, (operation) => metadata.refresh(operation, topics), closing).catch(() => {})
  }
  return [...found.values()]
}

function offsetOf (at: LogPlace, { start, stable, end, since }: LogRange, isolationLevel: 0 | 1): bigint {
  if (at === 'start') return start
  return since ?? (isolationLevel === 0 ? end : stable)
}
