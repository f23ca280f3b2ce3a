import { setImmediate } from 'node:timers/promises'
import t, { type Test } from 'tap'
import Fastify, { type FastifyInstance } from 'fastify'
import faststreamPlugin, { KafkaRouter, type FaststreamOptions, type Message } from '../../index.js'
import { createMemoryCluster, createMemoryTransport } from '../../lib/transport/memory/index.js'
import { useEnvironment } from '../support/environment.js'
import { Inbox } from '../support/inbox.js'
import { memoryLog } from '../support/json-log.js'

/** An app on a cluster whose topics the test creates. */
async function build (t: Test, options: FaststreamOptions = {}) {
  const cluster = createMemoryCluster()
  const { lines, stream } = memoryLog()
  const app = Fastify({ logger: { level: 'error', stream } })
  t.teardown(() => app.close())
  useEnvironment(app, { createTransport: async () => createMemoryTransport({ cluster }) })
  await app.register(faststreamPlugin, { transport: 'memory', ...options })
  const create = (...topics: string[]): void => {
    cluster.createTopics(topics.map((topic) => ({ topic, partitions: 1, replicas: 1 })))
  }
  const seen = new Inbox<string>()
  const see = (_: unknown, { topic }: Pick<Message, 'topic'>): void => { seen.add(topic) }
  /** Publishes the name of each topic to it. */
  async function publish (app: FastifyInstance, ...topics: string[]): Promise<void> {
    for (const topic of topics) await app.broker.publish(topic, topic)
  }
  return { app, cluster, create, lines, seen, see, publish }
}

t.test('a pattern finds the topics that it matches, and neither internal ones nor their dead letters', async (t) => {
  const { app, create, seen, see, publish } = await build(t)
  app.broker.subscriber(/orders/, see)
  const topics = ['eu.orders', 'orders', '__orders', 'orders.dlq', 'orders.dlq.dlq', 'returns']
  create(...topics)
  await app.ready()
  await publish(app, ...topics, 'eu.orders')
  await seen.count(3)
  await setImmediate()
  t.same([...seen.items].sort(), ['eu.orders', 'eu.orders', 'orders'])
})

t.test('dead letters of any deadLetter of the app are left out, unless a subscriber asks for them', async (t) => {
  const { app, create, seen, see, publish } = await build(t, { deadLetter: { topic: (topic) => `failed.${topic}` } })
  app.broker.subscriber(/orders/, see)
  app.broker.subscriber('payments', { groupId: 'b', deadLetter: { topic: 'odd.orders' } }, see)
  app.broker.subscriber(/^x/, { groupId: 'c', deadLetter: { topic: 'orders.lost' } }, see)
  app.broker.subscriber(['eu.{kind}', 'failed.eu.orders'], { groupId: 'd' }, see)
  app.broker.subscriber(/^failed\./, { groupId: 'e' }, see)
  app.broker.subscriber(/^payments/, { groupId: 'f', deadLetter: false }, see)
  create('orders', 'failed.orders', 'odd.orders', 'orders.lost', 'eu.orders', 'failed.eu.orders')
  await app.ready()
  await publish(app, 'failed.orders', 'odd.orders', 'orders.lost', 'failed.eu.orders', 'orders', 'eu.orders')
  await seen.count(8)
  await setImmediate()
  t.same([...seen.items].sort(), [
    'eu.orders', 'eu.orders', 'failed.eu.orders', 'failed.eu.orders', 'failed.orders', 'odd.orders', 'orders',
    'orders.lost'
  ].sort(), 'odd.orders and orders.lost have dead letters of other topics')
})

t.test('a topic whose dead letters have no topic is not read, and an error says so once', async (t) => {
  const { app, create, lines, seen, see, publish } = await build(t, {
    deadLetter: { topic: (topic) => topic.replace('in.', 'out.') }
  })
  const long = `in.${'x'.repeat(245)}`
  app.broker.subscriber(/^(in|out)\./, see)
  app.broker.subscriber(/^in\./, { groupId: 'long', deadLetter: { topic: (topic) => `${topic}.dlq` } }, see)
  create('in.a', 'out.a', 'out.b', long)
  await app.ready()
  await publish(app, 'out.a', 'out.b', long, 'in.a')
  await seen.count(3)
  create('in.later')
  await publish(app, 'in.later')
  await seen.count(5)
  t.same([...seen.items].sort(), ['in.a', 'in.a', 'in.later', 'in.later', long].sort())
  t.match(lines.sort((a, b) => String(a.topic).length - String(b.topic).length), [
    { topic: 'out.b', err: { code: 'FASTSTREAM_ERR_INVALID_OPTION' } },
    { topic: long, err: { code: 'FASTSTREAM_ERR_INVALID_TOPIC' } }
  ])
  t.equal(lines.length, 2)
})

t.test('the dead-letter topic of a real topic is created when it is needed', async (t) => {
  const { app, cluster, create } = await build(t)
  const seen = new Inbox<unknown>()
  app.broker.subscriber('orders.{region}', { retry: { retries: 0 } }, () => { throw new Error('no') })
  app.broker.subscriber('orders.{region}.dlq', { groupId: 'letters' }, (value, { params, deadLetter }) => {
    seen.add([value, params, deadLetter?.topic])
  })
  create('orders.eu', 'orders.us')
  await app.ready()
  t.same(cluster.partitions('orders.eu.dlq'), [])
  for (const value of [1, 2]) await app.broker.publish('orders.eu', value)
  t.same(await seen.count(2), [[1, { region: 'eu' }, 'orders.eu'], [2, { region: 'eu' }, 'orders.eu']])
  t.same(cluster.partitions('orders.us.dlq'), [])
})

t.test('a name comes before a pattern, and an earlier pattern before a later one', async (t) => {
  const { app, create } = await build(t)
  const seen = new Inbox<string>()
  for (const topics of ['orders.{region}', /^orders\./, 'orders.eu'] as const) {
    app.broker.subscriber(topics, (_, { topic }) => { seen.add(`${topics}: ${topic}`) })
  }
  create('orders.us', 'orders.us.west')
  await app.ready()
  for (const topic of ['orders.eu', 'orders.us', 'orders.us.west']) await app.broker.publish(topic, 1)
  t.same([...await seen.count(3)].sort(), [
    '/^orders\\./: orders.us.west', 'orders.eu: orders.eu', 'orders.{region}: orders.us'
  ])
})

t.test('names and patterns of one group are told apart: health, pause, topics', async (t) => {
  const { app, cluster, create, seen, see } = await build(t, { topics: 'ignore' })
  const orders = app.broker.subscriber(/^orders\./, see)
  const returns = app.broker.subscriber('returns', see)
  create('orders.eu')
  await app.ready()
  t.same(app.broker.topics(), ['returns', 'returns.dlq'])
  t.same(orders.topics, ['/^orders\\./'])
  const health = () => app.broker.health().subscribers.map(({ partitions, missingTopics, healthy }) => (
    [partitions.map(({ topic }) => topic), missingTopics, healthy]))
  t.same(health(), [[['orders.eu'], [], true], [[], ['returns'], false]])
  orders.pause()
  create('returns', 'orders.us')
  for (const topic of ['orders.us', 'orders.eu', 'returns']) await app.broker.publish(topic, 1)
  t.same(await seen.count(1), ['returns'])
  t.same(health(), [[['orders.eu', 'orders.us'], [], true], [['returns'], [], true]])
  orders.resume()
  await seen.count(3)
  t.throws(() => orders.skipTo({ topic: 'orders.eu', partition: 0, offset: 1n }), { code: 'FASTSTREAM_ERR_SKIP' })
  t.throws(() => orders.skipTo({ topic: 'returns', partition: 0, offset: 1n }), {
    code: 'FASTSTREAM_ERR_INVALID_OPTION', message: /must be one that the subscriber reads: \/\^orders/
  })
  t.throws(() => orders.skipTo({ topic: ['orders.eu'] as never, partition: 0, offset: 1n }), {
    code: 'FASTSTREAM_ERR_INVALID_OPTION', message: /'topic'/
  })
  t.throws(() => returns.skipTo({ topic: 'orders.eu', partition: 0, offset: 1n }), {
    code: 'FASTSTREAM_ERR_INVALID_OPTION'
  })
  t.equal(cluster.partitions('orders.eu.dlq').length, 0)
})

t.test('the same pattern twice in a group is an error, and so is a way of dead letters back', async (t) => {
  for (const [one, other] of [['orders.{region}', 'orders.{region}'], [/^a/, /^a/]] as const) {
    const { app, see } = await build(t)
    app.broker.subscriber(one, see)
    app.broker.subscriber(other, see)
    await t.rejects(async () => { await app.ready() }, { code: 'FASTSTREAM_ERR_DUPLICATE_SUBSCRIBER' })
  }
  const { app, see } = await build(t)
  app.broker.subscriber('orders', see)
  app.broker.subscriber(/\.dlq$/, { deadLetter: { topic: 'orders' } }, see)
  await t.rejects(async () => { await app.ready() }, {
    code: 'FASTSTREAM_ERR_INVALID_OPTION', message: /orders → orders\.dlq → orders\)/
  })
})

t.test('a pattern leads no dead letters back that it does not read', async (t) => {
  const { app } = await build(t)
  app.broker.subscriber('orders.eu', () => {})
  const topic = (topic: string): string => topic === 'orders.eu' ? 'away' : 'orders.eu'
  app.broker.subscriber(/^orders/, { groupId: 'b', deadLetter: { topic } }, () => {})
  await t.resolves(async () => { await app.ready() })
})

t.test('filters and cases share a pattern', async (t) => {
  const { app, create } = await build(t)
  const seen = new Inbox<unknown>()
  app.broker.subscriber('orders.{region}', { filter: ({ value }) => value === 1 }, (_, { params }) => {
    seen.add(['filter', params])
  })
  app.broker.subscriber('orders.{region}', (_, { params }) => { seen.add(['rest', params]) })
  app.broker.subscriber(/^returns\.(?<region>\w+)$/, {
    by: ({ value }) => String(value),
    cases: { 1: { handler: (_, { params }) => { seen.add(['case', { ...params }]) } } }
  })
  create('orders.eu', 'returns.us')
  await app.ready()
  for (const [topic, value] of [['orders.eu', 1], ['orders.eu', 2], ['returns.us', 1]] as const) {
    await app.broker.publish(topic, value)
  }
  t.same([...await seen.count(3)].sort(), [
    ['case', { region: 'us' }], ['filter', { region: 'eu' }], ['rest', { region: 'eu' }]
  ])
})

t.test('prefixes of scopes and routers come before a pattern', async (t) => {
  const { app, create, seen, publish } = await build(t)
  const router = new KafkaRouter({ prefix: 'shop.' })
  router.subscriber('orders.{region}', (_, { params, topic }) => { seen.add(`${topic} ${params.region}`) })
  const regexp = router.subscriber(/^returns\.(?<region>\w+)$/, (_, { params, topic }) => {
    seen.add(`${topic} ${params.region}`)
  })
  app.broker.includeRouter(router, { prefix: 'eu.' })
  create('eu.shop.orders.north', 'eu.shop.returns.south', 'orders.east', 'returns.west')
  await app.ready()
  await publish(app, 'orders.east', 'returns.west', 'eu.shop.orders.north', 'eu.shop.returns.south')
  t.same([...await seen.count(2)].sort(), ['eu.shop.orders.north north', 'eu.shop.returns.south south'])
  t.same(regexp.topics, ['eu.shop./^returns\\.(?<region>\\w+)$/'])
})

t.test('a named topic has no params', async (t) => {
  const { app } = await build(t)
  const seen = new Inbox<unknown>()
  app.broker.subscriber(['orders', 'returns.{region}'], (_, { params }) => { seen.add(params) })
  app.broker.subscriber('payments', (_, { params }) => { seen.add(params) })
  await app.ready()
  for (const topic of ['orders', 'payments']) await app.broker.publish(topic, 1)
  t.same(await seen.count(2), [{}, {}])
})
