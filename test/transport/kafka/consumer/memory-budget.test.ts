import t from 'tap'
import { MAX_DECOMPRESSED, MemoryBudget } from '../../../../lib/memory-budget.js'
import { consumerWorld } from '../../../support/consumer-world.js'

/* Batches that must be decompressed, and the room that there is for that. */

const SIZE = 1000
/** Compression runs in another thread, outside of the clock. */
const until = async (world: ReturnType<typeof consumerWorld>, isTrue: () => boolean): Promise<void> => {
  while (!isTrue()) await world.clock.advance(10)
}

t.test('what was decompressed is counted until it is handed over', async (t) => {
  const budget = new MemoryBudget(SIZE)
  const seen: number[] = []
  const world = consumerWorld(t, { budget, listener: { records: () => { seen.push(budget.taken) } } })
  const taken = t.capture(budget, 'take', budget.take.bind(budget))
  await world.start()
  await world.publish('orders', 0, 'packed a')
  await until(world, () => world.consumer.progress({ topic: 'orders', partition: 0 }).position === 1n)
  t.same(seen.slice(-1), [0], 'from then on the core counts it')
  t.match(taken().map(({ args: [bytes] }) => bytes > 0), [true])
  t.equal(budget.taken, 0)
})

t.test('a batch without room waits for it and holds up no other partition', async (t) => {
  const budget = new MemoryBudget(SIZE)
  budget.take(SIZE + MAX_DECOMPRESSED)
  const asked = t.capture(budget, 'decompress', budget.decompress.bind(budget))
  const world = consumerWorld(t, { budget })
  const { told, publish } = world
  await world.start()
  await publish('orders', 0, 'packed a')
  await world.clock.advance(500)
  await publish('orders', 1, 'b')
  await world.clock.advance(500)
  t.same(told.slice(1), ['orders:1 b'])
  t.equal(asked().length, 1, 'it does not ask again and again')
  budget.give(SIZE + MAX_DECOMPRESSED)
  await until(world, () => told.length > 2)
  t.same(told.slice(2), ['orders:0 packed a'])
  await publish('orders', 0, 'packed c')
  await until(world, () => told.length > 3)
  t.equal(told.at(-1), 'orders:0 packed c')
  t.equal(budget.taken, 0)
})

t.test('a second wait for room is one like the first', async (t) => {
  const budget = new MemoryBudget(SIZE)
  const world = consumerWorld(t, { budget })
  const { told, publish } = world
  await world.start()
  for (const value of ['packed a', 'packed b']) {
    budget.take(SIZE + MAX_DECOMPRESSED)
    await publish('orders', 0, value)
    await world.clock.advance(500)
    t.notOk(told.includes(`orders:0 ${value}`))
    budget.give(SIZE + MAX_DECOMPRESSED)
    await until(world, () => told.includes(`orders:0 ${value}`))
  }
})

t.test('a partition that is paused while it waits for room is read when it is resumed', async (t) => {
  const budget = new MemoryBudget(SIZE)
  budget.take(SIZE + MAX_DECOMPRESSED)
  const world = consumerWorld(t, { budget })
  const orders = { topic: 'orders', partition: 0 }
  await world.start()
  await world.publish('orders', 0, 'packed a')
  await world.clock.advance(500)
  world.consumer.pause(orders)
  budget.give(SIZE + MAX_DECOMPRESSED)
  await world.clock.advance(500)
  t.equal(world.told.length, 1)
  world.consumer.resume(orders)
  await until(world, () => world.told.length > 1)
  t.equal(world.told.at(-1), 'orders:0 packed a')
})

t.test('an uncompressed batch needs no room', async (t) => {
  const budget = new MemoryBudget(SIZE)
  budget.take(SIZE + MAX_DECOMPRESSED)
  const world = consumerWorld(t, { budget })
  await world.start()
  await world.publish('orders', 0, 'a')
  t.equal(world.told.at(-1), 'orders:0 a')
})

t.test('what was decompressed and is not handed over is kept, and given back when the consumer closes', async (t) => {
  const orders = { topic: 'orders', partition: 0 }
  for (const isResumed of [true, false]) {
    const budget = new MemoryBudget(SIZE)
    const world = consumerWorld(t, { budget })
    const decompress = budget.decompress.bind(budget)
    let calls = 0
    budget.decompress = (need, work) => {
      calls++
      world.consumer.pause(orders)
      return decompress(need, work)
    }
    await world.start()
    await world.publish('orders', 0, 'packed a')
    await until(world, () => budget.taken > 0)
    await world.clock.advance(500)
    t.same(world.told.slice(1), [])
    if (isResumed) world.consumer.resume(orders)
    else await world.within(2000, world.consumer.close())
    await world.clock.advance(100)
    t.equal(budget.taken, 0)
    t.same(world.told.slice(1), isResumed ? ['orders:0 packed a'] : [])
    t.equal(calls, 1, 'it is decompressed once')
  }
})

t.test('two sets of a partition are in memory at most, and a third one is not asked for before', async (t) => {
  const budget = new MemoryBudget(SIZE)
  budget.take(SIZE + MAX_DECOMPRESSED)
  const world = consumerWorld(t, { budget })
  await world.start()
  for (const value of ['packed a', 'packed b', 'packed c', 'packed d']) await world.publish('orders', 0, value)
  await world.clock.advance(1000)
  const offsets = world.fetches.flatMap(({ topics: [topic] }) => topic!.partitions)
    .filter(({ partition }) => partition === 0).map(({ offset }) => offset)
  t.ok(offsets.every((offset) => offset < 3n), `up to ${offsets.at(-1)}`)
  budget.give(SIZE + MAX_DECOMPRESSED)
  await until(world, () => world.told.length > 4)
  t.same(world.told.slice(1), ['a', 'b', 'c', 'd'].map((value) => `orders:0 packed ${value}`))
  t.equal(budget.taken, 0)
})
