import { setImmediate } from 'node:timers/promises'
import t from 'tap'
import type { Test } from 'tap'
import { createMemoryCluster, createMemoryTransport } from '../../../lib/transport/memory/index.js'
import type { MemoryCluster } from '../../../lib/transport/memory/index.js'
import { GenerationLostError, SendError } from '../../../lib/transport/transport.js'
import type { ProducedRecord, TransportProducer } from '../../../lib/transport/transport.js'
import { ConsumerRecorder, quiet, until } from '../../support/consumer-recorder.js'

const deadline = Number.MAX_SAFE_INTEGER

function record (topic: string, partition: number, value: string | Buffer | null, rest: Partial<ProducedRecord> = {}): ProducedRecord {
  return { topic, partition, key: null, value: typeof value === 'string' ? Buffer.from(value) : value, headers: [], timestamp: 1, ...rest }
}

function numbered (topic: string, partition: number, count: number): ProducedRecord[] {
  return Array.from({ length: count }, (_, i) => record(topic, partition, String(i)))
}

async function build (t: Test, topics: Record<string, number> = { orders: 2 }) {
  const cluster = createMemoryCluster()
  const transport = createMemoryTransport({ cluster })
  t.teardown(() => transport.close())
  await transport.connect()
  await transport.createTopics(Object.entries(topics).map(([topic, partitions]) => ({ topic, partitions, replicas: -1 })))

  function join (topics = ['orders'], groupId = 'shop') {
    const listener = new ConsumerRecorder()
    const consumer = transport.consumer({ groupId, topics, offsetReset: 'earliest', rebalanceTimeout: 10_000, sessionTimeout: 10_000 }, listener)
    return { listener, consumer }
  }
  return { cluster, transport, join, producer: transport.producer() }
}

function send (producer: TransportProducer, ...records: ProducedRecord[]): Promise<readonly bigint[]> {
  return producer.send(records, deadline)
}

function committed (cluster: MemoryCluster, partition: number): bigint | undefined {
  return cluster.lag().find((lag) => lag.partition === partition)?.committed
}

t.test('the topics that exist are described with their partitions, others are left out', async (t) => {
  const { transport } = await build(t, { orders: 2, invoices: 7 })
  t.same(await transport.describeTopics(['invoices', 'nope', 'orders']), new Map([['invoices', 7], ['orders', 2]]))
})

t.test('a topic that exists stays as it is when it is created again', async (t) => {
  const { transport } = await build(t)
  await transport.createTopics([{ topic: 'orders', partitions: 9, replicas: 3 }])
  t.same(await transport.describeTopics(['orders']), new Map([['orders', 2]]))
})

t.test("names and partition counts follow Kafka's rules, and those that do are created all the same", async (t) => {
  const { transport } = await build(t, { 'a.b': 1 })
  const bad = ['', '.', '..', 'a b', 'ä', 'a/b', 'x'.repeat(250), 'a_b']
  const good = ['...', 'x'.repeat(249), 'A-z_0.9', 'a-b']
  await t.rejects(
    transport.createTopics([...bad, ...good].map((topic) => ({ topic, partitions: 1, replicas: -1 }))),
    { code: 'FASTSTREAM_ERR_TOPICS', message: /^the topics (?!.*A-z).*the name is invalid.*collides with 'a\.b'/ }
  )
  t.equal((await transport.describeTopics([...bad, ...good])).size, good.length)
  for (const partitions of [0, -1, 1.5]) {
    await t.rejects(transport.createTopics([{ topic: 'none', partitions, replicas: -1 }]), { code: 'FASTSTREAM_ERR_TOPICS' })
  }
})

t.test('records get the offsets of their partitions, in the order given', async (t) => {
  const { producer } = await build(t)
  t.same(await send(producer, record('orders', 0, 'a'), record('orders', 1, 'b'), record('orders', 0, 'c')), [0n, 0n, 1n])
  t.same(await send(producer, record('orders', 0, 'd'), record('orders', 1, 'e')), [2n, 1n])
})

t.test('sends arrive in the order in which they were called', async (t) => {
  const { cluster, producer } = await build(t)
  await Promise.all(['a', 'b', 'c', 'd'].map((value) => send(producer, record('orders', 0, value))))
  t.same(cluster.records('orders').map(({ value }) => String(value)), ['a', 'b', 'c', 'd'])
})

t.test('the partition count is there at once, also when it has grown', async (t) => {
  const { cluster, producer } = await build(t)
  t.equal(producer.partitionCount('orders'), 2)
  cluster.createPartitions('orders', 5)
  t.equal(producer.partitionCount('orders'), 5)
  cluster.createPartitions('orders', 3)
  t.equal(producer.partitionCount('orders'), 5, 'never shrinks')
})

t.test('an unknown topic is an error, nothing creates it', async (t) => {
  const { cluster, transport, producer } = await build(t)
  await t.rejects(async () => producer.partitionCount('nope'), { code: 'FASTSTREAM_ERR_UNKNOWN_TOPIC' })
  await t.rejects(send(producer, record('nope', 0, 'a')), { name: 'SendError', reason: 'refused', outcome: 'not-sent' })
  cluster.createPartitions('nope', 3)
  t.same(await transport.describeTopics(['nope']), new Map())
  t.same(cluster.records('nope'), [])
})

t.test('what a send has for one partition is stored or refused as a whole, whatever becomes of the others', async (t) => {
  const { cluster, producer } = await build(t)
  const tooLarge = Buffer.alloc(1024 * 1024)
  for (const bad of [record('orders', 2, 'x'), record('orders', -1, 'x'), record('nope', 0, 'x'), record('orders', 0, tooLarge)]) {
    const err = await send(producer, bad, record('orders', 1, 'good'), { ...bad, value: Buffer.from('beside it') }).catch((err) => err)
    t.ok(err instanceof SendError)
    t.match(err, { reason: bad.value?.length === tooLarge.length ? 'too-large' : 'refused', outcome: 'not-sent' })
    t.same(err.offsets, [undefined, cluster.partition('orders', 1)!.end - 1n, undefined])
  }
  t.same(cluster.records('orders').map(({ partition, value }) => [partition, String(value)]), Array.from({ length: 4 }, () => [1, 'good']))
  t.same(await send(producer, record('orders', 0, Buffer.alloc(1024 * 1024 - 100))), [0n], 'a little less than 1 MiB is taken')
})

t.test('the records of a partition are refused when they are too large together, and nothing is left of them', async (t) => {
  const { cluster, producer } = await build(t)
  const half = Buffer.alloc(600_000)
  await t.rejects(send(producer, record('orders', 0, half), record('orders', 0, half)), { offsets: [undefined, undefined], message: /^1200144 bytes for partition 0 of 'orders', the cluster takes 1048588$/ })
  t.same(await send(producer, record('orders', 0, half), record('orders', 1, half)), [0n, 0n])
  t.equal(cluster.records('orders').length, 2)
})

t.test('key, value and headers all count for the size of a record', async (t) => {
  const { producer } = await build(t)
  const third = Buffer.alloc(400_000)
  const big = record('orders', 0, third, { key: third, headers: [['h', third]] })
  await t.rejects(send(producer, big), { name: 'SendError', reason: 'too-large' })
})

t.test('a closed producer sends nothing, not even what was under way', async (t) => {
  const { cluster, producer } = await build(t)
  const underWay = send(producer, record('orders', 0, 'a'))
  await producer.close()
  await producer.close()
  await t.rejects(underWay, { name: 'SendError', reason: 'closed', outcome: 'not-sent' })
  await t.rejects(send(producer, record('orders', 0, 'b')), { name: 'SendError', reason: 'closed', outcome: 'not-sent' })
  t.same(cluster.records('orders'), [])
})

t.test('null, empty and binary bytes arrive as they were sent', async (t) => {
  const { producer, join } = await build(t)
  const binary = Buffer.from([0, 255, 254, 10])
  const sent = [
    record('orders', 0, null),
    record('orders', 0, '', { key: Buffer.alloc(0), timestamp: 1_700_000_000_000 }),
    record('orders', 0, binary, { key: binary, headers: [['a', Buffer.from('1')], ['__proto__', null], ['a', binary], ['', Buffer.alloc(0)]] })
  ]
  await send(producer, ...sent)
  const { listener, consumer } = join()
  await consumer.start()
  await until(() => listener.deliveries.length > 0)
  t.same(listener.deliveries[0]?.records.map(({ key, value, headers, timestamp }) => ({ key, value, headers, timestamp })),
    sent.map(({ key, value, headers, timestamp }) => ({ key, value, headers, timestamp })))
  t.same(listener.deliveries[0]?.records.map(({ size }) => size > 0 && size < 200), [true, true, true])
})

t.test('a Buffer that a publisher or a consumer changes does not change the log', async (t) => {
  const { cluster, producer, join } = await build(t)
  const bytes = { key: Buffer.from('key'), value: Buffer.from('value'), header: Buffer.from('header') }
  const sending = send(producer, record('orders', 0, bytes.value, { key: bytes.key, headers: [['h', bytes.header]] }))
  for (const buffer of Object.values(bytes)) buffer.fill('!')
  await sending

  for (const groupId of ['first', 'second']) {
    const { listener, consumer } = join(['orders'], groupId)
    await consumer.start()
    await until(() => listener.deliveries.length > 0)
    const [read] = listener.deliveries[0]?.records ?? []
    t.match([read, ...cluster.records('orders')].map((r) => [r?.key, r?.value, r?.headers[0]?.[1]].join()), ['key,value,header', 'key,value,header'])
    for (const buffer of [read?.key, read?.value, read?.headers[0]?.[1]]) buffer?.fill('!')
  }
})

t.test('a topic can be read back in the order in which its records came', async (t) => {
  const { cluster, producer } = await build(t)
  await send(producer, record('orders', 1, 'a'), record('orders', 0, 'b'))
  await send(producer, record('orders', 1, 'c', { key: Buffer.from('k') }))
  t.match(cluster.records('orders'), [
    { partition: 1, offset: 0n, value: Buffer.from('a'), key: null },
    { partition: 0, offset: 0n, value: Buffer.from('b') },
    { partition: 1, offset: 1n, value: Buffer.from('c'), key: Buffer.from('k'), timestamp: 1, headers: [] }
  ])
})

t.test('start resolves after the first assignment, which comes before any record', async (t) => {
  const { producer, join } = await build(t)
  await send(producer, record('orders', 0, 'a'))
  const { listener, consumer } = join()
  await consumer.start()
  t.same(listener.events, ['assigned orders/0 orders/1'])
  await until(() => listener.deliveries.length > 0)
  t.same(listener.events, ['assigned orders/0 orders/1', 'records orders/0 0-0'])
  t.equal(listener.deliveries[0]?.position, 1n)
})

t.test('a member of a topic that does not exist yet owns nothing and starts', async (t) => {
  const { join } = await build(t)
  const { listener, consumer } = join(['later'])
  await consumer.start()
  t.same(listener.events, ['assigned'])
})

t.test('nothing is delivered inside of anybody else\'s call', async (t) => {
  const { producer, join } = await build(t)
  const { listener, consumer } = join()
  const starting = consumer.start()
  t.same(listener.events, [])
  await starting
  consumer.pause({ topic: 'orders', partition: 0 })
  await send(producer, record('orders', 0, 'a'), record('orders', 1, 'b'))
  t.same(listener.values(), [])
  await until(() => listener.values().length === 1)
  consumer.resume({ topic: 'orders', partition: 0 })
  t.same(listener.values(), ['b'])
  await until(() => listener.values().length === 2)
})

t.test('a long log comes in order, in batches of at most 500 records', async (t) => {
  const { producer, join } = await build(t)
  await send(producer, ...numbered('orders', 1, 1201))
  const { listener, consumer } = join()
  await consumer.start()
  await until(() => listener.values().length === 1201)
  t.same(listener.events.slice(1), ['records orders/1 0-499', 'records orders/1 500-999', 'records orders/1 1000-1200'])
  t.same(listener.deliveries.map(({ position }) => position), [500n, 1000n, 1201n])
  t.same(listener.values(), numbered('orders', 1, 1201).map(({ value }) => String(value)))
})

t.test('a batch holds 1 MiB at most, but at least one record', async (t) => {
  const { producer, join } = await build(t)
  for (let i = 0; i < 3; i++) await send(producer, record('orders', 0, Buffer.alloc(500_000)))
  await send(producer, record('orders', 0, Buffer.alloc(1_048_500)))
  const { listener, consumer } = join()
  await consumer.start()
  await until(() => listener.values().length === 4)
  t.same(listener.deliveries.map(({ records }) => records.length), [2, 1, 1])
})

t.test('the event loop turns between two batches of a partition', async (t) => {
  const { producer, join } = await build(t)
  await send(producer, ...numbered('orders', 0, 2500))
  const { listener, consumer } = join()
  await consumer.start()
  let turns = 0
  const turnsAt: number[] = []
  listener.onRecords = () => { turnsAt.push(turns) }
  while (listener.deliveries.length < 5) {
    await setImmediate()
    turns++
  }
  t.equal(new Set(turnsAt).size, 5)
})

t.test('a paused partition delivers nothing while others go on, and loses nothing', async (t) => {
  const { producer, join } = await build(t)
  const { listener, consumer } = join()
  listener.onAssigned = () => { consumer.pause({ topic: 'orders', partition: 0 }) }
  await consumer.start()
  await send(producer, record('orders', 0, 'a'), record('orders', 1, 'b'), record('orders', 0, 'c'))
  await until(() => listener.values().length > 0)
  await quiet()
  t.same(listener.values(), ['b'])
  consumer.resume({ topic: 'orders', partition: 0 })
  await until(() => listener.values().length === 3)
  t.same(listener.values(), ['b', 'a', 'c'])
})

t.test('a pause out of a batch holds at once, for its own partition and for the next', async (t) => {
  const { producer, join } = await build(t)
  await send(producer, ...numbered('orders', 0, 600), ...numbered('orders', 1, 600))
  const { listener, consumer } = join()
  listener.onRecords = () => {
    consumer.pause({ topic: 'orders', partition: 0 })
    consumer.pause({ topic: 'orders', partition: 1 })
  }
  await consumer.start()
  await until(() => listener.deliveries.length > 0)
  await quiet()
  t.same(listener.events.slice(1), ['records orders/0 0-499'])
})

t.test('pause and resume of what is not owned do nothing', async (t) => {
  const { producer, join } = await build(t)
  const { listener, consumer } = join()
  for (const partition of [0, 7]) {
    consumer.pause({ topic: 'orders', partition })
    consumer.resume({ topic: 'orders', partition })
  }
  await consumer.start()
  consumer.pause({ topic: 'nope', partition: 0 })
  await send(producer, record('orders', 0, 'a'))
  await until(() => listener.values().length === 1)
})

t.test('two groups read the same records, each with offsets of its own', async (t) => {
  const { cluster, producer, join } = await build(t)
  await send(producer, record('orders', 0, 'a'), record('orders', 0, 'b'))
  const shop = join(['orders'], 'shop')
  const audit = join(['orders'], 'audit')
  await Promise.all([shop.consumer.start(), audit.consumer.start()])
  await until(() => shop.listener.values().length === 2 && audit.listener.values().length === 2)
  await shop.consumer.commit([{ topic: 'orders', partition: 0, offset: 2n }])
  t.same(cluster.lag(), [{ groupId: 'audit', topic: 'orders', partition: 0, committed: 0n, end: 2n }])
})

t.test('the next member goes on at the committed offset', async (t) => {
  const { producer, join } = await build(t)
  await send(producer, ...numbered('orders', 0, 10))
  const first = join()
  await first.consumer.start()
  await first.consumer.commit([{ topic: 'orders', partition: 0, offset: 4n }])
  await first.consumer.close()
  const second = join()
  await second.consumer.start()
  await until(() => second.listener.values().length === 6)
  t.same(second.listener.values(), ['4', '5', '6', '7', '8', '9'])
})

t.test('an offset may be set back', async (t) => {
  const { cluster, producer, join } = await build(t)
  await send(producer, ...numbered('orders', 0, 5))
  const { consumer } = join()
  await consumer.start()
  await consumer.commit([{ topic: 'orders', partition: 0, offset: 4n }])
  await consumer.commit([{ topic: 'orders', partition: 0, offset: 2n }])
  t.equal(committed(cluster, 0), 2n)
})

t.test('a stopped consumer gets no records, but stays a member whose commits are taken', async (t) => {
  const { cluster, producer, join } = await build(t)
  const first = join()
  await first.consumer.start()
  await send(producer, record('orders', 0, 'a'), record('orders', 1, 'b'))
  await until(() => first.listener.values().length === 2)
  first.consumer.stop()
  first.consumer.resume({ topic: 'orders', partition: 0 })
  await send(producer, record('orders', 0, 'c'), record('orders', 1, 'd'))
  await quiet()
  await first.consumer.commit([{ topic: 'orders', partition: 0, offset: 1n }])
  t.equal(committed(cluster, 0), 1n)

  const second = join()
  await second.consumer.start()
  await until(() => first.listener.generations() === 2)
  await quiet()
  t.same(first.listener.values(), ['a', 'b'])
  t.match(first.listener.events.slice(-2), ['revoking', /^assigned orders\/.$/], 'rebalances are still its business')
})

t.test('a consumer that stops out of a batch gets no other', async (t) => {
  const { producer, join } = await build(t)
  await send(producer, record('orders', 0, 'a'), record('orders', 1, 'b'))
  const { listener, consumer } = join()
  listener.onRecords = () => consumer.stop()
  await consumer.start()
  await until(() => listener.values().length > 0)
  await quiet()
  t.same(listener.values(), ['a'])
})

t.test('a closed consumer hears nothing more and may be closed again', async (t) => {
  const { producer, join } = await build(t)
  const { listener, consumer } = join()
  await consumer.start()
  await send(producer, record('orders', 0, 'a'))
  const heard = listener.events.length
  await Promise.all([consumer.close(), consumer.close()])
  await consumer.close()
  await send(producer, record('orders', 0, 'b'))
  await join().consumer.start()
  await quiet()
  t.equal(listener.events.length, heard)
})

t.test('a consumer that was never started can be closed', async (t) => {
  const { join } = await build(t)
  const { listener, consumer } = join()
  await consumer.close()
  t.same(listener.events, [])
})

t.test('a consumer that is closed out of its own first assignment gets nothing', async (t) => {
  const { producer, join } = await build(t)
  await send(producer, record('orders', 0, 'a'))
  const { listener, consumer } = join()
  listener.onAssigned = () => { consumer.close() }
  await t.rejects(consumer.start(), /closed before it had joined/)
  await quiet()
  t.same(listener.values(), [])
})

t.test('a commit that was called before the close is stored, one that comes after is refused', async (t) => {
  const { cluster, producer, join } = await build(t)
  await send(producer, ...numbered('orders', 0, 3))
  const { consumer } = join()
  await consumer.start()
  const before = consumer.commit([{ topic: 'orders', partition: 0, offset: 2n }])
  const closing = consumer.close()
  const after = consumer.commit([{ topic: 'orders', partition: 0, offset: 3n }])
  await before
  await t.rejects(after, GenerationLostError)
  await closing
  await join().consumer.start()
  t.equal(committed(cluster, 0), 2n)
})

t.test('closing ends a start that is under way, and no start comes after it', async (t) => {
  const { join } = await build(t)
  for (const turns of [0, 1, 2]) {
    const { listener, consumer } = join()
    const starting = consumer.start()
    starting.catch(() => {})
    await quiet(turns)
    await consumer.close()
    await t.rejects(starting, /the consumer of group 'shop' was closed before it had joined/)
    await t.rejects(consumer.start(), /closed/)
    t.same(listener.events, [])
  }
})

t.test('closing the transport closes all its clients', async (t) => {
  const { transport, producer, join } = await build(t)
  const { listener, consumer } = join()
  await consumer.start()
  await transport.close()
  await transport.close()
  await t.rejects(consumer.commit([{ topic: 'orders', partition: 0, offset: 0n }]), GenerationLostError)
  await t.rejects(send(producer, record('orders', 0, 'a')), { name: 'SendError', reason: 'closed' })
  t.same(listener.events, ['assigned orders/0 orders/1'])
})
