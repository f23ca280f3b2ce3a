import t from 'tap'
import type { Test } from 'tap'
import { createMemoryCluster, createMemoryTransport } from '../../../lib/transport/memory/index.js'
import type { ConsumerOptions, ProducedRecord } from '../../../lib/transport/transport.js'
import { ConsumerRecorder, quiet, until } from '../../support/consumer-recorder.js'
import { gate } from '../../support/inbox.js'

const orders = { topic: 'orders', partition: 0 }
const modes = ['earliest', 'latest', 'fail'] as const

function record (topic: string, partition: number, value: string): ProducedRecord {
  return { topic, partition, key: null, value: Buffer.from(value), headers: [], timestamp: 1 }
}

/** A cluster whose `orders/0` has the records 0 to 9. */
async function build (t: Test) {
  const cluster = createMemoryCluster()
  const transport = createMemoryTransport({ cluster })
  t.teardown(() => transport.close())
  cluster.createTopics([{ topic: 'orders', partitions: 1, replicas: -1 }])
  const producer = transport.producer()

  function produce (topic: string, partition: number, from: number, to: number) {
    return producer.send(
      Array.from({ length: to - from + 1 }, (_, i) => record(topic, partition, String(from + i))), Infinity
    )
  }

  function join (options: Partial<ConsumerOptions> = {}) {
    const listener = new ConsumerRecorder()
    const consumer = transport.consumer(
      {
        groupId: 'shop',
        topics: ['orders'],
        offsetReset: 'earliest',
        rebalanceTimeout: 10_000,
        sessionTimeout: 10_000,
        ...options
      },
      listener
    )
    return { listener, consumer }
  }

  /** Stores an offset as another client does. */
  async function store (offset: bigint) {
    const { consumer } = join()
    await consumer.start()
    await consumer.commit([{ ...orders, offset }])
    await consumer.close()
  }

  await produce('orders', 0, 0, 9)
  return { cluster, transport, produce, join, store }
}

t.test('where nothing is stored, reading begins at the start of the log', async (t) => {
  for (const offsetReset of ['earliest', 'fail'] as const) {
    const { cluster, join } = await build(t)
    cluster.deleteRecords('orders', 0, 7n)
    const { listener, consumer } = join({ offsetReset })
    await consumer.start()
    await until(() => listener.values().length === 3)
    t.same(listener.events, ['assigned orders/0', 'records orders/0 7-9'], offsetReset)
    t.same(listener.begins, [{ ...orders, records: [], position: 7n }], 'which is told at once, to be stored')
  }
})

t.test("or at its end with 'latest', which is told at once, to be stored", async (t) => {
  const { produce, join } = await build(t)
  const { listener, consumer } = join({ offsetReset: 'latest' })
  await consumer.start()
  t.same(listener.begins, [{ ...orders, records: [], position: 10n }])
  await produce('orders', 0, 10, 11)
  await until(() => listener.values().length === 2)
  t.same(listener.values(), ['10', '11'])
})

t.test('what is stored counts, whatever the mode, from the first record of the log to its end', async (t) => {
  for (const offsetReset of modes) {
    for (const stored of [4n, 7n, 10n]) {
      const { cluster, produce, join, store } = await build(t)
      await store(stored)
      cluster.deleteRecords('orders', 0, 4n)
      const { listener, consumer } = join({ offsetReset })
      await consumer.start()
      await produce('orders', 0, 10, 10)
      await until(() => listener.values().at(-1) === '10')
      t.equal(listener.values()[0], String(stored), `${offsetReset} at ${stored}`)
      t.same([listener.resets, listener.begins], [[], []])
    }
  }
})

t.test('an offset that is stored out of range is reset, and who reads on is told where', async (t) => {
  for (const stored of [3n, 11n]) {
    for (const [offsetReset, position] of [['earliest', 4n], ['latest', 10n], ['fail', undefined]] as const) {
      const { cluster, produce, join, store } = await build(t)
      await store(stored)
      cluster.deleteRecords('orders', 0, 4n)
      const { listener, consumer } = join({ offsetReset })
      await consumer.start()
      t.same(listener.resets, [{ stored, start: 4n, end: 10n, position }], `${offsetReset} at ${stored}`)
      t.same(consumer.progress(orders), { position, end: 10n })
      await produce('orders', 0, 10, 11)
      await quiet()
      t.equal(listener.values()[0], position?.toString())
      t.same(listener.begins.map(({ position }) => position), position === undefined ? [] : [position], 'to be stored')
    }
  }
})

t.test('a partition that is not read is read from where its reader is sent, others are not moved', async (t) => {
  const { cluster, produce, join, store } = await build(t)
  await store(3n)
  cluster.deleteRecords('orders', 0, 4n)
  cluster.createPartitions('orders', 2)
  await produce('orders', 1, 0, 4)
  const { listener, consumer } = join({ offsetReset: 'fail' })
  await consumer.start()
  await until(() => listener.values().length === 5)
  consumer.seek({ topic: 'orders', partition: 1, offset: 0n })
  consumer.seek({ topic: 'nope', partition: 0, offset: 0n })
  consumer.seek({ ...orders, offset: 8n })
  consumer.seek({ ...orders, offset: 5n })
  await until(() => listener.values().length === 7)
  await quiet()
  t.same(listener.events.slice(2), ['records orders/1 0-4', 'records orders/0 8-9'])
})

t.test('a seek to an offset that the log does not hold stops the partition again', async (t) => {
  const { cluster, join, store } = await build(t)
  await store(3n)
  cluster.deleteRecords('orders', 0, 4n)
  for (const offset of [2n, 11n]) {
    const { listener, consumer } = join({ offsetReset: 'fail' })
    await consumer.start()
    consumer.seek({ ...orders, offset })
    await until(() => listener.resets.length === 2)
    t.same(listener.events, [
      'assigned orders/0', 'reset orders/0 3 → nowhere', 'revoking', 'assigned orders/0', 'reset orders/0 3 → nowhere'
    ])
    await consumer.close()
  }
})

t.test('a seek before the first assignment is ignored', async (t) => {
  const { join } = await build(t)
  const { listener, consumer } = join()
  consumer.seek({ ...orders, offset: 5n })
  await consumer.start()
  await until(() => listener.values().length === 10)
})

t.test('a member that retention overtakes drains, commits and restarts by offsetReset', async (t) => {
  for (const [offsetReset, position] of [['earliest', 700n], ['latest', 1010n], ['fail', undefined]] as const) {
    const { cluster, produce, join } = await build(t)
    await produce('orders', 0, 10, 1009)
    const { listener, consumer } = join({ offsetReset })
    await consumer.start()
    if (offsetReset === 'latest') await consumer.commit([{ ...orders, offset: 0n }])
    if (offsetReset === 'latest') consumer.expire()
    listener.onRecords = () => { consumer.pause(orders) }
    listener.onRevoking = async () => {
      await consumer.commit([{ ...orders, offset: 400n }])
      listener.onRecords = () => {}
    }
    await until(() => listener.values().length === 500)
    cluster.deleteRecords('orders', 0, 700n)
    await quiet()
    t.equal(listener.resets.length, 0, 'a paused partition is not fetched')
    consumer.resume(orders)
    await until(() => listener.resets.length === 1)
    t.same(listener.resets, [{ stored: 400n, start: 700n, end: 1010n, position }])
    t.equal(listener.events.filter((event) => event === 'revoking').length, 1)
    await produce('orders', 0, 1010, 1010)
    await quiet()
    t.equal(listener.values()[500], position?.toString())
  }
})

t.test('retention that has not come as far as a reader is nothing to it', async (t) => {
  const { cluster, produce, join } = await build(t)
  const { listener, consumer } = join()
  await consumer.start()
  await until(() => listener.values().length === 10)
  cluster.deleteRecords('orders', 0, 10n)
  await produce('orders', 0, 10, 10)
  await until(() => listener.values().length === 11)
  t.equal(listener.generations(), 1)
})

t.test('the start of a log never moves back, nor beyond its end', async (t) => {
  const { cluster } = await build(t)
  cluster.createPartitions('orders', 2)
  for (const [before, left] of [[4n, 6], [2n, 6], [11n, 6], [9n, 1], [10n, 0]] as const) {
    cluster.deleteRecords('orders', 0, before)
    t.equal(cluster.records('orders').length, left)
  }
  cluster.deleteRecords('orders', 9, 1n)
  cluster.deleteRecords('nope', 0, 1n)
  t.equal(cluster.partition('orders', 0)?.end, 10n)
})

t.test('records that retention removed do not count as lag', async (t) => {
  const { cluster, join } = await build(t)
  const { consumer } = join()
  await consumer.start()
  await consumer.commit([{ ...orders, offset: 3n }])
  cluster.deleteRecords('orders', 0, 4n)
  t.match(cluster.lag(), [{ committed: 4n, end: 10n }])
  cluster.deleteRecords('orders', 0, 10n)
  t.same(cluster.lag(), [])
})

t.test("a partition that is added to a known topic is read from its start, also with 'latest'", async (t) => {
  const { cluster, produce, join } = await build(t)
  const { listener, consumer } = join({ offsetReset: 'latest' })
  await consumer.start()
  await consumer.commit([{ ...orders, offset: 10n }])
  cluster.createPartitions('orders', 2)
  await produce('orders', 1, 0, 2)
  await until(() => listener.values().length === 3)
  t.same(listener.deliveries.filter(({ partition }) => partition === 1).map(({ position }) => position), [3n])
})

t.test('a deleted topic affects no other topic, and begins at 0 once it is recreated', async (t) => {
  const { cluster, transport, produce, join } = await build(t)
  cluster.createTopics([{ topic: 'other', partitions: 1, replicas: -1 }])
  const { listener, consumer } = join({ topics: ['orders', 'other'] })
  listener.onRevoking = () => consumer.commit([
    { ...orders, offset: 10n }, { topic: 'other', partition: 0, offset: 1n }
  ])
  await consumer.start()
  await produce('other', 0, 0, 0)
  await until(() => listener.values().length === 11)

  cluster.deleteTopic('orders')
  await until(() => listener.generations() === 2)
  t.same(listener.owned, ['other/0'])
  t.equal(cluster.group('shop').committed(cluster.partition('other', 0)!), 1n, 'a commit of both stores what is left')
  t.same(await transport.describeTopics(['orders']), new Map())
  await t.rejects(produce('orders', 0, 0, 0), { name: 'SendError', reason: 'refused' })
  t.same(consumer.progress(orders), { position: undefined, end: undefined })

  listener.onRevoking = async () => {}
  cluster.createTopics([{ topic: 'orders', partitions: 1, replicas: -1 }])
  await produce('orders', 0, 100, 100)
  await produce('other', 0, 1, 1)
  await until(() => listener.values().length === 13)
  t.same(listener.values().slice(11).sort(), ['1', '100'])
  t.same(listener.resets, [])
})

t.test('deleting a topic that is not there does nothing', async (t) => {
  const { cluster, join } = await build(t)
  const { listener, consumer } = join()
  await consumer.start()
  cluster.deleteTopic('nope')
  await quiet()
  t.equal(listener.generations(), 1)
})

t.test('without a group each consumer reads all partitions and joins no group', async (t) => {
  const { cluster, join } = await build(t)
  const both = [join({ groupId: null }), join({ groupId: null })]
  await Promise.all(both.map(({ consumer }) => consumer.start()))
  await until(() => both.every(({ listener }) => listener.values().length === 10))
  t.same(both.map(({ listener }) => listener.generations()), [1, 1])
  t.same(cluster.lag().map(({ groupId, committed }) => [groupId, committed]), [[null, 0n], [null, 0n]])
  await both[0]?.consumer.commit([{ ...orders, offset: 10n }])
  t.equal(cluster.lag().length, 1, 'each has what it has committed itself')
})

t.test('without a group offsets live as long as their consumer', async (t) => {
  const { cluster, produce, join } = await build(t)
  const first = join({ groupId: null, offsetReset: 'latest' })
  await first.consumer.start()
  await first.consumer.commit([{ ...orders, offset: 8n }])
  first.consumer.expire()
  await until(() => first.listener.values().length === 2)
  t.same(first.listener.values(), ['8', '9'])
  await first.consumer.close()
  t.same(cluster.lag(), [])

  const second = join({ groupId: null, offsetReset: 'latest' })
  await second.consumer.start()
  await produce('orders', 0, 10, 10)
  await until(() => second.listener.values().length === 1)
  t.same(second.listener.values(), ['10'])
  second.consumer.kill()
  t.same(cluster.lag(), [])
})

t.test('a start without a group also ends with the close', async (t) => {
  const { join } = await build(t)
  const { consumer } = join({ groupId: null })
  await Promise.all([
    t.rejects(consumer.start(), { message: 'the consumer was closed before it had joined' }),
    consumer.close()
  ])
})

t.test('how far reading has come, and what there is to read', async (t) => {
  const { produce, join } = await build(t)
  const { listener, consumer } = join()
  t.same(consumer.progress(orders), { position: undefined, end: 10n })
  await consumer.start()
  await until(() => listener.values().length === 10)
  t.same(consumer.progress(orders), { position: 10n, end: 10n })
  consumer.pause(orders)
  await produce('orders', 0, 10, 12)
  t.same(consumer.progress(orders), { position: 10n, end: 13n })
  t.same(consumer.progress({ topic: 'nope', partition: 0 }), { position: undefined, end: undefined })
})

t.test('the topics that the cluster does not have are named, as long as it has them not', async (t) => {
  const { cluster, join } = await build(t)
  const { consumer } = join({ topics: ['orders', 'later', 'never'] })
  await consumer.start()
  t.same(consumer.missing(), ['later', 'never'])
  cluster.createTopics([{ topic: 'later', partitions: 1, replicas: -1 }])
  t.same(consumer.missing(), ['never'])
  cluster.deleteTopic('later')
  t.same(consumer.missing(), ['later', 'never'])
})

t.test('this cluster always answers its members', async (t) => {
  const { join } = await build(t)
  const { consumer } = join()
  t.equal(consumer.lastContact, 0)
  const began = performance.now()
  await consumer.start()
  t.ok(consumer.lastContact >= began)
})

t.test('a consumer that stops or closes in a listener gets no further calls', async (t) => {
  for (const end of ['stop', 'close'] as const) {
    const { cluster, produce, join, store } = await build(t)
    await store(3n)
    cluster.deleteRecords('orders', 0, 4n)
    cluster.createPartitions('orders', 2)
    await produce('orders', 1, 0, 4)
    const { listener, consumer } = join({ offsetReset: 'latest' })
    const { opened, open } = gate()
    listener.onAssigned = () => { consumer[end](); open() }
    consumer.start().catch(() => {})
    await opened
    await quiet()
    t.same(listener.events, ['assigned orders/0 orders/1'], end)
  }
})

t.test('a consumer that has no assignment has no offsets', async (t) => {
  const { join } = await build(t)
  const { consumer } = join()
  t.same(await consumer.offsets('end'), [], 'it has not joined')
  await consumer.start()
  t.same(await consumer.offsets('end'), [{ ...orders, offset: 10n }])
})
