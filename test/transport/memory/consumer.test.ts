import { setImmediate } from 'node:timers/promises'
import t from 'tap'
import type { MemoryCluster } from '../../../lib/transport/memory/index.js'
import { quiet, until } from '../../support/consumer-recorder.js'
import { record, numbered, build, send } from '../../support/memory-transport.js'

function committed (cluster: MemoryCluster, partition: number): bigint | undefined {
  return cluster.lag().find((lag) => lag.partition === partition)?.committed
}

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

t.test('records are not delivered inside the call of a method', async (t) => {
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

t.test('what is appended in one turn of the event loop comes in a batch a turn, too', async (t) => {
  const { cluster, join } = await build(t)
  const { listener, consumer } = join()
  await consumer.start()
  let turns = 0
  const turnsAt: number[] = []
  listener.onRecords = () => { turnsAt.push(turns) }
  cluster.append(numbered('orders', 0, 1500))
  while (listener.values().length < 1500) {
    await setImmediate()
    turns++
  }
  t.equal(new Set(turnsAt).size, 3)
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
