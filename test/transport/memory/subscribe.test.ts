import t, { type Test } from 'tap'
import { createMemoryCluster, createMemoryTransport } from '../../../lib/transport/memory/index.js'
import type { ConsumerOptions } from '../../../lib/transport/transport.js'
import { ConsumerRecorder, quiet, until } from '../../support/consumer-recorder.js'
import { numbered, record, send } from '../../support/memory-transport.js'

// Topics that change while a consumer runs, and positions that it is given.

async function build (t: Test) {
  const cluster = createMemoryCluster()
  const transport = createMemoryTransport({ cluster })
  t.teardown(() => transport.close())
  cluster.createTopics(['a', 'b'].map((topic) => ({ topic, partitions: 2, replicas: -1 })))
  const producer = transport.producer()
  for (const topic of ['a', 'b']) {
    for (const partition of [0, 1]) await send(producer, ...numbered(topic, partition, 10))
  }
  function join (options: Partial<ConsumerOptions> = {}) {
    const listener = new ConsumerRecorder()
    const settings = { rebalanceTimeout: 10_000, sessionTimeout: 10_000 }
    const consumer = transport.consumer(
      { groupId: 'shop', topics: ['a'], offsetReset: 'earliest', ...settings, ...options }, listener)
    return { listener, consumer }
  }
  /** The first offset that a consumer is given of each partition. */
  const firsts = ({ deliveries }: ConsumerRecorder, from = 0): string[] => {
    const found = new Map<string, bigint>()
    for (const { topic, partition, records } of deliveries.slice(from)) {
      if (!found.has(`${topic}/${partition}`)) found.set(`${topic}/${partition}`, records[0]!.offset)
    }
    return [...found].map(([name, offset]) => `${name} ${offset}`).sort()
  }
  return { cluster, transport, producer, join, firsts }
}

t.test('a consumer reads other topics from its next generation on, which subscribe() waits for', async (t) => {
  const { join } = await build(t)
  const { listener, consumer } = join()
  await consumer.start()
  await consumer.subscribe(['a', 'b'])
  t.same(listener.owned, ['a/0', 'a/1', 'b/0', 'b/1'])
  t.equal(listener.generations(), 2)
  await consumer.subscribe(['b'])
  t.same(listener.owned, ['b/0', 'b/1'])
})

t.test('topics that change before the start are those of the first generation', async (t) => {
  const { join } = await build(t)
  const { listener, consumer } = join()
  const changed = consumer.subscribe(['b'])
  await consumer.start()
  await changed
  t.same(listener.events[0], 'assigned b/0 b/1')
})

t.test('a name that no topic can have is refused, and the earlier topics are kept', async (t) => {
  const { join } = await build(t)
  const { listener, consumer } = join()
  await consumer.start()
  await t.rejects(consumer.subscribe(['b', 'no topic']), { message: /^'no topic' is no name/ })
  await quiet()
  t.equal(listener.generations(), 1)
  t.same(listener.owned, ['a/0', 'a/1'])
})

t.test('a change of topics that no generation takes up ends with the close', async (t) => {
  const { join } = await build(t)
  const { consumer } = join()
  const waiting = consumer.subscribe(['b'])
  const refused = t.rejects(waiting, { message: "the consumer of group 'shop' was closed before it had joined" })
  await consumer.close()
  await refused
})

t.test('positions that a consumer is given count more than what the group has stored', async (t) => {
  const { join, firsts } = await build(t)
  const { listener, consumer } = join()
  await consumer.start()
  await consumer.commit([{ topic: 'a', partition: 0, offset: 3n }, { topic: 'a', partition: 1, offset: 3n }])
  await consumer.close()
  const positions = [{ topic: 'a', partition: 1, offset: 7n }, { topic: 'b', partition: 0, offset: 9n }]
  const second = join({ positions })
  await second.consumer.start()
  await until(() => second.listener.values().length === 10)
  t.same(firsts(second.listener), ['a/0 3', 'a/1 7'])
  t.same(second.listener.beginnings, ['a/0 3 '])
  t.same(second.listener.begins.map(({ partition, position }) => [partition, position]), [[1, 7n]])
  t.equal(listener.generations(), 1)
})

t.test('a position counts again in each generation, until its partition is committed', async (t) => {
  const { cluster, join, firsts } = await build(t)
  const positions = [0, 1].map((partition) => ({ topic: 'a', partition, offset: 7n }))
  const { listener, consumer } = join({ positions })
  await consumer.start()
  await until(() => listener.values().length === 6)
  await consumer.commit([{ topic: 'a', partition: 0, offset: 9n }])
  const before = listener.deliveries.length
  cluster.createPartitions('a', 3)
  await until(() => listener.values().length === 10)
  t.same(firsts(listener, before), ['a/0 9', 'a/1 7'])
})

t.test('a commit of several partitions ends the positions of all of them', async (t) => {
  const { cluster, join, firsts } = await build(t)
  const positions = [0, 1].map((partition) => ({ topic: 'a', partition, offset: 7n }))
  const { listener, consumer } = join({ positions })
  await consumer.start()
  await until(() => listener.values().length === 6)
  await consumer.commit([0, 1].map((partition) => ({ topic: 'a', partition, offset: 9n })))
  const before = listener.deliveries.length
  cluster.createPartitions('a', 3)
  await until(() => listener.values().length === 8)
  t.same(firsts(listener, before), ['a/0 9', 'a/1 9'])
})

t.test('a position that comes with new topics replaces the one of its partition, and no other', async (t) => {
  const { join, firsts } = await build(t)
  const positions = [0, 1].map((partition) => ({ topic: 'a', partition, offset: 7n }))
  const { listener, consumer } = join({ positions })
  await consumer.start()
  await until(() => listener.values().length === 6)
  const before = listener.deliveries.length
  await consumer.subscribe(['a', 'b'], [
    { topic: 'a', partition: 0, offset: 5n }, { topic: 'b', partition: 1, offset: 8n }
  ])
  await until(() => listener.values().length === 6 + 5 + 3 + 10 + 2)
  t.same(firsts(listener, before), ['a/0 5', 'a/1 7', 'b/0 0', 'b/1 8'])
})

t.test('a position is forgotten when its partition belongs to another member', async (t) => {
  const { join, firsts } = await build(t)
  const positions = [0, 1].map((partition) => ({ topic: 'a', partition, offset: 7n }))
  const first = join({ positions })
  await first.consumer.start()
  await until(() => first.listener.values().length === 6)
  const second = join()
  await second.consumer.start()
  await until(() => first.listener.owned.length === 1 && second.listener.values().length === 10)
  const kept = first.listener.owned[0]!
  const before = first.listener.deliveries.length
  await second.consumer.close()
  await until(() => first.listener.owned.length === 2)
  await until(() => firsts(first.listener, before).length === 2)
  t.same(firsts(first.listener, before), ['a/0', 'a/1'].map((name) => `${name} ${name === kept ? 7 : 0}`))
})

t.test('the offsets of what a consumer owns: the start, the end and a time', async (t) => {
  const { cluster, producer, join } = await build(t)
  await send(producer, record('a', 0, 'later', { timestamp: 50 }), record('a', 1, 'late', { timestamp: 20 }))
  cluster.deleteRecords('a', 0, 4n)
  const { consumer } = join()
  await consumer.start()
  const offsets = async (at: Parameters<typeof consumer.offsets>[0]): Promise<unknown> => {
    return (await consumer.offsets(at)).map(({ topic, partition, offset }) => `${topic}/${partition} ${offset}`).sort()
  }
  t.same(await offsets('start'), ['a/0 4', 'a/1 0'])
  t.same(await offsets('end'), ['a/0 11', 'a/1 11'])
  t.same(await offsets({ timestamp: 30 }), ['a/0 10', 'a/1 11'])
})

t.test('a group begins at a time that it is given', async (t) => {
  const { producer, join, firsts } = await build(t)
  await send(producer, record('a', 0, 'later', { timestamp: 50 }), record('a', 1, 'late', { timestamp: 50 }))
  const { listener, consumer } = join({ offsetReset: { timestamp: 30 } })
  await consumer.start()
  await until(() => listener.values().length === 2)
  t.same(firsts(listener), ['a/0 10', 'a/1 10'])
})

t.test('a topic is read from its start when it was created while its reader ran, not when before', async (t) => {
  const { cluster, producer, join, firsts } = await build(t)
  const { listener, consumer } = join({ offsetReset: 'latest', topics: ['a', 'later'] })
  await consumer.start()
  cluster.createTopics([{ topic: 'later', partitions: 1, replicas: -1 }])
  await send(producer, ...numbered('later', 0, 2))
  await until(() => listener.values().length === 2)
  t.same(firsts(listener), ['later/0 0'])
  await consumer.subscribe(['a', 'b', 'later'])
  await send(producer, record('b', 0, 'new'))
  await until(() => listener.values().includes('new'))
  t.ok(firsts(listener).includes('b/0 10'), 'b was there before it was asked for')
})

t.test('a topic that was created while its reader read others was there before it was asked for', async (t) => {
  const { cluster, producer, join, firsts } = await build(t)
  const { listener, consumer } = join({ offsetReset: 'latest' })
  await consumer.start()
  cluster.createTopics([{ topic: 'x', partitions: 1, replicas: -1 }])
  cluster.createPartitions('a', 3)
  await until(() => listener.generations() === 2)
  await send(producer, ...numbered('x', 0, 2))
  await consumer.subscribe(['a', 'x'])
  await send(producer, record('x', 0, 'new'))
  await until(() => listener.values().includes('new'))
  t.same(firsts(listener), ['x/0 2'])
})

t.test('a test of names chooses topics, also those that come later', async (t) => {
  const { cluster, join } = await build(t)
  const { listener, consumer } = join({ topics: [(topic) => topic.startsWith('b')] })
  await consumer.start()
  t.same(listener.owned, ['b/0', 'b/1'])
  t.same(consumer.missing(), [])
  cluster.createTopics(['bb', 'c'].map((topic) => ({ topic, partitions: 1, replicas: -1 })))
  await until(() => listener.generations() === 2)
  t.same(listener.owned, ['b/0', 'b/1', 'bb/0'])
})
