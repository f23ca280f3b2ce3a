import type { ConsumerOptions, TopicPartition } from '../../transport.js'
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
  /** Offset of the first record at the time that was asked for, or later; undefined when there is none. */
  readonly since: bigint | undefined
}

/** Question for an offset by time, or by a number that stands for one: see `ListOffsetsRequest`. */
export type OffsetQuestion = Pick<ListOffsetsRequest, 'isolationLevel'> & { readonly timestamp: bigint }
type Found = (partition: TopicPartition, range: LogRange) => void

const START: OffsetQuestion = { timestamp: -2n, isolationLevel: 0 }
const STABLE: OffsetQuestion = { timestamp: -1n, isolationLevel: 1 }
const END: OffsetQuestion = { timestamp: -1n, isolationLevel: 0 }
/** Answer when no record is as young as the time that was asked for. */
const NONE = -1n

/** The number that the protocol has for an isolation level. */
export function isolationLevelOf ({ isolationLevel }: Pick<ConsumerOptions, 'isolationLevel'>): 0 | 1 {
  return isolationLevel === 'read_uncommitted' ? 0 : 1
}

/**
 * Asks the leaders what their partitions hold, and tells each answer as soon as it is there. What has no leader, or
 * one that has moved or is silent, is left out. `since`: a time whose offsets are asked for, too. Rejects when asking
 * again would not help.
 */
export async function listOffsets (
  cluster: Cluster,
  metadata: TopicMetadata,
  partitions: readonly TopicPartition[],
  found: Found,
  since?: OffsetQuestion
): Promise<void> {
  const shares = groupBy(partitions, ({ topic, partition }) => metadata.get(topic).leaders[partition] ?? -1)
  await Promise.all(Array.from(shares, async ([leader, share]) => {
    const node = cluster.node(leader)
    if (node === undefined) return
    try {
      await askLeader(node, share, found, since)
    } catch (err) {
      if (isFinal(err)) throw err
    }
  }))
}

async function askLeader (
  node: Node, partitions: readonly TopicPartition[], found: Found, since?: OffsetQuestion
): Promise<void> {
  // In this order: a node answers one after the other, so that no end is before what is stable.
  const questions = [START, STABLE, END, ...since === undefined ? [] : [since]]
  const [starts, stables, ends, times] = await Promise.all(questions.map((asked) => ask(node, partitions, asked)))
  for (const partition of partitions) {
    const id = partitionId(partition)
    const [start, stable, end] = [starts, stables, ends].map((offsets) => offsets!.get(id))
    const at = times === undefined ? NONE : times.get(id)
    if (start === undefined || stable === undefined || end === undefined || at === undefined) continue
    found(partition, { start, stable, end, since: at === NONE ? undefined : at })
  }
}

async function ask (
  node: Node, partitions: readonly TopicPartition[], { timestamp, isolationLevel }: OffsetQuestion
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
