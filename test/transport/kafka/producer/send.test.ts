import t from 'tap'
import { createCodecs } from '../../../../lib/transport/compression/codecs.js'
import { rejects } from '../../../support/kafka-client.js'
import { partitionLogs, record } from '../../../support/partition-logs.js'
import { decode } from '../../../support/record-sets.js'

/* What a producer sends when nothing fails. */

const CHECKED = { codecs: createCodecs(), checkCrcs: true }

t.test('a send has one batch per partition and one request per leader, and resolves with all offsets', async (t) => {
  const { send, batches, requests } = partitionLogs(t)
  t.same(await send([
    record('bills', 0, 'x'), record('orders', 1, 'b'), record('orders', 0, 'c'),
    record('bills', 0, 'y'), record('orders', 0, 'd'), record('orders', 0, 'e')
  ]), [0n, 0n, 0n, 1n, 1n, 2n])
  const places = batches.map(({ topic, partition, address, count }) => `${topic} ${partition} ${address} ${count}`)
  t.same(places.sort(), ['bills 0 b:1 2', 'orders 0 a:1 3', 'orders 1 b:1 1'])
  t.equal(requests.length, 2)
  t.ok(requests.every(({ timeout }) => timeout === 4000), 'the node gives up before the client does')
  const values = await Promise.all(requests.map(async ({ topics: [first] }) => (
    (await decode(first!.partitions[0]!.records, CHECKED)).batches[0]!.records.map(({ value }) => String(value)))))
  t.same(values.sort(), [['c', 'd', 'e'], ['x', 'y']])
})

t.test('a send of nothing resolves with nothing', async (t) => {
  const { send, requests } = partitionLogs(t)
  t.same(await send([]), [])
  t.same(requests, [])
})

t.test('one identity is asked for, and each partition counts its own records', async (t) => {
  const { send, batches, wire } = partitionLogs(t)
  await send([record('orders', 0), record('orders', 0), record('orders', 1)])
  await send([record('orders', 0), record('orders', 1), record('bills', 0)])
  t.same(await send([record('orders', 0)]), [3n])
  for (const [topic, partition, sequences] of [['orders', 0, [0, 2, 3]], ['orders', 1, [0, 1]], ['bills', 0, [0]]]) {
    const own = batches.filter((batch) => batch.topic === topic && batch.partition === partition)
    t.same(own.map(({ sequence }) => sequence), sequences)
  }
  t.ok(batches.every(({ producerId, epoch }) => producerId === 7n && epoch === 0))
  t.same(wire.sent.filter((sent) => sent.endsWith('InitProducerId')).length, 1)
})

t.test('metadata are fetched once for all topics of a send, and not again', async (t) => {
  const { send, wire } = partitionLogs(t)
  const looks = () => wire.sent.filter((sent) => sent.endsWith('Metadata')).length
  await send([record('orders', 0), record('bills', 0), record('orders', 1)])
  t.equal(looks(), 1)
  await send([record('bills', 0), record('orders', 1)])
  t.equal(looks(), 1)
})

t.test('a topic that is not known yet is looked up before the send, beside one that is', async (t) => {
  const { send, warnings } = partitionLogs(t)
  await send([record('orders', 0)])
  t.same(await send([record('orders', 0), record('bills', 0)]), [1n, 0n])
  t.same(warnings, [])
})

t.test('the metadata name each topic once', async (t) => {
  const { send, wire } = partitionLogs(t)
  const asked: unknown[] = []
  const { Metadata } = wire.handlers
  wire.handlers.Metadata = (parameters, address) => {
    asked.push(parameters.topics)
    return Metadata!(parameters, address)
  }
  await send([record('orders', 0), record('orders', 1), record('bills', 0)])
  t.same(asked, [['orders', 'bills']])
})

t.test('the number of partitions is that of the metadata', async (t) => {
  const { producer } = partitionLogs(t)
  t.equal(await producer.partitionCount('orders'), 2)
  t.equal(producer.partitionCount('orders'), 2)
})

t.test('a producer that was closed sends nothing, and one that closes ends what it sends', async (t) => {
  const world = partitionLogs(t)
  const { producer, batches, clock } = world
  world.answer = () => new Promise(() => {})
  const sending = rejects(t, producer.send([record('orders', 0)], clock.elapsed() + 10_000), {
    outcome: 'unknown', reason: 'closed', message: 'it was closed', offsets: [undefined]
  })
  await clock.advance(100)
  t.equal(batches.length, 1)
  await Promise.all([producer.close(), producer.close()])
  await sending
  t.match(await world.send([record('orders', 0)]), { outcome: 'not-sent', reason: 'closed' })
  t.equal(batches.length, 1)
})

t.test('each batch is compressed before it is sent, and one that is not leaves nothing behind', async (t) => {
  const compressed: string[][] = []
  const { send, requests, batches } = partitionLogs(t, {
    compress: async (records) => {
      compressed.push(records.map(({ value }) => String(value)))
      if (compressed.length > 2) throw new Error('no memory')
      return { compression: 1, bytes: Buffer.from('packed') }
    }
  })
  t.same(await send([record('orders', 0, 'a'), record('bills', 0, 'b'), record('orders', 0, 'c')]), [0n, 0n, 1n])
  t.same(compressed, [['a', 'c'], ['b']])
  for (const { topics } of requests) t.equal(String(topics[0]!.partitions[0]!.records.subarray(61)), 'packed')
  t.match(await send([record('orders', 0, 'd')]), {
    outcome: 'not-sent', reason: 'refused', offsets: [undefined], cause: { message: 'no memory' }
  })
  t.equal(batches.length, 2)
})
