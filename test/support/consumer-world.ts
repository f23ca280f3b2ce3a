import { gzipSync } from 'node:zlib'
import type { Test } from 'tap'
import { createKafkaTransport } from '../../lib/transport/kafka/index.js'
import { encodeBatch, encodeRecords } from '../../lib/transport/kafka/records/encode-batch.js'
import type { FetchRequest, OffsetCommitRequest } from '../../lib/transport/kafka/wire.js'
import type { BudgetedConsumerOptions, ConsumerListener, TransportLog } from '../../lib/transport/transport.js'
import { fakeWire, type Handlers, metadataOf } from './fake-wire.js'
import { manualEnvironment, SILENT } from './kafka-client.js'
import { untilEnd } from './manual-clock.js'

/*
 * A consumer, and a cluster of one node that keeps the logs of two topics and a group of which it is the only member.
 */

const NO_SEQUENCE = { producerId: -1n, producerEpoch: -1, firstSequence: -1 }

export interface WorldOptions extends Partial<BudgetedConsumerOptions> {
  readonly log?: TransportLog
  readonly listener?: Partial<ConsumerListener>
  readonly handlers?: Handlers
}

export function consumerWorld (
  t: Pick<Test, 'teardown'>, { log = SILENT, listener: own = {}, handlers = {}, ...options }: WorldOptions = {}
) {
  const environment = manualEnvironment()
  const { clock } = environment
  const logs = new Map<string, string[]>()
  const waiting = new Set<() => void>()
  const told: string[] = []
  const errors: unknown[] = []
  const world = {
    topics: { orders: 2, bills: 1 } as Record<string, number>,
    /** Offsets that the group has stored. */
    stored: new Map<string, bigint>(),
    commits: [] as OffsetCommitRequest[],
    fetches: [] as FetchRequest[],
    joins: 0,
    /** What the coordinator says to heartbeats, joins and commits. */
    heartbeat: 0,
    join: 0,
    commit: 0
  }
  const endOf = (topic: string, partition: number) => BigInt(logs.get(`${topic}:${partition}`)?.length ?? 0)
  const wire = fakeWire({
    Metadata: (request, address) => metadataOf(world.topics)(request, address),
    ListOffsets: ({ topics }) => ({
      topics: topics.map(({ topic, partitions }) => ({
        topic,
        partitions: partitions.map(({ partition, timestamp }) => (
          { partition, errorCode: 0, offset: timestamp === -2n ? 0n : endOf(topic, partition) }))
      }))
    }),
    Fetch: async (request) => {
      world.fetches.push(request)
      const isBehind = () => request.topics.some(({ topic, partitions }) => (
        partitions.some(({ partition, offset }) => offset < endOf(topic, partition))))
      await new Promise<void>((resolve) => {
        if (isBehind()) return resolve()
        clock.schedule(request.maxWait, resolve)
        waiting.add(() => { if (isBehind()) resolve() })
      })
      return {
        errorCode: 0,
        topics: request.topics.map(({ topic, partitions }) => ({
          topic,
          partitions: partitions.map(({ partition, offset }) => {
            const values = logs.get(`${topic}:${partition}`) ?? []
            const end = endOf(topic, partition)
            const records = batchesOf(values, Number(offset))
            const rest = { errorCode: 0, highWatermark: end, lastStableOffset: end, preferredReadReplica: -1 }
            return { ...rest, partition, aborted: [], records }
          })
        }))
      }
    },
    FindCoordinator: () => ({ errorCode: 0, nodeId: 1, host: 'a', port: 1 }),
    JoinGroup: ({ protocols }) => {
      world.joins++
      const members = protocols.map(({ metadata }) => ({ memberId: 'm', metadata }))
      const generationId = world.joins
      return { errorCode: world.join, generationId, protocol: 'p', leaderId: 'm', memberId: 'm', members }
    },
    SyncGroup: ({ assignments }) => ({ errorCode: 0, assignment: assignments[0]!.assignment }),
    Heartbeat: () => ({ errorCode: world.heartbeat }),
    OffsetFetch: ({ topics }) => ({
      errorCode: 0,
      topics: topics.map(({ topic, partitions }) => ({
        topic,
        partitions: partitions.map(({ partition }) => (
          { partition, errorCode: 0, offset: world.stored.get(`${topic}:${partition}`) ?? -1n, metadata: null }))
      }))
    }),
    OffsetCommit: (request) => {
      world.commits.push(request)
      return {
        topics: request.topics.map(({ topic, partitions }) => (
          { topic, partitions: partitions.map(({ partition }) => ({ partition, errorCode: world.commit })) }))
      }
    },
    LeaveGroup: () => ({ errorCode: 0 }),
    ...handlers
  })
  Object.assign(wire, { principal: 'User:shop' })
  const transport = createKafkaTransport(
    { brokers: ['a:1'], connectTimeout: 9000, log, name: 'fake' }, wire, environment
  )
  const listener: ConsumerListener = {
    assigned: (partitions) => {
      told.push(`assigned ${partitions.map(({ topic, partition }) => `${topic}:${partition}`).join()}`)
    },
    revoking: async () => { told.push('revoking') },
    lost: () => { told.push('lost') },
    records: (topic, partition, records) => {
      for (const { value } of records) told.push(`${topic}:${partition} ${value}`)
    },
    stored: (topic, partition, offset) => { told.push(`${topic}:${partition} stored ${offset}`) },
    reset: (topic, partition) => { told.push(`${topic}:${partition} reset`) },
    corrupt: (topic, partition, { offset }) => { told.push(`${topic}:${partition} corrupt at ${offset}`) },
    failed: (error, again) => { told.push(again ? 'failed' : 'ended'); errors.push(error) },
    ...own
  }
  const consumer = transport.consumer({
    groupId: 'shop',
    topics: ['orders'],
    offsetReset: 'earliest',
    sessionTimeout: 6000,
    rebalanceTimeout: 6000,
    ...options
  }, listener)
  /** Lets `ms` pass, or less when the work ends before. */
  const within = <Result>(ms: number, work: Promise<Result>): Promise<Result> => {
    return untilEnd(clock, work, { most: ms, step: 10 })
  }
  t.teardown(() => within(10_000, transport.close()))
  return Object.assign(world, {
    wire,
    clock,
    consumer,
    told,
    errors,
    within,
    async start () {
      await within(5000, consumer.start())
      await clock.advance(10)
    },
    /** Appends records to a log, and lets them be read. */
    async publish (topic: string, partition: number, ...values: string[]) {
      const id = `${topic}:${partition}`
      logs.set(id, [...logs.get(id) ?? [], ...values])
      for (const wake of waiting) wake()
      await clock.advance(20)
    },
    /** How many requests of a kind were sent. */
    count: (kind: string) => wire.sent.filter((sent) => sent.endsWith(` ${kind}`)).length
  })
}

/** A batch cannot be read with the value `damaged`, and is compressed with a value that begins with `packed`. */
function batchesOf (values: readonly string[], from: number): Buffer {
  return Buffer.concat(values.slice(from).map((value, i) => {
    const record = { key: null, value: Buffer.from(value), headers: [], timestamp: 1e12 }
    const isPacked = value.startsWith('packed')
    const compressed = isPacked ? { compression: 1, bytes: gzipSync(encodeRecords([record])) } : undefined
    const bytes = encodeBatch([record], NO_SEQUENCE, compressed)
    bytes.writeBigInt64BE(BigInt(from + i), 0)
    if (value === 'damaged') bytes.writeInt32BE(7, 17)
    return bytes
  }))
}
