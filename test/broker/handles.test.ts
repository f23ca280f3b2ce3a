import { inspect } from 'node:util'
import t, { type Test } from 'tap'
import Fastify from 'fastify'
import faststreamPlugin, { dependency, type FaststreamOptions, type Message, type Publisher } from '../../index.js'
import { testBroker } from '../../lib/testing/index.js'

async function build (t: Test, options: FaststreamOptions = {}) {
  const app = Fastify()
  t.teardown(() => app.close())
  await app.register(faststreamPlugin, options)
  return app
}

t.test('what decides about a message works when it is taken out of the message', async (t) => {
  const app = await build(t, { ackPolicy: 'MANUAL' })
  const dep = dependency(() => 'made')
  const made: unknown[] = []
  app.broker.subscriber('acked', (_, { ack }) => { ack() })
  app.broker.subscriber('called-back', async (_, message) => { await Promise.resolve().then(message.ack) })
  app.broker.subscriber('rejected', (_, { reject }) => { reject('not wanted') })
  app.broker.subscriber('run-again', (_, { ack, nack, attempt }) => attempt === 1 ? nack({ delay: 0 }) : ack())
  app.broker.subscriber('resolved', async (_, { ack, resolve }) => { made.push(await resolve(dep)); ack() })
  const broker = await testBroker(app)
  for (const topic of ['acked', 'called-back', 'rejected', 'run-again', 'resolved']) await broker.publish(topic, 1)
  await broker.settled()
  t.same(made, ['made'])
  t.equal(broker.published('rejected.dlq').length, 1)
})

t.test('brokers, publishers, subscribers and test brokers work taken apart', async (t) => {
  const app = await build(t)
  const { publisher, subscriber, publish, health, name } = app.broker
  const orders = publisher('orders')
  const seen: unknown[] = []
  const { skipTo } = subscriber('orders', async (value, { broker: { publish } }) => {
    seen.push(value)
    if (value === 1) await publish(orders, 2)
  })
  const dep = dependency(() => 'made')
  app.post('/', async ({ broker: { publish }, resolve }) => {
    await publish(orders, 4)
    return { made: await resolve(dep) }
  })
  app.get('/', { config: { deps: { dep } } }, async ({ deps }) => deps)
  const { publish: publishFromOutside, published, settled, override } = await testBroker(app)
  await publish('orders', 1)
  await publishFromOutside(orders, 3)
  const { publish: publishOrder } = orders
  await Promise.all([5, 6].map((value) => publishOrder(value)))
  t.same((await app.inject({ method: 'POST', url: '/' })).json(), { made: 'made' })
  override(dep, () => 'faked')
  t.same((await app.inject('/')).json(), { dep: 'faked' })
  await settled()
  t.same(seen.sort(), [1, 2, 3, 4, 5, 6])
  t.equal(published('orders').length, 6)
  t.equal(health().healthy, true)
  t.equal(name, 'default')
  t.throws(() => { skipTo({ topic: 'orders', partition: 0, offset: 0n }) }, { code: 'FASTSTREAM_ERR_SKIP' })
})

t.test('a message shows where it is and what it says, but neither its headers nor what was injected', async (t) => {
  const app = await build(t)
  const pool = dependency(() => ({ password: 'of the database' }))
  const seen: Array<{ json: unknown, spread: unknown, inspected: string, nested: string }> = []
  app.broker.subscriber('orders', { deps: { pool } }, (_, message) => {
    seen.push({
      json: JSON.parse(JSON.stringify(message)),
      spread: { ...message },
      inspected: inspect(message, { breakLength: Infinity }),
      nested: inspect([[[message]]])
    })
  })
  const broker = await testBroker(app)
  const timestamp = new Date(1_700_000_000_000)
  await broker.publish('orders', { id: '1' }, {
    key: 'k', partition: 1, timestamp, correlationId: 'c', headers: { authorization: 'Bearer secret' }
  })
  await broker.settled()
  t.same(seen, [{
    json: {
      topic: 'orders',
      partition: 1,
      offset: '0',
      key: 'k',
      value: { id: '1' },
      timestamp: timestamp.toISOString(),
      attempt: 1,
      correlationId: 'c'
    },
    spread: { topic: 'orders', partition: 1, offset: 0n, attempt: 1, value: { id: '1' } },
    inspected: "Message { topic: 'orders', partition: 1, offset: 0n, key: 'k', value: { id: '1' }, timestamp: 2023-11-14T22:13:20.000Z, attempt: 1, correlationId: 'c' }",
    nested: '[ [ [ [Message] ] ] ]'
  }])
})

t.test('a key that a schema has decoded is shown as it is, and one that is missing as null', async (t) => {
  const app = await build(t)
  const seen: unknown[] = []
  const note = (_: unknown, message: Message<unknown, unknown>) => {
    seen.push((JSON.parse(JSON.stringify(message)) as Message).key)
  }
  app.broker.subscriber('decoded', { schema: { key: { type: 'integer' } } }, note)
  app.broker.subscriber('missing', note)
  const broker = await testBroker(app)
  await broker.publish('decoded', 1, { key: '7' })
  await broker.publish('missing', 1)
  await broker.settled()
  t.same(seen.sort(), [7, null])
})

t.test('what users hold shows what it is', async (t) => {
  const app = await build(t)
  const publisher = app.broker.publisher('orders')
  const subscriber = app.broker.subscriber('orders', () => {})
  const dep = dependency('orders', () => 1)
  app.get('/', async (request) => [JSON.stringify(request.broker), inspect(request.broker)])
  const broker = await testBroker(app)
  const shown = (held: object) => [JSON.stringify(held), inspect(held)]
  t.same(shown(publisher), ['{"topic":"orders"}', "Publisher { topic: 'orders' }"])
  t.same(shown(subscriber), [
    '{"topics":["orders"],"groupId":"fastify-faststream"}',
    "Subscriber { topics: [ 'orders' ], groupId: 'fastify-faststream' }"
  ])
  t.same(shown(app.broker), ['{"name":"default"}', "Broker { name: 'default' }"])
  t.same(shown(broker), ['{"brokers":["default"],"errors":0}', "TestBroker { brokers: [ 'default' ], errors: 0 }"])
  t.same(shown(dep), ['{"name":"orders"}', "Dependency { name: 'orders' }"])
  const [json, inspected] = (await app.inject('/')).json()
  t.match(json, /^{"name":"default","correlationId":"[-\da-f]{36}"}$/)
  t.match(inspected, /^BoundBroker {\s+name: 'default',\s+correlationId: '[-\da-f]{36}'\s+}$/)
})

t.test('a test finds a subscriber by what subscriber() returned, or by its handler', async (t) => {
  const app = await build(t)
  const onOrder = (): void => {}
  const orders = app.broker.subscriber('orders', onOrder)
  app.broker.subscriber('returns', () => {})
  const broker = await testBroker(app)
  await broker.publish('orders', 1)
  await broker.settled()
  for (const known of [orders, onOrder]) t.equal(broker.handler(known).calls.length, 1)
  for (const fake of [{ ...orders }, Object.create(orders), null, 'orders']) {
    t.throws(() => broker.handler(fake as typeof orders), { code: 'FASTSTREAM_ERR_INVALID_OPTION' })
  }
})

t.test('what only looks like a publisher is refused', async (t) => {
  const app = await build(t)
  const publisher = app.broker.publisher('orders')
  await app.ready()
  for (const fake of [{ ...publisher }, Object.create(publisher), null]) {
    await t.rejects(
      async () => { await app.broker.publish(fake as Publisher, 1) }, { code: 'FASTSTREAM_ERR_INVALID_OPTION' }
    )
  }
})
