import t, { type Test } from 'tap'
import { createMemoryCluster, createMemoryTransport } from '../../../lib/transport/memory/index.js'
import type { ConsumerOptions } from '../../../lib/transport/transport.js'
import { ConsumerRecorder, until } from '../../support/consumer-recorder.js'
import { numbered, send } from '../../support/memory-transport.js'

// Consumers whose partitions are chosen by hand, what a group stores, and what the cluster says of itself.

async function build (t: Test) {
  const cluster = createMemoryCluster()
  const transport = createMemoryTransport({ cluster })
  t.teardown(() => transport.close())
  cluster.createTopics([{ topic: 'a', partitions: 3, replicas: -1 }])
  const producer = transport.producer()
  for (const partition of [0, 1, 2]) await send(producer, ...numbered('a', partition, 4))
  function join (options: Partial<ConsumerOptions> = {}) {
    const listener = new ConsumerRecorder()
    const settings = { rebalanceTimeout: 10_000, sessionTimeout: 10_000 }
    const consumer = transport.consumer(
      { groupId: 'shop', topics: ['a'], offsetReset: 'earliest', ...settings, ...options }, listener)
    return { listener, consumer }
  }
  return { cluster, transport, producer, join }
}

t.test('each reads its partitions beside the others, and their group keeps what they commit', async (t) => {
  const { cluster, join } = await build(t)
  const [one, other] = [join({ partitions: [0, 2] }), join({ partitions: [2] })]
  await Promise.all([one.consumer.start(), other.consumer.start()])
  t.same([one.listener.owned, other.listener.owned], [['a/0', 'a/2'], ['a/2']])
  await until(() => one.listener.values().length === 8 && other.listener.values().length === 4)
  await one.consumer.commit([{ topic: 'a', partition: 2, offset: 3n }])
  await Promise.all([one.consumer.close(), other.consumer.close()])
  t.equal(cluster.group('shop').committed(cluster.partition('a', 2)!), 3n)
  const next = join({ partitions: [2] })
  await next.consumer.start()
  await until(() => next.listener.values().length === 1)
  t.same(next.listener.values(), ['3'])
})

t.test('a commit by hand is refused while the group has members', async (t) => {
  const { join } = await build(t)
  const byHand = join({ partitions: [0] })
  await byHand.consumer.start()
  const member = join()
  await member.consumer.start()
  await t.rejects(byHand.consumer.commit([{ topic: 'a', partition: 0, offset: 1n }]), {
    message: "group 'shop' has members: partitions that are chosen by hand need a group of their own"
  })
  await member.consumer.close()
  await byHand.consumer.commit([{ topic: 'a', partition: 0, offset: 1n }])
})

t.test('a group stores metadata with an offset, empty without any', async (t) => {
  const { join } = await build(t)
  const first = join()
  await first.consumer.start()
  await first.consumer.commit([
    { topic: 'a', partition: 0, offset: 2n, metadata: 'left out: 3' }, { topic: 'a', partition: 1, offset: 1n }
  ])
  await first.consumer.close()
  const second = join()
  await second.consumer.start()
  t.same(second.listener.beginnings.sort(), ['a/0 2 left out: 3', 'a/1 1 '])
  t.same(second.listener.begins.map(({ partition }) => partition), [2])
})

t.test('a commit that is refused says why', async (t) => {
  const { cluster, join } = await build(t)
  const { consumer } = join()
  await t.rejects(consumer.commit([]), { message: "group 'shop' has moved on, it is in generation 0" })
  await consumer.start()
  await t.rejects(consumer.commit([{ topic: 'a', partition: 7, offset: 1n }]), {
    message: "partition 7 of 'a' is not owned in generation 1 of group 'shop'"
  })
  await consumer.close()
  await t.rejects(consumer.commit([]), { message: /it is in generation \d$/ })
  t.same(cluster.lag(), [])
})

t.test('the cluster says what it has', async (t) => {
  const { transport } = await build(t)
  t.equal(transport.name, 'memory')
  t.equal(await transport.ping!(1000), undefined)
  t.same(await transport.describeCluster!({ topics: ['a', 'none'], groups: ['shop'] } as never), {
    nodes: undefined,
    topics: new Map([['a', { partitions: 3, leaderless: [], replicas: 1, isInSync: true, config: undefined }]]),
    groups: new Map(),
    config: undefined,
    untold: []
  })
})

t.test('topics that cannot be created are all named with their reasons', async (t) => {
  const { transport } = await build(t)
  const topics = [{ topic: 'b c', partitions: 1 }, { topic: 'b', partitions: 1 }, { topic: 'd', partitions: 0 }]
  await t.rejects(transport.createTopics(topics.map((topic) => ({ ...topic, replicas: -1 }))), {
    message: 'the topics b c, d could not be prepared: the name is invalid, 0 is no number of partitions'
  })
  t.same(await transport.describeTopics(['b', 'd']), new Map([['b', 1]]))
})
