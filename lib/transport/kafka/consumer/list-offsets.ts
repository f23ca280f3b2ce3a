import type { TopicPartition } from '../../transport.js'
import type { Cluster } from '../cluster/cluster.js'
import type { Node } from '../cluster/node.js'
import { answerError } from '../cluster/denied.js'
import { CODE, isFinal } from '../cluster/protocol-errors.js'
import type { TopicMetadata } from '../cluster/topic-metadata.js'
import { byTopic, eachOf, groupBy, partitionId } from '../group-by.js'
import type { ListOffsetsRequest } from '../wire.js'

/** Range of offsets in the log of a partition. */
export interface LogRange {
  readonly start: bigint
  /** Records before it can be read. From it to `end` they wait for the outcome of a transaction. */
  readonly stable: bigint
  /** The offset that the next record will have. */
  readonly end: bigint
}

type Question = Pick<ListOffsetsRequest, 'isolationLevel'> & { readonly timestamp: bigint }
type Found = (partition: TopicPartition, range: LogRange) => void

const START: Question = { timestamp: -2n, isolationLevel: 0 }
const STABLE: Question = { timestamp: -1n, isolationLevel: 1 }
const END: Question = { timestamp: -1n, isolationLevel: 0 }

/**
 * Asks the leaders what their partitions hold, and tells each answer as soon as it is there. What has no leader, or
 * one that has moved or is silent, is left out. Rejects when asking again would not help.
 */
export async function listOffsets (
  cluster: Cluster, metadata: TopicMetadata, partitions: readonly TopicPartition[], found: Found
): Promise<void> {
  const shares = groupBy(partitions, ({ topic, partition }) => metadata.get(topic).leaders[partition] ?? -1)
  await Promise.all(Array.from(shares, async ([leader, share]) => {
    const node = cluster.node(leader)
    if (node === undefined) return
    try {
      await askLeader(node, share, found)
    } catch (err) {
      if (isFinal(err)) throw err
    }
  }))
}

async function askLeader (node: Node, partitions: readonly TopicPartition[], found: Found): Promise<void> {
  // In this order: a node answers one after the other, so that no end is before what is stable.
  const answers = [START, STABLE, END].map((question) => ask(node, partitions, question))
  const [starts, stables, ends] = await Promise.all(answers)
  for (const partition of partitions) {
    const [start, stable, end] = [starts, stables, ends].map((offsets) => offsets!.get(partitionId(partition)))
    if (start !== undefined && stable !== undefined && end !== undefined) found(partition, { start, stable, end })
  }
}

async function ask (
  node: Node, partitions: readonly TopicPartition[], { timestamp, isolationLevel }: Question
): Promise<ReadonlyMap<string, bigint>> {
  const topics = byTopic(partitions, ({ partition }) => ({ partition, timestamp }))
  const answer = await node.request('ListOffsets', { isolationLevel, topics })
  const offsets = new Map<string, bigint>()
  for (const row of eachOf(answer.topics)) {
    if (row.errorCode === CODE.none) offsets.set(partitionId(row), row.offset)
    else {
      const error = answerError(row.errorCode, 'ListOffsets', row)
      if (isFinal(error)) throw error
    }
  }
  return offsets
}
