import { gzipSync } from 'node:zlib'
import { MemoryBudget } from '../../lib/memory-budget.js'
import { createCodecs } from '../../lib/transport/compression/codecs.js'
import { Assignment } from '../../lib/transport/kafka/consumer/assignment.js'
import { Fetcher } from '../../lib/transport/kafka/consumer/fetcher.js'
import { encodeBatch } from '../../lib/transport/kafka/records/encode-batch.js'
import { fakeWire } from './fake-wire.js'
import { clientOf, manualEnvironment } from './kafka-client.js'

/* A process that reads eight partitions, each with a gzip batch that inflates to 64 MiB. Tells its parent what it took. */

const PARTITIONS = 8
const RECORDS = 63
const MiB = 1024 * 1024
const isBounded = process.argv[2] === 'bounded'

/** What the broker stores: a few kilobytes. */
function bomb (): Buffer {
  const records = Array.from({ length: RECORDS }, () => ({
    key: null, value: Buffer.alloc(MiB), headers: [], timestamp: 1e12
  }))
  const plain = encodeBatch(records, { producerId: -1n, producerEpoch: -1, firstSequence: -1 })
  const batch = Buffer.concat([plain.subarray(0, 61), gzipSync(plain.subarray(61))])
  batch.writeInt32BE(batch.length - 12, 8)
  batch.writeInt16BE(1, 21)
  return batch
}

const set = Buffer.from(bomb())
const teardowns: Array<() => unknown> = []
const environment = manualEnvironment()
const answered = new Set<number>()
const wire = fakeWire({
  Metadata: () => ({
    brokers: [{ nodeId: 1, host: 'n1', port: 1 }],
    controllerId: 1,
    topics: [{
      topic: 'orders',
      errorCode: 0,
      partitions: Array.from({ length: PARTITIONS }, (_, partition) => ({ partition, errorCode: 0, leader: 1 }))
    }]
  }),
  Fetch: ({ topics: [asked] }) => {
    const partitions = asked!.partitions.filter(({ partition }) => !answered.has(partition))
    if (partitions.length === 0) return new Promise(() => {})
    return Promise.resolve({
      errorCode: 0,
      topics: [{
        topic: 'orders',
        partitions: partitions.map(({ partition }) => {
          answered.add(partition)
          return {
            partition,
            errorCode: 0,
            highWatermark: BigInt(RECORDS),
            lastStableOffset: BigInt(RECORDS),
            aborted: [],
            preferredReadReplica: -1,
            records: set
          }
        })
      }]
    })
  }
})
const client = clientOf({ teardown: (end) => { teardowns.push(end) } }, wire, environment)
await client.learn('orders')
const places = Array.from({ length: PARTITIONS }, (_, partition) => ({ topic: 'orders', partition }))
const budget = new MemoryBudget(8 * MiB)
const handled: number[] = []
let most = 0
const done = new Promise<void>((resolve) => {
  const over = new AbortController()
  const fetcher = new Fetcher({
    ...client,
    connections: client.cluster.connections(),
    assignment: new Assignment('m', 1, places),
    listener: {
      // A slow handler: the records stay in memory for a while.
      records (_topic, partition, records) {
        const bytes = records.reduce((sum, { size }) => sum + size, 0)
        budget.take(bytes)
        most = Math.max(most, budget.taken)
        setTimeout(() => {
          handled.push(partition)
          // Reading the values keeps them alive until here.
          if (records.some(({ value }) => value?.length !== MiB)) throw new Error('a value is not whole')
          budget.give(bytes)
          if (handled.length === PARTITIONS) resolve()
        }, 100)
      },
      corrupt: (_topic, _partition, { error }) => { throw error }
    },
    fetch: {},
    rack: '',
    isolationLevel: 1,
    decode: { codecs: createCodecs(), checkCrcs: false, ...isBounded && { budget } },
    outOfRange () {},
    deleted () {},
    stale () {},
    failed: (error) => { throw error },
    signal: over.signal
  }, true)
  for (const place of places) fetcher.begin(place, 0n)
})
await done
const { external, arrayBuffers } = process.memoryUsage()
process.send!(
  { handled: handled.sort(), most, peak: process.resourceUsage().maxRSS * 1024, external, arrayBuffers },
  () => process.exit()
)
