import t, { type Test } from 'tap'
import type { FastifyInstance } from 'fastify'
import { KafkaRouter } from '../../index.js'
import { testBroker } from '../../lib/testing/index.js'
import { createMemoryCluster, createMemoryTransport } from '../../lib/transport/memory/index.js'
import type { ConsumerOptions } from '../../lib/transport/transport.js'
import { useEnvironment } from '../support/environment.js'
import { build } from '../support/plugin-app.js'

/* What subscribers of one topic or group must agree on, and where their dead letters must not lead. */

const handler = (): void => {}
const filter = (): boolean => true
const by = (): string => 'a'

t.test('subscribers that share a topic read the same topics', async (t) => {
  for (const [first, second] of [
    [['orders', 'returns'], ['orders', 'invoices']],
    ['orders', ['orders', 'returns']],
    [['orders', 'returns'], 'orders']
  ] as const) {
    const app = await build(t)
    app.broker.subscriber(first, { filter }, handler)
    app.broker.subscriber(second, handler)
    await t.rejects(testBroker(app), { code: 'FASTSTREAM_ERR_GROUP_CLASH', message: /different values of 'topics'/ })
  }
})

t.test('a topic has one subscriber with cases: those of another one would get no message', async (t) => {
  const app = await build(t)
  for (const name of ['a', 'b']) app.broker.subscriber('orders', { by, cases: { [name]: { handler } } })
  await t.rejects(testBroker(app), { code: 'FASTSTREAM_ERR_DUPLICATE_SUBSCRIBER' })
})

t.test('a pattern must not lead the dead letters of another subscriber back to it', async (t) => {
  const app = await build(t)
  app.broker.subscriber('orders', { deadLetter: { topic: (topic) => `failed.${topic}` } }, handler)
  app.broker.subscriber('failed.{topic}', { deadLetter: { topic: (topic) => topic.replace('failed.', '') } }, handler)
  await t.rejects(testBroker(app), { code: 'FASTSTREAM_ERR_INVALID_OPTION', message: /orders.*failed\.orders/ })
})

/** The topics of each consumer of an app. */
async function consumersOf (t: Test, declare: (broker: FastifyInstance['broker']) => void) {
  const app = await build(t, { groupId: 'shop' })
  const consumers: Array<ConsumerOptions['topics']> = []
  useEnvironment(app, {
    createTransport: async () => {
      const transport = createMemoryTransport({ cluster: createMemoryCluster() })
      return {
        ...transport,
        consumer (options, listener) {
          consumers.push(options.topics)
          return transport.consumer(options, listener)
        }
      }
    }
  })
  declare(app.broker)
  await app.ready()
  return consumers
}

t.test('a subscriber without patterns asks the cluster for its topics, and for no others', async (t) => {
  t.same(await consumersOf(t, (broker) => {
    broker.subscriber(['orders', 'returns'], handler)
  }), [['orders', 'returns']])
})

t.test('subscribers of partitions that are chosen by hand share a consumer where they share messages', async (t) => {
  const partitions = [0]
  t.same(await consumersOf(t, (broker) => {
    broker.subscriber('orders', { partitions }, handler)
    broker.subscriber('returns', { partitions }, handler)
  }), [['orders'], ['returns']])
  t.same(await consumersOf(t, (broker) => {
    broker.subscriber('orders', { partitions, filter }, handler)
    broker.subscriber('orders', { partitions }, handler)
    broker.subscriber('orders', { partitions: [1] }, handler)
  }), [['orders'], ['orders']])
})

t.test('the order in which subscribers name their topics makes no difference', async (t) => {
  const partitions = [0]
  for (const [first, second] of [[['a', 'b'], ['b', 'a']], [['b', 'a'], ['a', 'b']]] as const) {
    t.same(await consumersOf(t, (broker) => {
      broker.subscriber(first, { partitions, filter }, handler)
      broker.subscriber(second, { partitions }, handler)
    }), [first])
  }
})

t.test('without a group each subscriber has a consumer, with its cases, and each place of a router', async (t) => {
  const groupId = null
  const cases = { a: { handler }, b: { handler } }
  t.same(await consumersOf(t, (broker) => {
    broker.subscriber('events', { groupId, by, cases })
    broker.subscriber('more', { groupId, by, cases })
    broker.subscriber('orders', { groupId }, handler)
  }), [['events'], ['more'], ['orders']])
  const router = new KafkaRouter()
  router.subscriber('events', { groupId, by, cases })
  t.same(await consumersOf(t, (broker) => {
    for (const prefix of ['eu.', 'us.']) {
      const around = new KafkaRouter({ prefix, routers: [router] })
      broker.includeRouter(around)
    }
  }), [['eu.events'], ['us.events']])
})

t.test('an app that is closed before it is ready takes no declarations', async (t) => {
  const app = await build(t)
  const { broker } = app
  await app.close()
  t.throws(() => broker.subscriber('orders', handler), { code: 'FASTSTREAM_ERR_NOT_READY', message: /is closed/ })
  t.throws(() => broker.publisher('orders'), { code: 'FASTSTREAM_ERR_NOT_READY', message: /is closed/ })
  t.throws(() => { broker.options({ tags: ['late'] }) }, { code: 'FASTSTREAM_ERR_ALREADY_STARTED' })
})

t.test('a router that an app includes takes no subscribers once the app is ready', async (t) => {
  const app = await build(t)
  const router = new KafkaRouter()
  app.broker.includeRouter(router)
  await app.ready()
  t.throws(() => router.subscriber(['orders', 'returns'], handler), {
    code: 'FASTSTREAM_ERR_ALREADY_STARTED', message: /'orders, returns' .* before ready\(\)/
  })
})

t.test('patterns are no topics that an app declares', async (t) => {
  const app = await build(t)
  app.broker.subscriber(['orders', 'eu.{topic}', 'us.{topic}'], handler)
  t.same(app.broker.topics(), ['orders', 'orders.dlq'])
  await app.ready()
  t.same(app.broker.topics(), ['orders', 'orders.dlq'])
})
