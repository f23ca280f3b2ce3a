import t from 'tap'
import { consumerWorld } from '../../../support/consumer-world.js'
import { rejects, SILENT } from '../../../support/kafka-client.js'

/* A consumer of a group from its start to its end, on a cluster of which it is the only client. */

const ORDERS = { topic: 'orders', partition: 0 }
const OTHER = { topic: 'orders', partition: 1 }

t.test('a consumer reads from where its group has stopped, and tells how far it is', async (t) => {
  const world = consumerWorld(t)
  const { consumer, told, publish } = world
  world.stored.set('orders:0', 1n).set('orders:1', 0n)
  await publish('orders', 0, 'a', 'b')
  await world.start()
  t.same(told, ['assigned orders:0,orders:1', 'orders:0 stored 1', 'orders:1 stored 0', 'orders:0 b'])
  await publish('orders', 1, 'c')
  t.equal(told.at(-1), 'orders:1 c')
  t.same(consumer.progress(ORDERS), { position: 2n, end: 2n, behindSince: undefined })
  t.same(consumer.progress({ topic: 'bills', partition: 0 }), {
    position: undefined, end: undefined, behindSince: undefined
  })
  t.equal(consumer.unreached, undefined)
  t.ok(consumer.lastContact > 0)
})

t.test('offsets are committed by the member in its generation, only of partitions that it owns', async (t) => {
  const world = consumerWorld(t)
  await world.start()
  await world.clock.advance(500)
  const at = world.clock.elapsed()
  await world.within(100, world.consumer.commit([{ ...ORDERS, offset: 3n, metadata: 'text' }]))
  t.equal(world.consumer.lastContact, at)
  t.match(world.commits, [{
    groupId: 'shop',
    memberId: 'm',
    generationId: 1,
    groupInstanceId: null,
    topics: [{ topic: 'orders', partitions: [{ partition: 0, offset: 3n, metadata: 'text' }] }]
  }])
  const commit = (offset: bigint, partition = ORDERS) => (
    world.within(100, world.consumer.commit([{ ...partition, offset }])))
  await rejects(t, commit(1n, { topic: 'bills', partition: 0 }), { name: 'GenerationLostError' })
  world.commit = 22
  await rejects(t, commit(4n), { name: 'GenerationLostError' })
  world.commit = 29
  await rejects(t, commit(4n), {
    code: 'FASTSTREAM_ERR_NOT_AUTHORIZED', message: /Read on topic 'orders' to User:shop/
  })
})

t.test('a partition that is paused is not fetched, the others are, until it is resumed', async (t) => {
  const world = consumerWorld(t)
  const { consumer, told, publish } = world
  await world.start()
  consumer.pause(ORDERS)
  await publish('orders', 0, 'a')
  await publish('orders', 1, 'b')
  t.same(told.slice(1), ['orders:1 b'])
  await world.clock.advance(10_000)
  const [last] = world.fetches.at(-1)!.topics
  t.same(last!.partitions.map(({ partition }) => partition), [1])
  consumer.resume(ORDERS)
  await world.clock.advance(20)
  t.same(told.slice(1), ['orders:1 b', 'orders:0 a'])
  consumer.pause({ topic: 'bills', partition: 0 })
  consumer.resume({ topic: 'bills', partition: 0 })
})

t.test('behind a batch that cannot be read only a seek goes on', async (t) => {
  const world = consumerWorld(t)
  const { consumer, told, publish } = world
  await world.start()
  await publish('orders', 0, 'a', 'damaged', 'c')
  t.same(told.slice(1), ['orders:0 a', 'orders:0 corrupt at 1'])
  consumer.seek({ ...OTHER, offset: 7n })
  await world.clock.advance(100)
  t.equal(told.length, 3, 'a partition that is read is not moved')
  consumer.seek({ ...ORDERS, offset: 2n })
  await world.clock.advance(10_000)
  t.same(told.slice(3), ['orders:0 c'])
})

t.test('checksums are looked at unless the app says otherwise', async (t) => {
  const world = consumerWorld(t, { checkCrcs: false })
  await world.start()
  await world.publish('orders', 0, 'a', 'damaged')
  t.same(world.told.slice(1), ['orders:0 a', 'orders:0 damaged'])
})

t.test('a consumer that was stopped reads nothing more, and commits all the same', async (t) => {
  const world = consumerWorld(t)
  await world.start()
  world.consumer.stop()
  await world.publish('orders', 0, 'a')
  t.same(world.told, ['assigned orders:0,orders:1'])
  await world.within(100, world.consumer.commit([{ ...ORDERS, offset: 1n }]))
  t.equal(world.commits.length, 1)
})

t.test('a consumer that was stopped before its start reads nothing', async (t) => {
  const world = consumerWorld(t)
  world.consumer.stop()
  await world.publish('orders', 0, 'a')
  await world.start()
  t.same(world.told, ['assigned orders:0,orders:1'])
  t.equal(world.count('Fetch'), 0)
})

t.test('a consumer that closes says good-bye to its group, once, and leaves no connection of its own', async (t) => {
  const world = consumerWorld(t)
  await world.start()
  const before = world.wire.open.size
  t.equal(before, 3, 'to the cluster, to the coordinator and for fetches')
  await world.within(2000, Promise.all([world.consumer.close(), world.consumer.close()]))
  t.equal(world.count('LeaveGroup'), 1)
  t.equal(world.wire.open.size, 1)
  await rejects(t, world.consumer.commit([]), { name: 'GenerationLostError' })
  t.same(world.told, ['assigned orders:0,orders:1'])
})

t.test('a coordinator that does not answer the good-bye holds up no close', async (t) => {
  const world = consumerWorld(t, { handlers: { LeaveGroup: () => new Promise(() => {}) } })
  await world.start()
  const before = world.clock.elapsed()
  await world.within(5000, world.consumer.close())
  t.ok(world.clock.elapsed() - before <= 2000)
})

t.test('a consumer whose group refuses it for good ends, says why and leaves', async (t) => {
  const world = consumerWorld(t)
  await world.start()
  world.heartbeat = 30
  await world.clock.advance(1100)
  t.same(world.told.slice(1), ['lost', 'ended'])
  t.match(world.errors, [{ code: 'FASTSTREAM_ERR_NOT_AUTHORIZED', message: /Read on group 'shop' to User:shop/ }])
  t.equal(world.count('LeaveGroup'), 1)
  world.heartbeat = 0
  await world.clock.advance(60_000)
  t.equal(world.joins, 1)
})

t.test('a consumer comes back after any other failure', async (t) => {
  const lines: unknown[] = []
  const log = { ...SILENT, debug: (details: unknown) => { lines.push(details) } }
  const world = consumerWorld(t, { log })
  await world.start()
  world.heartbeat = 24
  await world.clock.advance(1100)
  t.same(world.told.slice(1), ['lost', 'failed'])
  t.match(world.errors, [{ errorCode: 24 }])
  t.match(lines, [{ groupId: 'shop', err: { errorCode: 24 } }])
  world.heartbeat = 0
  await world.clock.advance(1000)
  t.equal(world.told.at(-1), 'assigned orders:0,orders:1')
  t.equal(world.joins, 2)
})

t.test('a static member whose place another one took does not take it back', async (t) => {
  const world = consumerWorld(t, { groupInstanceId: 'one' })
  await world.start()
  world.heartbeat = 82
  await world.clock.advance(1100)
  t.same(world.told.slice(1), ['lost', 'ended'])
  t.match(world.errors, [{ code: 'FASTSTREAM_ERR_FENCED' }])
  await world.clock.advance(60_000)
  t.equal(world.joins, 1)
  t.equal(world.count('LeaveGroup'), 0, 'its name stays in the group')
})

t.test('a group that refuses the consumer at its start rejects that', async (t) => {
  const world = consumerWorld(t)
  world.join = 30
  await rejects(t, world.start(), {
    code: 'FASTSTREAM_ERR_NOT_AUTHORIZED', message: /Read on group 'shop' to User:shop/
  })
  t.same(world.told, [])
})

t.test('an answer that the group may change does not end the start', async (t) => {
  const world = consumerWorld(t)
  world.join = 24
  const starting = world.consumer.start()
  await world.clock.advance(1000)
  t.ok(world.told.includes('failed'))
  world.join = 0
  await world.within(10_000, starting)
  t.equal(world.told.at(-1), 'assigned orders:0,orders:1')
})

t.test('a consumer that is closed before it began rejects its start with its name', async (t) => {
  const world = consumerWorld(t, { handlers: { JoinGroup: () => new Promise(() => {}) } })
  const starting = rejects(t, world.consumer.start(), { message: /of group 'shop' was closed/ })
  await world.clock.advance(100)
  await world.within(5000, world.consumer.close())
  await starting
  t.equal(world.count('LeaveGroup'), 0, 'who has no id yet is no member')
})

t.test('topics that are replaced are those of the next generation, and positions go with them', async (t) => {
  const world = consumerWorld(t)
  await world.publish('bills', 0, 'a', 'b')
  await world.start()
  await world.within(5000, world.consumer.subscribe(['bills'], [{ topic: 'bills', partition: 0, offset: 1n }]))
  await world.clock.advance(100)
  t.same(world.told.slice(1), ['revoking', 'assigned bills:0', 'bills:0 b'])
})

t.test('offsets of the partitions that are owned are told, of none before the start', async (t) => {
  const world = consumerWorld(t)
  await world.publish('orders', 1, 'a')
  const offsets = async (at: 'start' | 'end') => (
    (await world.within(100, world.consumer.offsets(at))).map(({ partition, offset }) => [partition, offset]))
  t.same(await offsets('end'), [])
  await world.start()
  t.same(await offsets('end'), [[0, 0n], [1, 1n]])
  t.same(await offsets('start'), [[0, 0n], [1, 0n]])
})

t.test('a topic that is missing is named, and read when it is created', async (t) => {
  const world = consumerWorld(t, { topics: ['orders', 'late'] })
  await world.start()
  t.same(world.consumer.missing(), ['late'])
  world.topics.late = 1
  await world.publish('late', 0, 'first')
  await world.clock.advance(3000)
  t.same(world.consumer.missing(), [])
  t.ok(world.told.includes('late:0 first'))
})

t.test('before any answer the cluster is not reached', async (t) => {
  const world = consumerWorld(t, { groupId: null })
  t.match(world.consumer.unreached, { message: /no node has described the topics/ })
  await world.start()
  t.equal(world.consumer.unreached, undefined)
})

t.test('the lag of what is not fetched grows with the log', async (t) => {
  const world = consumerWorld(t)
  await world.start()
  world.consumer.pause(ORDERS)
  await world.publish('orders', 0, 'a', 'b')
  await world.clock.advance(7000)
  t.match(world.consumer.progress(ORDERS), { position: 0n, end: 2n })
  t.ok(world.consumer.progress(ORDERS).behindSince! > 0)
})
