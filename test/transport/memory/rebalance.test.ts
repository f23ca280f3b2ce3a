import t from 'tap'
import { createMemoryCluster, createMemoryTransport } from '../../../lib/transport/memory/index.js'
import { ConsumerRecorder, quiet, until } from '../../support/consumer-recorder.js'
import { ManualClock } from '../../support/manual-clock.js'
import { build } from '../../support/memory-group.js'

/* When a group rebalances, and what its members hear of it. */

t.test('a member that drains has its whole rebalanceTimeout for it', async (t) => {
  const clock = new ManualClock()
  const cluster = createMemoryCluster(clock)
  const transport = createMemoryTransport({ cluster })
  t.teardown(() => transport.close())
  cluster.createTopics([{ topic: 'orders', partitions: 1, replicas: 1 }])
  const listener = new ConsumerRecorder()
  listener.onRevoking = () => new Promise(() => {})
  const consumer = transport.consumer({
    groupId: 'shop', topics: ['orders'], offsetReset: 'earliest', rebalanceTimeout: 500, sessionTimeout: 1000
  }, listener)
  await consumer.start()
  cluster.createPartitions('orders', 2)
  await clock.advance(499)
  await consumer.commit([{ topic: 'orders', partition: 0, offset: 0n }])
  await clock.advance(1)
  await quiet()
  t.same(listener.events, ['assigned orders/0', 'revoking', 'lost'])
})

t.test('a topic that one of the members reads rebalances all of them', async (t) => {
  const { cluster, member } = await build(t, { orders: 1, other: 1 })
  const members = [member(['orders']), member(['other'])]
  await Promise.all(members.map(({ consumer }) => consumer.start()))
  cluster.createPartitions('other', 2)
  await until(() => members.every(({ listener }) => listener.generations() === 2))
  t.same(members.map(({ listener }) => listener.owned), [['orders/0'], ['other/0', 'other/1']])
})

t.test('a consumer that has not joined changes its topics without a rebalance of the group', async (t) => {
  const { member } = await build(t)
  const [first, second] = [member(), member()]
  await first.consumer.start()
  const changed = second.consumer.subscribe(['other'])
  await quiet()
  t.equal(first.listener.generations(), 1)
  const ended = t.rejects(changed, /closed/)
  await second.consumer.close()
  await ended
})

t.test('a consumer that is killed as a rebalance begins drains nothing', async (t) => {
  const { cluster, member } = await build(t, { orders: 1 })
  const { listener, consumer } = member()
  await consumer.start()
  cluster.createPartitions('orders', 2)
  consumer.kill()
  await quiet()
  t.same(listener.events, ['assigned orders/0'])
})

t.test('a consumer that is stopped before it starts is a member that reads nothing', async (t) => {
  const { cluster, producer, member } = await build(t, { orders: 1 })
  await producer.send([{ topic: 'orders', partition: 0, key: null, value: null, headers: [], timestamp: 1 }], 1)
  const { listener, consumer } = member()
  consumer.stop()
  await consumer.start()
  cluster.createPartitions('orders', 2)
  await until(() => listener.generations() === 2)
  await quiet()
  t.same(listener.events, ['assigned orders/0', 'revoking', 'assigned orders/0 orders/1'])
})
