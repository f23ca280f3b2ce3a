import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import kafkajs from 'kafkajs'
import t from 'tap'
import { createCodecs } from '../../lib/transport/compression/codecs.js'
import { GenerationLostError } from '../../lib/transport/transport.js'
import { brokers, createTopic, uniqueName, until, withAdmin } from './fixture.js'
import { committed, createMember, memberIds, numbered, produce, withProducer } from './members.js'

const { CompressionTypes } = kafkajs
const partition = 0

// They wait most of the time.
t.jobs = 4

t.test('start resolves when the partitions are known, and hands over every record once and in order', async (t) => {
  const topic = await createTopic({ partitions: 2 })
  const { consumer, observer } = createMember(t, { topics: [topic] })
  await produce(topic, [...numbered(50), ...numbered(50, { partition: 1 })])

  await consumer.start()
  t.same(observer.owned, [{ topic, partition: 0 }, { topic, partition: 1 }])
  await observer.has(100)
  await produce(topic, numbered(50, { from: 50 }))
  await observer.has(150)

  t.same(
    observer.received.filter((record) => record.partition === 0).map(({ value }) => value),
    Array.from({ length: 100 }, (_, i) => String(i))
  )
  t.same(
    observer.received.filter((record) => record.partition === 1).map(({ offset }) => offset),
    Array.from({ length: 50 }, (_, i) => BigInt(i))
  )
  t.equal(observer.positions.get(`${topic}:0`), 100n)
  t.same(observer.calls, ['assigned'])
})

t.test('the next member of the group goes on at the committed offsets', async (t) => {
  const topic = await createTopic({ partitions: 1 })
  const groupId = uniqueName('group')
  const first = createMember(t, { topics: [topic], groupId })
  await produce(topic, numbered(10))
  await first.consumer.start()
  await first.observer.has(10)
  await first.consumer.commit([{ topic, partition, offset: 6n }])
  await first.consumer.close()

  const second = createMember(t, { topics: [topic], groupId })
  await second.consumer.start()
  await second.observer.has(4)
  t.same(second.observer.values(), ['6', '7', '8', '9'])
  await t.rejects(first.consumer.commit([{ topic, partition, offset: 10n }]), GenerationLostError)
})

t.test('commits of nothing are taken, and those of partitions that are not owned are not', async (t) => {
  const topic = await createTopic({ partitions: 1 })
  const { consumer } = createMember(t, { topics: [topic] })
  await t.rejects(consumer.commit([]), GenerationLostError, 'before it has joined')
  await consumer.start()
  await t.resolves(consumer.commit([]))
  await t.rejects(consumer.commit([{ topic, partition: 1, offset: 1n }]), GenerationLostError)
})

t.test('a paused partition rests until it is resumed, and then comes back at once', async (t) => {
  const topic = await createTopic({ partitions: 2 })
  const { consumer, observer } = createMember(t, { topics: [topic] })
  await consumer.start()
  consumer.pause({ topic, partition: 0 })
  consumer.pause({ topic: 'another', partition: 0 })
  await produce(topic, [...numbered(5), ...numbered(5, { partition: 1 })])
  await observer.has(5)
  await produce(topic, numbered(1, { from: 5, partition: 1 }))
  await observer.has(6)
  t.ok(observer.received.every((record) => record.partition === 1))

  const resumed = Date.now()
  const latency = new Promise<number>((resolve) => {
    observer.onRecords = (_topic, partition) => { if (partition === 0) resolve(Date.now() - resumed) }
  })
  consumer.resume({ topic, partition: 0 })
  consumer.resume({ topic: 'another', partition: 0 })
  t.ok(await latency < 300, `${await latency} ms`)
  await observer.has(11)
})

t.test('records of a partition that is paused in its listener follow after resume', async (t) => {
  const topic = await createTopic({ partitions: 3 })
  const { consumer, observer } = createMember(t, { topics: [topic] })
  await produce(topic, [0, 1, 2].flatMap((partition) => numbered(10, { partition })))
  const others = [0, 1, 2]
  observer.onRecords = (_topic, partition) => {
    observer.onRecords = () => {}
    others.splice(partition, 1)
    for (const other of others) consumer.pause({ topic, partition: other })
  }
  await consumer.start()
  await observer.has(10)
  t.equal(observer.received.length, 10, 'the batches that had been fetched with it are dropped')
  for (const partition of others) consumer.resume({ topic, partition })
  await observer.has(30)
  t.equal(new Set(observer.received.map(({ partition, offset }) => `${partition}:${offset}`)).size, 30)
})

t.test('after stop nothing is handed over, but the member stays one and commits', async (t) => {
  const topic = await createTopic({ partitions: 1 })
  const groupId = uniqueName('group')
  const { consumer, observer } = createMember(t, { topics: [topic], groupId, sessionTimeout: 6000 })
  await consumer.start()
  await produce(topic, numbered(5))
  await observer.has(5)
  consumer.stop()
  await produce(topic, numbered(5, { from: 5 }))
  consumer.resume({ topic, partition })

  // Another member makes it rejoin: what it owns then is not read either.
  const other = createMember(t, { topics: [topic], groupId })
  await other.consumer.start()
  await observer.was('assigned', 2)
  await other.consumer.close()
  await observer.was('assigned', 3)
  await consumer.commit([{ topic, partition, offset: 5n }])
  t.same(await committed(groupId, topic), ['5'])
  t.equal(observer.received.length, 5)
  t.equal((await memberIds(groupId)).length, 1)
})

t.test('a member that is stopped before it starts reads nothing', async (t) => {
  const topic = await createTopic({ partitions: 1 })
  const { consumer, observer } = createMember(t, { topics: [topic] })
  consumer.pause({ topic, partition })
  consumer.resume({ topic, partition })
  consumer.stop()
  await produce(topic, numbered(5))
  await consumer.start()
  await consumer.commit([{ topic, partition, offset: 0n }])
  t.equal(observer.received.length, 0)
})

t.test('partitions that are added are found and read from their beginning', async (t) => {
  const topic = await createTopic({ partitions: 1 })
  const { consumer, observer } = createMember(t, { topics: [topic] })
  await consumer.start()
  await withAdmin(async (admin) => {
    await admin.createPartitions({ topicPartitions: [{ topic, count: 3 }] })
    await until(async () => (await admin.fetchTopicOffsets(topic)).length === 3)
  })
  await produce(topic, numbered(5, { partition: 2 }))
  const begin = Date.now()
  await observer.has(5)
  t.ok(Date.now() - begin < 10_000)
  t.same(observer.calls, ['assigned', 'revoking', 'assigned'])
  t.equal(observer.owned.length, 3)
})

t.test('the position moves beyond control and aborted records, which are not delivered', async (t) => {
  const topic = await createTopic({ partitions: 1 })
  const { consumer, observer } = createMember(t, { topics: [topic] })
  await consumer.start()
  await withProducer(brokers(), async (producer) => {
    const kept = await producer.transaction()
    await kept.send({ topic, messages: numbered(3) })
    await kept.commit()
    const aborted = await producer.transaction()
    await aborted.send({ topic, messages: numbered(3) })
    await aborted.abort()
  }, { transactionalId: uniqueName('transaction'), idempotent: true, maxInFlightRequests: 1 })
  await until(async () => observer.positions.get(`${topic}:0`) === 8n)
  t.same(observer.values(), ['0', '1', '2'])
})

t.test('a batch that cannot be decoded stops its partition and no other', async (t) => {
  const topic = await createTopic({ partitions: 2 })
  const codecs = { ...createCodecs(), reader: () => async () => { throw new Error('no such thing as gzip') } }
  const { consumer, observer } = createMember(t, { topics: [topic], codecs })
  await consumer.start()

  await produce(topic, numbered(3))
  await withProducer(
    brokers(),
    (producer) => producer.send({ topic, compression: CompressionTypes.GZIP, messages: numbered(4, { from: 3 }) })
  )
  await observer.was('corrupt')
  const [corrupt] = observer.corruptBatches
  t.match(corrupt, { offset: 3n, nextOffset: 7n, error: /no such thing as gzip/ })
  t.equal(observer.positions.get(`${topic}:0`), 3n)

  consumer.resume({ topic, partition: 0 })
  await produce(topic, numbered(3, { partition: 1 }))
  await observer.has(6)
  t.equal(observer.corruptBatches.length, 1, 'resuming does not make it readable')
})

t.test('a consumer that breaks is reported and restarts at its committed offset', async (t) => {
  const topic = await createTopic({ partitions: 1 })
  const { consumer, observer } = createMember(t, { topics: [topic] })
  await consumer.start()
  await produce(topic, numbered(5))
  await observer.has(5)
  await consumer.commit([{ topic, partition, offset: 3n }])
  // KafkaJS takes a TypeError for the end of the world, and what is retriable for a reason to restart by itself.
  observer.onRecords = () => {
    observer.onRecords = () => {}
    throw Object.assign(new TypeError('listeners do not do that'), { retriable: true })
  }
  await produce(topic, numbered(1, { from: 5 }))
  await observer.was('assigned', 2)
  await until(async () => observer.received.length === 9)
  t.same(observer.calls, ['assigned', 'lost', 'failed', 'assigned'])
  t.match(observer.failures, [/listeners do not do that/])
  t.same(observer.values().slice(-3), ['3', '4', '5'])
})

t.test('start rejects when the cluster refuses who we are', async (t) => {
  const { consumer, observer } = createMember(t, {
    topics: ['orders'], sasl: { mechanism: 'plain', username: 'app', password: 'else' }
  })
  await t.rejects(consumer.start(), /SASL/)
  t.same(observer.calls, [])
})

t.test('close leaves the group at once, may be called twice, and nothing is told afterwards', async (t) => {
  const topic = await createTopic({ partitions: 1 })
  const groupId = uniqueName('group')
  const { consumer, observer } = createMember(t, { topics: [topic], groupId })
  await consumer.start()
  await produce(topic, numbered(1))
  await observer.has(1)
  const before = Date.now()
  await Promise.all([consumer.close(), consumer.close()])
  t.ok(Date.now() - before < 1000, `${Date.now() - before} ms`)
  t.same(await memberIds(groupId), [])
  await consumer.close()
  t.same(observer.calls, ['assigned'])
})

t.test('close ends what has not begun, and what is about to begin', async (t) => {
  const topic = await createTopic({ partitions: 1 })
  const groupId = uniqueName('group')
  const idle = createMember(t, { topics: [topic] })
  await idle.consumer.close()
  await t.rejects(idle.consumer.start(), /closed/)

  for (const pause of [0, 5, 20, 40, 80]) {
    const { consumer, observer } = createMember(t, { topics: [topic], groupId })
    const started = consumer.start()
    const rejected = started.then(() => {}, () => {})
    await new Promise((resolve) => setTimeout(resolve, pause))
    await consumer.close()
    await rejected
    const calls = observer.calls.length
    await until(async () => (await memberIds(groupId)).length === 0, 2000)
    t.equal(observer.calls.length, calls)
  }
})

t.test('close ends when there is no Kafka, while it is looked for and between two tries', async (t) => {
  const { consumer, observer } = createMember(t, { topics: ['orders'], brokers: ['127.0.0.1:1'] })
  const rejected = t.rejects(consumer.start(), /closed/)
  const before = Date.now()
  await consumer.close()
  t.ok(Date.now() - before < 2500, `${Date.now() - before} ms`)
  await rejected
  t.same(observer.calls, [])

  const waiting = createMember(t, { topics: ['orders'], brokers: ['127.0.0.1:1'] })
  const waitingRejected = t.rejects(waiting.consumer.start(), /closed/)
  await waiting.observer.was('failed')
  const again = Date.now()
  await waiting.consumer.close()
  t.ok(Date.now() - again < 500, `${Date.now() - again} ms`)
  await waitingRejected
})

t.test('close ends in time when the node never answers, and leaves no handle', async (t) => {
  const sockets = new Set<import('node:net').Socket>()
  const server = createServer((socket) => { sockets.add(socket) }).listen(0, '127.0.0.1')
  t.teardown(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  await new Promise((resolve) => server.once('listening', resolve))
  const { consumer } = createMember(t, {
    topics: ['orders'], brokers: [`127.0.0.1:${(server.address() as AddressInfo).port}`]
  })
  const handles = openHandles()
  const rejected = t.rejects(consumer.start(), /closed/)
  await until(async () => sockets.size > 0)
  const before = Date.now()
  await consumer.close()
  await rejected
  t.ok(Date.now() - before < 2500, `${Date.now() - before} ms`)
  for (const socket of sockets) socket.destroy()
  await until(async () => openHandles() <= handles, 1000)
})

/** Sockets and timers. */
function openHandles (): number {
  return process.getActiveResourcesInfo().filter((name) => name === 'TCPSocketWrap' || name === 'Timeout').length
}
