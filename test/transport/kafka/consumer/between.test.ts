import t from 'tap'
import { consumerWorld } from '../../../support/consumer-world.js'
import { rejects } from '../../../support/kafka-client.js'

/* A consumer between two generations, before its start, and whose listener closes it; nodes of all ids. */

const ORDERS = { topic: 'orders', partition: 0 }

t.test('between two generations nothing is owned, and nothing that is asked of it throws', async (t) => {
  const world = consumerWorld(t)
  const { consumer } = world
  await world.start()
  const join = world.wire.handlers.JoinGroup!
  world.wire.handlers.JoinGroup = () => new Promise(() => {})
  world.heartbeat = 22
  await world.clock.advance(2000)
  t.same(world.told.slice(1), ['lost'])
  consumer.pause(ORDERS)
  consumer.resume(ORDERS)
  consumer.seek({ ...ORDERS, offset: 0n })
  t.same(consumer.progress(ORDERS), { position: undefined, end: undefined })
  t.same(await consumer.offsets('end'), [])
  await rejects(t, consumer.commit([]), { name: 'GenerationLostError' })
  world.wire.handlers.JoinGroup = join
  world.heartbeat = 0
  await world.clock.advance(15_000)
  t.equal(world.told.at(-1), 'assigned orders:0,orders:1')
})

t.test('topics that are replaced before the start are those of the start', async (t) => {
  const world = consumerWorld(t)
  const changed = world.consumer.subscribe(['bills'])
  await world.clock.advance(100)
  await world.start()
  await world.within(1000, changed)
  t.same(world.told, ['assigned bills:0'])
})

t.test('a consumer that its listener closes while it begins fetches nothing', async (t) => {
  const world = consumerWorld(t, { listener: { stored: () => { world.consumer.close().catch(() => {}) } } })
  world.stored.set('orders:0', 0n).set('orders:1', 0n)
  await world.publish('orders', 0, 'a')
  world.consumer.start().catch(() => {})
  await world.clock.advance(5000)
  t.equal(world.count('Fetch'), 0)
  t.same(world.told, ['assigned orders:0,orders:1'])
})

t.test('the ends of logs are asked for only where nothing is fetched, and each five seconds', async (t) => {
  const world = consumerWorld(t)
  await world.start()
  await world.clock.advance(20_000)
  const before = world.count('ListOffsets')
  t.equal(before, 3, 'at the beginning')
  world.consumer.pause(ORDERS)
  await world.clock.advance(20_000)
  const looks = (world.count('ListOffsets') - before) / 3
  t.ok(looks >= 3 && looks <= 4, `${looks} looks`)
})

t.test('a node may hold a fetch back for as long as the app says', async (t) => {
  const world = consumerWorld(t, { fetch: { maxWait: 6000 } })
  await world.start()
  const { made } = world.wire
  await world.clock.advance(13_000)
  t.equal(world.count('Fetch'), 3)
  t.equal(world.wire.made, made, 'over the same connection')
})

t.test('node 0 leads partitions, and stands in for their leader, like any other', async (t) => {
  const brokers = [{ nodeId: 0, host: 'b', port: 1 }, { nodeId: 1, host: 'a', port: 1 }]
  const leads = (leader: number) => () => ({
    brokers,
    controllerId: 1,
    topics: [{ topic: 'orders', errorCode: 0, partitions: [{ partition: 0, errorCode: 0, leader }] }]
  })
  const leading = consumerWorld(t, { handlers: { Metadata: leads(0) } })
  await leading.publish('orders', 0, 'a')
  await leading.start()
  t.same(leading.told.slice(1), ['orders:0 a'])
  const following = consumerWorld(t, { handlers: { Metadata: leads(1) } })
  const fetch = following.wire.handlers.Fetch!
  following.wire.handlers.Fetch = async (request, address) => {
    if (address === 'b:1') return await fetch(request, address)
    const { topics } = await fetch({ ...request, maxWait: 0 }, address)
    return {
      errorCode: 0,
      topics: topics.map(({ topic, partitions }) => ({
        topic, partitions: partitions.map((row) => ({ ...row, preferredReadReplica: 0, records: Buffer.alloc(0) }))
      }))
    }
  }
  await following.publish('orders', 0, 'a')
  await following.start()
  await following.clock.advance(1000)
  t.same(following.told.slice(1), ['orders:0 a'])
  t.ok(following.wire.sent.includes('b:1 Fetch'))
})

t.test('a group that has stored nothing begins at the start, also where a lost offset shall fail', async (t) => {
  const world = consumerWorld(t, { offsetReset: 'fail' })
  await world.publish('orders', 0, 'a')
  await world.start()
  t.same(world.told.slice(1), ['orders:0 a'])
})

t.test('an offset at the very start of the log counts, also where the latest is asked for', async (t) => {
  const world = consumerWorld(t, { offsetReset: 'latest' })
  world.stored.set('orders:0', 0n)
  await world.publish('orders', 0, 'a')
  await world.start()
  t.same(world.told.slice(1), ['orders:0 stored 0', 'orders:0 a'])
})

t.test('a reset tells what was stored, what the log holds and where reading begins', async (t) => {
  const resets: unknown[] = []
  const world = consumerWorld(t, { listener: { reset: (topic, partition, reset) => { resets.push(reset) } } })
  world.stored.set('orders:0', 5n)
  await world.publish('orders', 0, 'a', 'b')
  await world.start()
  t.same(resets, [{ stored: 5n, start: 0n, end: 2n, position: 0n }])
})
