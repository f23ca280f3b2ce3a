import type { Test } from 'tap'
import { createProducer } from '../../lib/transport/kafka/producer/producer.js'
import type { CompressRecords } from '../../lib/transport/kafka/records/compress.js'
import { RecordBatch } from '../../lib/transport/kafka/records/record-batch.js'
import type { ProducedRecord, SendError } from '../../lib/transport/transport.js'
import type { ProduceRequest } from '../../lib/transport/kafka/wire.js'
import { fakeWire } from './fake-wire.js'
import { clientOf, manualEnvironment, SILENT } from './kafka-client.js'
import { untilEnd } from './manual-clock.js'

/*
 * A producer and a cluster of two nodes, `a:1` and `b:1`, that keeps of each partition no more than where its log ends.
 */

/** A batch as a node gets it. */
export interface SentBatch {
  readonly topic: string
  readonly partition: number
  readonly address: string
  readonly producerId: bigint
  readonly epoch: number
  readonly sequence: number
  readonly count: number
}

/** An error code, or an answer without the partition, and without a topic of which nothing is left. */
export type Answer = number | 'left out'

export function partitionLogs (
  t: Pick<Test, 'teardown'>, { compress, principal }: { compress?: CompressRecords, principal?: string } = {}
) {
  const environment = manualEnvironment()
  const { clock } = environment
  const ends = new Map<string, number>()
  const batches: SentBatch[] = []
  const requests: ProduceRequest[] = []
  const warnings: unknown[] = []
  const world = {
    /** Nodes that lead the partitions of each topic. */
    leaders: { orders: [1, 2], bills: [2] } as Record<string, readonly number[]>,
    /** Nodes that the metadata name. */
    nodes: [{ nodeId: 1, host: 'a', port: 1 }, { nodeId: 2, host: 'b', port: 1 }],
    /** Error code of a topic that has no leaders. */
    missing: 3,
    /** What a node says of a batch: its code. A promise keeps the answer back, an error ends the connection. */
    answer: (_batch: SentBatch): Answer | Promise<Answer> => 0,
    identity: (_address: string) => ({ errorCode: 0, producerId: 7n, producerEpoch: 0 })
  }
  const wire = fakeWire({
    Metadata: ({ topics }) => ({
      brokers: world.nodes,
      controllerId: 1,
      topics: (topics ?? []).map((topic) => ({
        topic,
        errorCode: world.leaders[topic] === undefined ? world.missing : 0,
        partitions: (world.leaders[topic] ?? []).map((leader, partition) => ({ partition, errorCode: 0, leader }))
      }))
    }),
    InitProducerId: (_parameters, address) => world.identity(address),
    Produce: async (request, address) => {
      requests.push(request)
      const topics = await Promise.all(request.topics.map(async ({ topic, partitions }) => ({
        topic,
        partitions: (await Promise.all(partitions.map(async ({ partition, records }) => {
          const batch = sentBatch(records, { topic, partition, address })
          batches.push(batch)
          const errorCode = await world.answer(batch)
          if (errorCode === 'left out') return []
          const end = ends.get(`${topic}:${partition}`) ?? 0
          if (errorCode === 0) ends.set(`${topic}:${partition}`, end + batch.count)
          return [{ partition, errorCode, baseOffset: errorCode === 0 ? BigInt(end) : -1n }]
        }))).flat()
      })))
      return { topics: topics.filter(({ partitions }) => partitions.length > 0) }
    }
  })
  if (principal !== undefined) Object.assign(wire, { principal })
  const client = clientOf(t, wire, environment, { brokers: ['a:1', 'b:1'] })
  const log = { ...SILENT, warn: (...line: unknown[]) => { warnings.push(line) } }
  const producer = createProducer(client.cluster, client.metadata, { log, compress })
  return Object.assign(world, {
    ...client,
    clock,
    wire,
    producer,
    /** Batches and requests in the order in which nodes got them. */
    batches,
    requests,
    warnings,
    /** Sends within `ms` of which as much passes as it takes. Resolves with the offsets, or with the error. */
    async send (records: readonly ProducedRecord[], ms = 10_000): Promise<readonly bigint[] | SendError> {
      const sending = producer.send(records, clock.elapsed() + ms).catch((error: SendError) => error)
      return await untilEnd(clock, sending, { most: ms + 25 })
    }
  })
}

export function record (topic: string, partition: number, value = 'a'): ProducedRecord {
  return { topic, partition, key: null, value: Buffer.from(value), headers: [], timestamp: 1e12 }
}

function sentBatch (bytes: Buffer, place: Pick<SentBatch, 'topic' | 'partition' | 'address'>): SentBatch {
  const { producerId, count } = new RecordBatch(bytes)
  return { ...place, producerId, epoch: bytes.readInt16BE(51), sequence: bytes.readInt32BE(53), count }
}
