import t from 'tap'
import Fastify from 'fastify'
import faststreamPlugin, { KafkaRouter } from '../../index.js'
import { build } from '../support/plugin-app.js'

/* Errors of a declaration that comes too late, or of a handle without a place, name its topics. */

const value = { type: 'number' }
const late = (message: RegExp) => ({ code: 'FASTSTREAM_ERR_ALREADY_STARTED', message })

t.test('a declaration in a hook onReady before ours is named, and the error of Fastify is the cause', async (t) => {
  const app = Fastify()
  t.teardown(() => app.close())
  app.addHook('onReady', async () => {
    const { broker } = app
    t.throws(() => broker.subscriber(['orders', 'returns'], () => {}), late(/^a subscriber of 'orders, returns' is/))
    for (const change of ['addMiddleware', 'insertMiddleware'] as const) {
      t.throws(() => { broker[change]({ onReceive () {} }) }, late(/^options of 'fastify' is declared too late/))
    }
    t.throws(() => { broker.options({ tags: ['late'] }) }, {
      ...late(/^options of 'fastify' is/), cause: { message: /already booted/ }
    })
  })
  await app.register(faststreamPlugin)
  await app.ready()
})

t.test('a scope without a schema while plugins load has no compilers for a later schema', async (t) => {
  const app = await build(t)
  app.broker.publisher('plain')
  app.broker.subscriber('orders', () => {})
  await app.ready()
  const schema = { value }
  t.throws(() => app.broker.publisher('checked', { schema }), late(/^a publisher with a schema of 'checked'/))
  t.throws(
    () => app.broker.subscriber(['orders', 'returns'], { schema }),
    late(/^a subscriber with a schema of 'orders, returns' is/)
  )
})

t.test('a subscriber of a router that no app includes is named by all its topics', async (t) => {
  const orders = new KafkaRouter().subscriber(['orders', 'returns'], () => {})
  t.throws(() => { orders.skipTo({ topic: 'orders', partition: 0, offset: 0n }) }, {
    code: 'FASTSTREAM_ERR_ROUTER_HANDLE', message: /^the publisher or subscriber of 'orders, returns' cannot be used/
  })
})

t.test('topics() before ready() needs no group, and afterwards asks no function for dead-letter topics', async (t) => {
  const asked: string[] = []
  const deadLetter = { topic: (topic: string) => { asked.push(topic); return `${topic}.failed` } }
  const app = await build(t, { transport: 'kafkajs', brokers: '127.0.0.1:1', deadLetter })
  app.broker.subscriber('orders', () => {})
  t.same(app.broker.topics(), ['orders', 'orders.failed'])
  app.broker.options({ groupId: 'shop' })
  const memory = await build(t, { deadLetter })
  memory.broker.subscriber('orders', () => {})
  await memory.ready()
  asked.length = 0
  t.same(memory.broker.topics(), ['orders', 'orders.failed'])
  t.same(asked, [])
})
