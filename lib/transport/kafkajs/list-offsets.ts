import type { TopicPartition } from '../transport.js'
import { groupBy, partitionId } from '../kafka/group-by.js'
import { code, isFinal, protocolError } from './errors.js'

/** What the log of a partition holds. */
export interface LogRange {
  readonly start: bigint
  /** Records before it can be read. From it to `end` they wait for the outcome of a transaction. */
  readonly stable: bigint
  /** The offset that the next record will have. */
  readonly end: bigint
}

interface OffsetsOfTopic {
  readonly topic: string
  readonly partitions: ReadonlyArray<{ readonly partition: number, readonly errorCode: number, readonly offset: string }>
}

/** The part of KafkaJS's `Broker` that tells offsets. */
interface Leader {
  lookupRequest (apiKey: number, definition: unknown): (parameters: object) => { readonly request: unknown, readonly response: object }
  listOffsets (request: object): Promise<{ readonly responses: readonly OffsetsOfTopic[] }>
}

/** The part of KafkaJS's `Cluster` that knows leaders. */
export interface Leaders {
  findTopicPartitionMetadata (topic: string): ReadonlyArray<{ readonly partitionId: number, readonly leader: number }>
  findBroker (node: { readonly nodeId: number }): Promise<Leader>
}

const questions = {
  start: { timestamp: -2, isolationLevel: 0 },
  stable: { timestamp: -1, isolationLevel: 1 },
  end: { timestamp: -1, isolationLevel: 0 }
}

/**
 * Asks the leaders what their partitions hold, and tells each answer as soon as it is there. What has no leader, or one that
 * has moved or is silent, is left out. Rejects when asking again would not help.
 *
 * KafkaJS's `fetchTopicsOffset` fails as a whole when one partition of many has an error.
 */
export async function listOffsets (leaders: Leaders, partitions: readonly TopicPartition[], found: (partition: TopicPartition, range: LogRange) => void): Promise<void> {
  const shares = groupBy(partitions, ({ topic, partition }) => leaders.findTopicPartitionMetadata(topic).find(({ partitionId }) => partitionId === partition)?.leader ?? -1)
  await Promise.all(Array.from(shares, async ([nodeId, share]) => {
    try {
      await askLeader(await leaders.findBroker({ nodeId }), share, found)
    } catch (err) {
      if (isFinal(err)) throw err
    }
  }))
}

async function askLeader (leader: Leader, partitions: readonly TopicPartition[], found: (partition: TopicPartition, range: LogRange) => void): Promise<void> {
  // In this order: a node answers one after the other, so that no end is before what is stable.
  const [starts, stables, ends] = await Promise.all([ask(leader, partitions, questions.start), ask(leader, partitions, questions.stable), ask(leader, partitions, questions.end)])
  for (const partition of partitions) {
    const [start, stable, end] = [starts, stables, ends].map((offsets) => offsets.get(partitionId(partition)))
    if (start !== undefined && stable !== undefined && end !== undefined) found(partition, { start, stable, end })
  }
}

async function ask (leader: Leader, partitions: readonly TopicPartition[], { timestamp, isolationLevel }: typeof questions.start): Promise<ReadonlyMap<string, bigint>> {
  const topics = Array.from(groupBy(partitions, ({ topic }) => topic), ([topic, share]) => ({
    topic, partitions: share.map(({ partition }) => ({ partition, timestamp }))
  }))
  const { responses } = await candid(leader).listOffsets({ replicaId: -1, isolationLevel, topics })
  const offsets = new Map<string, bigint>()
  for (const { topic, partitions } of responses) {
    for (const { partition, errorCode, offset } of partitions) {
      if (errorCode === code.none) offsets.set(partitionId({ topic, partition }), BigInt(offset))
      else if (isFinal(protocolError(errorCode))) throw protocolError(errorCode)
    }
  }
  return offsets
}

/** Gives answers as the node sent them: KafkaJS throws the first error code that it meets, and with it what the answer says of other partitions. */
function candid (leader: Leader): Leader {
  return Object.create(leader, {
    lookupRequest: {
      value: (...args: Parameters<Leader['lookupRequest']>) => (parameters: object) => {
        const { request, response } = leader.lookupRequest(...args)(parameters)
        return { request, response: { ...response, parse: async (data: unknown) => data } }
      }
    }
  })
}
