import t from 'tap'
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

t.test('a subscriber without patterns asks the cluster for its topics, and for no others', async (t) => {
  const app = await build(t)
  const consumers: ConsumerOptions[] = []
  useEnvironment(app, {
    createTransport: async () => {
      const transport = createMemoryTransport({ cluster: createMemoryCluster() })
      return {
        ...transport,
        consumer (options, listener) {
          consumers.push(options)
          return transport.consumer(options, listener)
        }
      }
    }
  })
  app.broker.subscriber(['orders', 'returns'], handler)
  await app.ready()
  t.same(consumers.map(({ topics }) => topics), [['orders', 'returns']])
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
