import t, { type Test } from 'tap'
import { DeniedError } from '../../../../lib/transport/kafka/cluster/denied.js'
import { TopicMetadata } from '../../../../lib/transport/kafka/cluster/topic-metadata.js'
import { WireError } from '../../../../lib/transport/kafka/wire.js'
import { fakeWire } from '../../../support/fake-wire.js'
import { clientOf, manualEnvironment, rejects } from '../../../support/kafka-client.js'
import { untilEnd } from '../../../support/manual-clock.js'

/* What is known of topics, how long, and what is asked again. */

function build (t: Pick<Test, 'teardown'>, { metadataMaxAge = 5000 }: { metadataMaxAge?: number } = {}) {
  const environment = manualEnvironment()
  const { clock } = environment
  const world = {
    /** Partitions of each topic, or its error code as a negative number. */
    topics: {} as Record<string, number>,
    asked: [] as Array<readonly string[] | null>
  }
  const wire = fakeWire({
    Metadata: ({ topics }) => {
      world.asked.push(topics)
      return {
        brokers: [{ nodeId: 1, host: 'a', port: 1 }],
        controllerId: 1,
        topics: (topics ?? Object.keys(world.topics)).map((topic) => {
          const count = world.topics[topic] ?? -3
          return {
            topic,
            errorCode: Math.max(-count, 0),
            partitions: Array.from({ length: Math.max(count, 0) }, (_, partition) => (
              { partition, errorCode: 0, leader: 1 }))
          }
        })
      }
    }
  })
  const { cluster } = clientOf(t, wire, environment)
  const metadata = new TopicMetadata(cluster, { brokers: ['a:1'], connectTimeout: 9000, metadataMaxAge })
  const refresh = (...topics: string[]) => cluster.until(100, (operation) => metadata.refresh(operation, topics))
  const settled = <Result>(work: Promise<Result>): Promise<Result> => untilEnd(clock, work)
  const count = (topic: string) => Promise.resolve(metadata.partitionCount(topic))
  return Object.assign(world, { cluster, metadata, wire, clock, refresh, settled, count })
}

t.test('one look serves all who ask for a topic, and each topic has its own', async (t) => {
  const world = build(t)
  world.topics = { orders: 2, bills: 3 }
  const looks = [world.count('orders'), world.count('bills'), world.count('orders'), world.count('orders')]
  t.same(await Promise.all(looks), [2, 3, 2, 2])
  t.same(world.asked, [['orders'], ['bills']])
  t.equal(world.metadata.partitionCount('orders'), 2)
})

t.test('use keeps the number of partitions fresh: of all topics that are written, once per age', async (t) => {
  const world = build(t)
  const { metadata, clock, asked } = world
  world.topics = { orders: 2, bills: 3, read: 1 }
  await world.refresh('orders', 'bills', 'read')
  await clock.advance(1)
  for (const topic of ['orders', 'bills', 'orders']) metadata.partitionCount(topic)
  await clock.advance(1)
  t.same(asked.splice(0), [['orders', 'bills', 'read'], ['orders']], 'the first use looks')
  world.topics.orders = 4
  await clock.advance(4999)
  t.equal(metadata.partitionCount('orders'), 2)
  await clock.advance(0)
  t.same(asked, [])
  await clock.advance(1)
  t.equal(metadata.partitionCount('orders'), 2, 'the next use looks, and does not wait')
  await clock.advance(1)
  t.same(asked, [['orders', 'bills']])
  t.equal(metadata.partitionCount('orders'), 4)
})

t.test('a look in the background that fails leaves what is known', async (t) => {
  const world = build(t)
  world.topics = { orders: 2 }
  await world.refresh('orders')
  await world.clock.advance(1)
  world.wire.handlers.Metadata = () => { throw new WireError('gone', 'connection') }
  t.equal(world.metadata.partitionCount('orders'), 2)
  await world.clock.advance(10_000)
  t.equal(world.metadata.partitionCount('orders'), 2)
})

t.test('a topic that is not there is looked for until the news had time to spread', async (t) => {
  const world = build(t)
  const before = world.clock.elapsed()
  const late = world.count('late')
  await world.clock.advance(1300)
  world.topics.late = 2
  t.equal(await world.settled(late), 2)
  await rejects(t, world.settled(world.count('none')), { code: 'FASTSTREAM_ERR_UNKNOWN_TOPIC', message: /none/ })
  const took = world.clock.elapsed() - before
  t.ok(took > 3000 && took < 5500, `${took} ms`)
})

t.test('a topic that may come back is looked for like one that is not there, any other failure is told', async (t) => {
  const world = build(t)
  world.topics = { busy: -7, wrong: -17, secret: -29 }
  await rejects(t, world.settled(world.count('busy')), { code: 'FASTSTREAM_ERR_TOPICS', message: /busy.*TIMED_OUT/ })
  t.ok(world.asked.length > 2)
  world.asked.splice(0)
  await rejects(t, world.count('wrong'), { code: 'FASTSTREAM_ERR_TOPICS', message: /wrong.*INVALID_TOPIC/ })
  await rejects(t, world.count('secret'), { code: 'FASTSTREAM_ERR_NOT_AUTHORIZED', message: /Write on topic 'secret'/ })
  t.equal(world.asked.length, 2)
})

t.test('a topic that lacks a leader has its partitions all the same', async (t) => {
  const world = build(t)
  const partitions = [{ partition: 0, errorCode: 5, leader: -1 }, { partition: 1, errorCode: 0, leader: 1 }]
  world.wire.handlers.Metadata = () => ({
    brokers: [], controllerId: 1, topics: [{ topic: 'orders', errorCode: 5, partitions }]
  })
  t.equal(await world.count('orders'), 2)
})

t.test('a cluster that does not answer is told after the time to connect, the next look asks again', async (t) => {
  const world = build(t)
  const { Metadata } = world.wire.handlers
  world.wire.handlers.Metadata = () => { throw new WireError('gone', 'connection') }
  const before = world.clock.elapsed()
  await rejects(t, world.settled(world.count('orders')), { code: 'FASTSTREAM_ERR_CONNECT', message: /a:1.*gone/ })
  t.equal(world.clock.elapsed() - before, 9000)
  world.wire.handlers.Metadata = Metadata!
  world.topics.orders = 1
  t.equal(await world.count('orders'), 1)
})

t.test('a topic that was given up is not asked for with those that are written', async (t) => {
  const world = build(t)
  world.topics = { orders: 1, gone: 1 }
  await world.refresh('orders', 'gone')
  await world.clock.advance(1)
  world.metadata.partitionCount('gone')
  delete world.topics.gone
  await world.refresh('gone')
  await rejects(t, world.settled(world.count('gone')), { code: 'FASTSTREAM_ERR_UNKNOWN_TOPIC' })
  world.asked.splice(0)
  await world.clock.advance(6000)
  world.metadata.partitionCount('orders')
  await world.clock.advance(1)
  t.same(world.asked, [['orders']])
})

t.test('a topic that is not known is unknown, and without partitions', async (t) => {
  const { metadata } = build(t)
  t.same(metadata.get('orders'), { errorCode: 3, leaders: [] })
})

t.test('all topics are those of the last answer: one that it leaves out is forgotten', async (t) => {
  const world = build(t)
  const { cluster, metadata } = world
  world.topics = { orders: 1, bills: 2 }
  const all = () => cluster.until(100, (operation) => metadata.refreshAll(operation))
  t.same(await all(), ['orders', 'bills'])
  t.same(world.asked, [null])
  world.topics = { bills: 3 }
  t.same(await all(), ['bills'])
  t.same(metadata.get('orders').errorCode, 3)
  t.same(metadata.get('bills'), { errorCode: 0, leaders: [1, 1, 1] })
})

t.test('only what the cluster refuses for good keeps a consumer from its topic', async (t) => {
  const world = build(t)
  world.topics = { orders: 1, busy: -5, none: -3, secret: -29 }
  await world.refresh('orders', 'busy', 'none', 'secret')
  for (const topic of ['orders', 'busy', 'none', 'unheard']) world.metadata.throwIfRefused(topic)
  t.throws(() => world.metadata.throwIfRefused('secret'), new DeniedError(29, {
    operation: 'Read', resource: 'topic', name: 'secret'
  }))
})

t.test('metadata age in five seconds unless the app says otherwise', async (t) => {
  const { cluster } = build(t)
  t.equal(new TopicMetadata(cluster, { brokers: [], connectTimeout: 1 }).maxAge, 5000)
  t.equal(new TopicMetadata(cluster, { brokers: [], connectTimeout: 1, metadataMaxAge: 7 }).maxAge, 7)
})
