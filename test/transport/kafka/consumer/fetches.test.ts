import t from 'tap'
import { WireError } from '../../../../lib/transport/kafka/wire.js'
import { consumerWorld } from '../../../support/consumer-world.js'

/* Fetches that fail, and what is asked for next. */

t.test('a node that cannot be read from is asked again after growing pauses', async (t) => {
  const world = consumerWorld(t)
  await world.start()
  const { Fetch } = world.wire.handlers
  world.wire.handlers.Fetch = () => { throw new WireError('gone', 'connection') }
  await world.clock.advance(1000)
  const before = world.count('Fetch')
  await world.clock.advance(10_000)
  const tries = world.count('Fetch') - before
  t.ok(tries >= 9 && tries <= 12, `${tries} in ten seconds`)
  world.wire.handlers.Fetch = Fetch!
  await world.clock.advance(2000)
  await world.publish('orders', 0, 'a')
  t.equal(world.told.at(-1), 'orders:0 a')
  t.same(world.errors, [])
})

t.test('a leader that has moved is looked up, and read on from', async (t) => {
  for (const errorCode of [6, 5, 74]) {
    const world = consumerWorld(t)
    await world.start()
    const fetch = world.wire.handlers.Fetch!
    const looks = world.count('Metadata')
    world.wire.handlers.Fetch = async (request, address) => {
      world.wire.handlers.Fetch = fetch
      const answer = await fetch({ ...request, maxWait: 0 }, address)
      const topics = answer.topics.map(({ topic, partitions }) => (
        { topic, partitions: partitions.map((row) => ({ ...row, errorCode, records: Buffer.alloc(0) })) }))
      return { ...answer, topics }
    }
    await world.clock.advance(1000)
    t.ok(world.count('Metadata') > looks)
    await world.publish('orders', 0, 'a')
    t.same(world.told.slice(1), ['orders:0 a'])
    t.same(world.errors, [])
  }
})

t.test('a position that the log does not hold any more makes the member join again', async (t) => {
  const world = consumerWorld(t)
  await world.start()
  const fetch = world.wire.handlers.Fetch!
  world.wire.handlers.Fetch = async (request, address) => {
    world.wire.handlers.Fetch = fetch
    const answer = await fetch({ ...request, maxWait: 0 }, address)
    const topics = answer.topics.map(({ topic, partitions }) => (
      { topic, partitions: partitions.map((row) => ({ ...row, errorCode: 1 })) }))
    return { ...answer, topics }
  }
  await world.clock.advance(2000)
  t.same(world.told.slice(1), ['revoking', 'assigned orders:0,orders:1'])
})

t.test('a right that is lost ends the consumer', async (t) => {
  const world = consumerWorld(t)
  await world.start()
  const fetch = world.wire.handlers.Fetch!
  world.wire.handlers.Fetch = async (request, address) => {
    const answer = await fetch({ ...request, maxWait: 0 }, address)
    const topics = answer.topics.map(({ topic, partitions }) => (
      { topic, partitions: partitions.map((row) => ({ ...row, errorCode: 29 })) }))
    return { ...answer, topics }
  }
  await world.clock.advance(2000)
  t.same(world.told.slice(1), ['lost', 'ended'])
  t.match(world.errors, [{ code: 'FASTSTREAM_ERR_NOT_AUTHORIZED', message: /Read on topic 'orders' to User:shop/ }])
})

t.test('a fetch asks for what the app bounds it to', async (t) => {
  const fetch = { minBytes: 5, maxBytes: 6, maxBytesPerPartition: 7, maxWait: 80 }
  const world = consumerWorld(t, { fetch, rack: 'east', isolationLevel: 'read_uncommitted' })
  await world.start()
  t.match(world.fetches[0], { minBytes: 5, maxBytes: 6, maxWait: 80, rack: 'east', isolationLevel: 0 })
  t.same(world.fetches[0]!.topics, [{
    topic: 'orders', partitions: [0, 1].map((partition) => ({ partition, offset: 0n, maxBytes: 7 }))
  }])
  const plain = consumerWorld(t)
  await plain.start()
  t.equal(plain.fetches[0]!.rack, '')
  t.match(plain.fetches[0], { minBytes: 1, maxWait: 250, isolationLevel: 1 })
})
