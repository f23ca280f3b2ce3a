import t from 'tap'
import { consumerWorld } from '../../../support/consumer-world.js'
import { rejects, SILENT } from '../../../support/kafka-client.js'

/* What ends a generation, what goes on in the next one, and where reading begins. */

const ORDERS = { topic: 'orders', partition: 0 }

t.test('a rebalance drains the work first, and reads on', async (t) => {
  const world = consumerWorld(t)
  await world.start()
  world.stored.set('orders:0', 0n)
  world.heartbeat = 27
  await world.clock.advance(1000)
  world.heartbeat = 0
  await world.clock.advance(2000)
  t.same(world.told.slice(1, 4), ['revoking', 'assigned orders:0,orders:1', 'orders:0 stored 0'])
  t.equal(world.joins, 2)
  await world.publish('orders', 0, 'a')
  t.equal(world.told.filter((line) => line === 'orders:0 a').length, 1, 'the generation before reads nothing more')
  await world.within(100, world.consumer.commit([{ ...ORDERS, offset: 1n }]))
  t.match(world.commits, [{ generationId: 2 }])
})

t.test('a member that the group has given up has lost its partitions, and joins again', async (t) => {
  for (const code of [22, 25]) {
    const world = consumerWorld(t)
    await world.start()
    world.heartbeat = code
    await world.clock.advance(1000)
    world.heartbeat = 0
    await world.clock.advance(2000)
    t.same(world.told.slice(1), ['lost', 'assigned orders:0,orders:1'])
    t.equal(world.joins, 2)
  }
})

t.test('a drain that takes too long loses the partitions, before the group would go on', async (t) => {
  const world = consumerWorld(t, { listener: { revoking: () => new Promise(() => {}) } })
  await world.start()
  world.heartbeat = 27
  await world.clock.advance(1000)
  await world.clock.advance(3900)
  t.same(world.told.slice(1), [], 'six seconds but for two heartbeats')
  world.heartbeat = 0
  await world.clock.advance(200)
  t.same(world.told.slice(1, 3), ['lost', 'assigned orders:0,orders:1'])
})

t.test('a group that gives up the member while it drains ends the drain', async (t) => {
  const world = consumerWorld(t, { listener: { revoking: () => new Promise(() => {}) } })
  await world.start()
  world.heartbeat = 27
  await world.clock.advance(1500)
  world.heartbeat = 25
  await world.clock.advance(1100)
  t.equal(world.told[1], 'lost')
})

t.test('a drain that fails is logged, and the member joins again', async (t) => {
  const lines: unknown[] = []
  const log = { ...SILENT, error: (details: unknown) => { lines.push(details) } }
  const world = consumerWorld(t, { log, listener: { revoking: async () => { throw new Error('no drain') } } })
  await world.start()
  world.heartbeat = 27
  await world.clock.advance(1000)
  world.heartbeat = 0
  await world.clock.advance(2000)
  t.match(lines, [{ groupId: 'shop', err: { message: 'no drain' } }])
  t.equal(world.told.at(-1), 'assigned orders:0,orders:1')
})

t.test('a consumer that was stopped stays so in the next generation', async (t) => {
  const world = consumerWorld(t)
  await world.start()
  world.consumer.stop()
  world.heartbeat = 27
  await world.clock.advance(1000)
  world.heartbeat = 0
  await world.clock.advance(2000)
  await world.publish('orders', 0, 'a')
  t.same(world.told.slice(1), ['revoking', 'assigned orders:0,orders:1'])
})

t.test('new partitions are noticed, and read from their start', async (t) => {
  const world = consumerWorld(t, { offsetReset: 'latest' })
  await world.start()
  world.stored.set('orders:0', 0n).set('orders:1', 0n)
  world.topics.orders = 3
  await world.publish('orders', 2, 'a')
  await world.clock.advance(7000)
  t.same(world.told.slice(1, 3), ['revoking', 'assigned orders:0,orders:1,orders:2'])
  t.ok(world.told.includes('orders:2 a'))
})

t.test('of a topic that is deleted no offset is committed any more', async (t) => {
  const world = consumerWorld(t, { topics: ['orders', 'bills'], listener: { revoking: () => new Promise(() => {}) } })
  await world.start()
  delete world.topics.bills
  await world.clock.advance(6000)
  const bills = { topic: 'bills', partition: 0, offset: 1n }
  await world.within(100, world.consumer.commit([{ ...ORDERS, offset: 1n }, bills]))
  t.same(world.commits.at(-1)!.topics.map(({ topic }) => topic), ['orders'])
})

t.test('a consumer of topics that are not there begins, and reads them from their start when they come', async (t) => {
  const world = consumerWorld(t, { topics: ['late'], offsetReset: 'latest' })
  await world.start()
  t.same(world.told, ['assigned '])
  t.equal(world.consumer.unreached, undefined)
  world.topics.late = 1
  await world.publish('late', 0, 'first')
  await world.clock.advance(3000)
  t.equal(world.told.at(-1), 'late:0 first')
})

t.test('the latest is the end of a log, or its start where the group knows the topic', async (t) => {
  const unknown = consumerWorld(t, { offsetReset: 'latest' })
  await unknown.publish('orders', 1, 'a')
  await unknown.start()
  t.same(unknown.told.slice(1), [])
  t.equal(unknown.consumer.progress({ topic: 'orders', partition: 1 }).position, 1n)
  const known = consumerWorld(t, { offsetReset: 'latest', topics: ['orders', 'bills'] })
  known.stored.set('orders:0', 0n)
  await known.publish('orders', 1, 'a')
  await known.publish('bills', 0, 'b')
  await known.start()
  t.same(known.told.slice(1), ['orders:0 stored 0', 'orders:1 a'])
})

t.test('a partition that is chosen by hand begins at its start where the group knows another one', async (t) => {
  const world = consumerWorld(t, { offsetReset: 'latest', partitions: [1] })
  world.stored.set('orders:0', 0n)
  await world.publish('orders', 1, 'a')
  await world.start()
  t.same(world.told, ['assigned orders:1', 'orders:1 a'])
  await world.within(100, world.consumer.commit([{ topic: 'orders', partition: 1, offset: 1n }]))
  t.match(world.commits, [{ groupId: 'shop', memberId: '', generationId: -1, groupInstanceId: null }])
  t.equal(world.joins, 0)
  world.commit = 25
  await rejects(t, world.within(100, world.consumer.commit([{ topic: 'orders', partition: 1, offset: 1n }])), {
    message: /group 'shop' has members/, cause: { errorCode: 25 }
  })
})

t.test('a stored offset beyond the log is looked at twice, and then reset', async (t) => {
  const world = consumerWorld(t)
  world.stored.set('orders:0', 5n).set('orders:1', 0n)
  await world.publish('orders', 0, 'a')
  await world.start()
  t.same(world.told.slice(1), ['orders:1 stored 0', 'orders:0 reset', 'orders:0 a'])
})

t.test('a stored offset that the log does not hold stops the partition where that shall fail', async (t) => {
  const world = consumerWorld(t, { offsetReset: 'fail' })
  world.stored.set('orders:0', 5n)
  await world.publish('orders', 0, 'a')
  await world.publish('orders', 1, 'b')
  await world.start()
  t.same(world.told.slice(1), ['orders:1 b', 'orders:0 reset'])
  t.match(world.consumer.progress(ORDERS), { position: undefined, end: 1n })
  world.consumer.pause(ORDERS)
  world.consumer.resume(ORDERS)
  world.consumer.seek({ ...ORDERS, offset: 0n })
  await world.clock.advance(10_000)
  t.equal(world.told.at(-1), 'orders:0 a')
})

t.test('offsets are asked for again at once while the coordinator reads them, unless a right is missing', async (t) => {
  for (const [ofGroup, ofRow] of [[14, 0], [0, 14], [16, 0]] as const) {
    const world = consumerWorld(t)
    const answer = world.wire.handlers.OffsetFetch!
    let asked = 0
    world.wire.handlers.OffsetFetch = async (request, address) => {
      if (asked++ > 0) return await answer(request, address)
      const { topics } = await answer(request, address)
      return {
        errorCode: ofGroup,
        topics: topics.map(({ topic, partitions }) => (
          { topic, partitions: partitions.map((row) => ({ ...row, errorCode: ofRow })) }))
      }
    }
    const before = world.clock.elapsed()
    await world.start()
    t.equal(asked, 2)
    t.ok(world.clock.elapsed() - before < 500)
    await world.publish('orders', 0, 'a')
    t.equal(world.told.at(-1), 'orders:0 a')
  }
  const denied = consumerWorld(t, { handlers: { OffsetFetch: () => ({ errorCode: 30, topics: [] }) } })
  await rejects(t, denied.start(), { code: 'FASTSTREAM_ERR_NOT_AUTHORIZED', message: /Read on group 'shop'/ })
})

t.test('an offset whose text is too large is committed without it', async (t) => {
  for (const code of [12, 28, -1]) {
    const world = consumerWorld(t)
    await world.start()
    const answer = world.wire.handlers.OffsetCommit!
    world.wire.handlers.OffsetCommit = (request, address) => {
      const { metadata } = request.topics[0]!.partitions.at(-1)!
      world.commit = metadata === '' ? 0 : code
      return answer(request, address)
    }
    await world.within(100, world.consumer.commit([
      { ...ORDERS, offset: 1n }, { topic: 'orders', partition: 1, offset: 2n, metadata: 'long' }
    ]))
    t.same(world.commits.map(({ topics }) => topics[0]!.partitions.map(({ metadata }) => metadata)), [
      ['', 'long'], ['', '']
    ])
    world.commit = code
    world.wire.handlers.OffsetCommit = (request, address) => answer(request, address)
    await rejects(t, world.within(100, world.consumer.commit([{ ...ORDERS, offset: 3n }])), { errorCode: code })
  }
})

t.test('the coordinator that cannot be found is the reason why the group is not reached', async (t) => {
  const nowhere = { errorCode: 15, nodeId: -1, host: '', port: 0 }
  const world = consumerWorld(t, { handlers: { FindCoordinator: () => nowhere } })
  t.match(world.consumer.unreached, { message: /group 'shop' is not reached: its brokers name none/ })
  const starting = rejects(t, world.consumer.start(), {})
  await world.clock.advance(11_000)
  t.match(world.consumer.unreached, { message: /group 'shop'.*COORDINATOR_NOT_AVAILABLE/ })
  await world.within(5000, world.consumer.close())
  await starting
})
