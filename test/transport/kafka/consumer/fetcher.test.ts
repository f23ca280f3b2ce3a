import t, { type Test } from 'tap'
import { createCodecs } from '../../../../lib/transport/compression/codecs.js'
import { Assignment } from '../../../../lib/transport/kafka/consumer/assignment.js'
import { Fetcher } from '../../../../lib/transport/kafka/consumer/fetcher.js'
import { encodeBatch } from '../../../../lib/transport/kafka/records/encode-batch.js'
import {
  type FetchAnswer, type FetchedPartition, type FetchRequest, WireError
} from '../../../../lib/transport/kafka/wire.js'
import type { FetchOptions } from '../../../../lib/transport/transport.js'
import { fakeWire } from '../../../support/fake-wire.js'
import { clientOf, manualEnvironment } from '../../../support/kafka-client.js'
import { turn } from '../../../support/manual-clock.js'

type Row = Partial<FetchedPartition> & { readonly partition: number }

/** One batch of records with the values `from` to `to`, which are their offsets. */
function batch (from: number, to: number): Buffer {
  const records = Array.from({ length: to - from }, (_, i) => ({
    key: null, value: Buffer.from(String(from + i)), headers: [], timestamp: 1e12
  }))
  const bytes = encodeBatch(records, { producerId: -1n, producerEpoch: -1, firstSequence: -1 })
  bytes.writeBigInt64BE(BigInt(from))
  return bytes
}

function answer (...rows: Row[]): FetchAnswer {
  const nothing = {
    errorCode: 0,
    highWatermark: 20n,
    lastStableOffset: 20n,
    aborted: [],
    preferredReadReplica: -1,
    records: Buffer.alloc(0)
  }
  return { errorCode: 0, topics: [{ topic: 'orders', partitions: rows.map((row) => ({ ...nothing, ...row })) }] }
}

interface Fetch extends FetchRequest {
  readonly address: string
  /** `partition@offset` */
  readonly places: readonly string[]
  answer (answer: FetchAnswer | Error): Promise<void>
}

/** A fetcher of partitions that begin at 0, and the fetches of its nodes, which wait until the test answers. */
async function build (
  t: Pick<Test, 'teardown'>, { leaders = [1, 1], reading = true, fetch = {} as FetchOptions, rack = '' } = {}
) {
  const environment = manualEnvironment()
  const fetches: Fetch[] = []
  const wire = fakeWire({
    Metadata: () => ({
      brokers: [1, 2].map((nodeId) => ({ nodeId, host: `n${nodeId}`, port: 1 })),
      controllerId: 1,
      topics: [{
        topic: 'orders',
        errorCode: 0,
        partitions: leaders.map((leader, partition) => ({ partition, errorCode: 0, leader }))
      }]
    }),
    Fetch: (request, address) => new Promise((resolve, reject) => {
      const places = request.topics[0]!.partitions.map(({ partition, offset }) => `${partition}@${offset}`)
      fetches.push({
        ...request,
        address,
        places,
        async answer (given) {
          if (given instanceof Error) reject(given)
          else resolve(given)
          await turn()
        }
      })
    })
  })
  const client = clientOf(t, wire, environment)
  await client.learn('orders')
  const partitions = [...leaders, 'unknown'].map((_, partition) => ({ topic: 'orders', partition }))
  const assignment = new Assignment('m', 1, partitions)
  const told: string[] = []
  const over = new AbortController()
  const listener = {
    records: (_topic: string, partition: number, records: readonly { value: Buffer | null }[], position: bigint) => {
      told.push(`${partition}: ${records.map(({ value }) => String(value)).join()} > ${position}`)
    },
    corrupt: (_topic: string, partition: number) => { told.push(`${partition} corrupt`) }
  }
  const fetcher = new Fetcher({
    ...client,
    connections: client.cluster.connections(),
    assignment,
    listener,
    fetch,
    rack,
    isolationLevel: 1,
    decode: { codecs: createCodecs(), checkCrcs: true },
    outOfRange: () => { told.push('out of range') },
    deleted: (topic) => { told.push(`${topic} deleted`) },
    stale: () => { told.push('stale') },
    failed: (error) => { told.push(error.message) },
    signal: over.signal
  }, reading)
  const place = (partition: number) => ({ topic: 'orders', partition })
  for (const partition of leaders.keys()) fetcher.begin(place(partition), 0n)
  await turn()
  return { ...environment, ...client, leaders, wire, fetches, assignment, told, over, listener, fetcher, place }
}

t.test('fetch options and rack reach the wire, and so do their defaults', async (t) => {
  const { fetches } = await build(t)
  t.match(fetches[0], { maxWait: 250, minBytes: 1, maxBytes: 10_485_760, isolationLevel: 1, rack: '' })
  t.same(fetches[0]!.topics, [{
    topic: 'orders', partitions: [0, 1].map((partition) => ({ partition, offset: 0n, maxBytes: 1_048_576 }))
  }])
  const own = await build(t, { fetch: { minBytes: 2, maxBytes: 3, maxBytesPerPartition: 4, maxWait: 5 }, rack: 'r1' })
  t.match(own.fetches[0], {
    maxWait: 5, minBytes: 2, maxBytes: 3, rack: 'r1', topics: [{ partitions: [{ maxBytes: 4 }, { maxBytes: 4 }] }]
  })
})

t.test('records are in order, the next fetch continues behind them, and partitions take turns', async (t) => {
  const { fetches, told, assignment, place } = await build(t)
  await fetches[0]!.answer(answer(
    { partition: 0, records: Buffer.concat([batch(0, 2), batch(2, 3)]) }, { partition: 1, highWatermark: 0n }
  ))
  t.same(told, ['0: 0,1,2 > 3'])
  t.same(fetches[1]!.places, ['1@0', '0@3'])
  t.match(assignment.owned(place(0)), { position: 3n, end: 20n })
  t.match(assignment.owned(place(1)), { position: 0n, end: 0n })
  t.equal(fetches.length, 2, 'one fetch at a time')
})

t.test('each node has its own fetches, and a slow one holds up no other', async (t) => {
  const { fetches, told } = await build(t, { leaders: [1, 2] })
  t.same(fetches.map(({ address, places }) => [address, places]), [['n1:1', ['0@0']], ['n2:1', ['1@0']]])
  await fetches[1]!.answer(answer({ partition: 1, records: batch(0, 1) }))
  t.same(told, ['1: 0 > 1'])
  t.equal(fetches[2]!.address, 'n2:1')
})

t.test('a paused partition keeps its fetched records and hands them over on resume', async (t) => {
  const { fetches, told, fetcher, place, clock } = await build(t)
  fetcher.pause(place(0))
  await fetches[0]!.answer(answer({ partition: 0, records: batch(0, 2) }, { partition: 1 }))
  t.same(told, [])
  t.same([fetches[1]!.places, fetches[1]!.maxWait], [['1@0'], 10], 'paused just now: the fetch of the others is short')
  await clock.advance(400)
  await fetches[1]!.answer(answer({ partition: 1 }))
  t.equal(fetches[2]!.maxWait, 100)
  fetcher.resume(place(0))
  await turn()
  t.same(told, ['0: 0,1 > 2'])
  await fetches[2]!.answer(answer({ partition: 1 }))
  t.same([fetches[3]!.places, fetches[3]!.maxWait], [['1@0', '0@2'], 250])
})

t.test('when all partitions are paused nothing is fetched, and resume fetches at once', async (t) => {
  const { fetches, fetcher, place } = await build(t)
  for (const partition of [0, 1]) fetcher.pause(place(partition))
  await fetches[0]!.answer(answer({ partition: 0 }, { partition: 1 }))
  t.equal(fetches.length, 1)
  fetcher.resume(place(1))
  await turn()
  t.same(fetches[1]!.places, ['1@0'])
  for (const unknown of [fetcher.pause, fetcher.resume]) unknown.call(fetcher, { topic: 'another', partition: 0 })
})

t.test('damage stops its partition until a seek, and no other', async (t) => {
  const { fetches, told, fetcher, place } = await build(t)
  const damaged = batch(1, 3)
  damaged[damaged.length - 1]! ^= 1
  await fetches[0]!.answer(answer(
    { partition: 0, records: Buffer.concat([batch(0, 1), damaged]) }, { partition: 1, records: batch(0, 1) }
  ))
  t.same(told, ['0: 0 > 1', '0 corrupt', '1: 0 > 1'])
  t.same([...fetches[1]!.places].sort(), ['0@3', '1@1'], 'sent before the damage was found')
  await fetches[1]!.answer(answer({ partition: 0, records: batch(3, 4) }, { partition: 1 }))
  t.equal(told.length, 3, 'nothing behind the damage is handed over')
  t.same(fetches[2]!.places, ['1@1'])
  fetcher.resume(place(0))
  fetcher.seek({ ...place(1), offset: 9n })
  fetcher.seek({ ...place(7), offset: 9n })
  fetcher.seek({ ...place(0), offset: 3n })
  await fetches[2]!.answer(answer({ partition: 1 }))
  t.same([...fetches[3]!.places].sort(), ['0@3', '1@1'], 'a partition that is read stays where it is')
})

t.test('the next fetch is under way before the last answer is decoded, also when that is small', async (t) => {
  const { fetches, told, listener } = await build(t)
  const underWay: number[] = []
  const { records } = listener
  listener.records = (...args) => {
    underWay.push(fetches.length)
    records(...args)
  }
  await fetches[0]!.answer(answer({ partition: 0, records: batch(0, 1) }, { partition: 1, records: batch(0, 1) }))
  t.same(told, ['0: 0 > 1', '1: 0 > 1'])
  t.same(underWay, [2, 2])
  t.same(fetches[1]!.places, ['0@1', '1@1'])
})

t.test('a partition paused while its sets are handed over keeps what was fetched and asks for no more', async (t) => {
  const { fetches, told, fetcher, listener, place } = await build(t, { leaders: [1] })
  const { records } = listener
  listener.records = (...args) => {
    fetcher.pause(place(0))
    records(...args)
  }
  await fetches[0]!.answer(answer({ partition: 0, records: batch(0, 1) }))
  await fetches[1]!.answer(answer({ partition: 0, records: batch(1, 2) }))
  t.same(told, ['0: 0 > 1'])
  t.equal(fetches.length, 2)
  fetcher.resume(place(0))
  await turn()
  t.same(told, ['0: 0 > 1', '0: 1 > 2'])
})

t.test('a set is fetched while the one before it is decoded, and no third one', async (t) => {
  const { fetches, told } = await build(t, { leaders: [1] })
  // More than the decoder takes in one turn.
  fetches[0]!.answer(answer({ partition: 0, records: batch(0, 25_000) }))
  while (fetches.length < 2) await new Promise((resolve) => { queueMicrotask(() => { resolve(undefined) }) })
  fetches[1]!.answer(answer({ partition: 0, records: batch(25_000, 50_000) }))
  for (let turns = 0; told.length < 2; turns++) await turn()
  t.same(told.map((line) => line.slice(-9)), ['9 > 25000', '9 > 50000'])
  t.same(fetches.slice(0, 2).map(({ places }) => places), [['0@0'], ['0@25000']])
  await turn()
  t.same(fetches[2]!.places, ['0@50000'])
})

t.test('a set that is handed over in part is fetched again from there', async (t) => {
  const { fetches, told } = await build(t, { leaders: [1] })
  fetches[0]!.answer(answer({ partition: 0, records: batch(0, 120_000) }))
  while (fetches.length < 2) await new Promise((resolve) => { queueMicrotask(() => { resolve(undefined) }) })
  t.same(fetches[1]!.places, ['0@120000'])
  while (told.length < 1) await turn()
  await fetches[1]!.answer(answer({ partition: 0, records: batch(120_000, 120_001) }))
  t.same(told.map((line) => line.slice(-8)), ['> 100000'])
  t.same(fetches[2]!.places, ['0@100000'])
})

t.test('headers that do not tell where the next fetch begins leave that to the decoder', async (t) => {
  const { fetches, told } = await build(t, { leaders: [1] })
  const broken = batch(0, 1)
  broken[16] = 1
  await fetches[0]!.answer(answer({ partition: 0, records: broken }))
  t.same(told, ['0 corrupt'])
  t.equal(fetches.length, 1)
})

t.test('what is still on its way from another place is not taken', async (t) => {
  const { fetches, told, fetcher, place, assignment } = await build(t, { leaders: [1] })
  assignment.owned(place(0))!.stopped = true
  fetcher.seek({ ...place(0), offset: 5n })
  await fetches[0]!.answer(answer({ partition: 0, records: batch(0, 2) }, { partition: 9 }))
  t.same(told, [])
  t.same(fetches[1]!.places, ['0@5'])
})

t.test('a leader that has moved is found with fresh metadata, and errors are no busy loop', async (t) => {
  const { fetches, told, leaders, learn, fetcher, clock } = await build(t, { leaders: [1] })
  await fetches[0]!.answer(answer({ partition: 0, errorCode: 6 }))
  t.same([told, fetches.length], [['stale'], 1])
  leaders[0] = 2
  await learn('orders')
  fetcher.metadataChanged()
  await turn()
  t.equal(fetches[1]!.address, 'n2:1')

  await fetches[1]!.answer(new WireError('gone', 'connection'))
  t.same([told, fetches.length], [['stale', 'stale'], 2])
  await clock.advance(100)
  t.equal(fetches.length, 3)
})

t.test('a partition without metadata waits for them', async (t) => {
  const { fetcher, fetches, place } = await build(t, { leaders: [] })
  fetcher.begin(place(0), 0n)
  await turn()
  t.equal(fetches.length, 0)
})

t.test('a node that is not known is looked for', async (t) => {
  const { told, fetches } = await build(t, { leaders: [3] })
  t.same([told, fetches.length], [['stale'], 0])
})

t.test('an offset out of range ends the generation, a fatal error ends the member', async (t) => {
  const { fetches, told } = await build(t, { leaders: [1, 2] })
  await fetches[0]!.answer(answer({ partition: 0, errorCode: 1 }))
  t.same(told, ['out of range', 'stale'])
  await fetches[1]!.answer(answer({ partition: 1, errorCode: 29 }))
  t.match(told.at(-1), /topic authorization failed/)
  const whole = await build(t)
  await whole.fetches[0]!.answer({ errorCode: 31, topics: [] })
  t.match(whole.told, [/cluster authorization failed/])
})

t.test('a replica that the leader prefers is read from, until it fails', async (t) => {
  const { fetches, told } = await build(t, { leaders: [1] })
  await fetches[0]!.answer(answer({ partition: 0, preferredReadReplica: 2 }))
  t.same([fetches[1]!.address, fetches[1]!.places], ['n2:1', ['0@0']])
  await fetches[1]!.answer(answer({ partition: 0, errorCode: 1 }))
  t.equal(fetches[2]!.address, 'n1:1', 'a follower may not have come as far as its leader')
  t.same(told, [])
})

t.test('a fetcher that has stopped, or whose generation is over, hands nothing over and fetches nothing', async (t) => {
  for (const end of [
    (built: Awaited<ReturnType<typeof build>>) => { built.fetcher.stop() },
    ({ over }: { over: AbortController }) => { over.abort() }
  ]) {
    const built = await build(t)
    end(built)
    await built.fetches[0]!.answer(answer({ partition: 0, records: batch(0, 1) }))
    built.fetcher.resume(built.place(0))
    await turn()
    t.same([built.told, built.fetches.length], [[], 1])
  }
  t.equal((await build(t, { reading: false })).fetches.length, 0)
})

t.test('a listener that stops in the middle gets nothing more, and one that throws ends the member', async (t) => {
  const { fetches, told, fetcher, listener } = await build(t)
  const damaged = batch(1, 2)
  damaged[damaged.length - 1]! ^= 1
  const { records } = listener
  listener.records = (...args) => {
    records(...args)
    fetcher.stop()
  }
  await fetches[0]!.answer(answer(
    { partition: 0, records: Buffer.concat([batch(0, 1), damaged]) }, { partition: 1, records: batch(0, 1) }
  ))
  t.same(told, ['0: 0 > 1'])
  const other = await build(t, { leaders: [1] })
  other.listener.records = () => { throw new Error('listeners do not do that') }
  await other.fetches[0]!.answer(answer({ partition: 0, records: batch(0, 1) }))
  t.same(other.told, ['listeners do not do that'])
})

t.test('a topic that its leader does not know is deleted; a follower that does not know it is left', async (t) => {
  const { fetches, told } = await build(t, { leaders: [1] })
  await fetches[0]!.answer(answer({ partition: 0, preferredReadReplica: 2 }))
  await fetches[1]!.answer(answer({ partition: 0, errorCode: 3 }))
  t.same(told, [])
  await fetches[2]!.answer(answer({ partition: 0, errorCode: 3 }))
  t.same(told, ['orders deleted', 'stale'])
})
