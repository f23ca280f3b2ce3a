import t, { type Test } from 'tap'
import Fastify from 'fastify'
import faststreamPlugin, { type FaststreamOptions } from '../../index.js'
import type { Producer } from '../../lib/produce/producer.js'
import { testBroker } from '../../lib/testing/index.js'
import { settled } from '../../lib/testing/settled.js'
import { createMemoryCluster } from '../../lib/transport/memory/index.js'
import { gate } from '../support/inbox.js'

function build (t: Test) {
  const app = Fastify()
  t.teardown(() => app.close())
  return app
}

// Nothing listens there: each connection is refused.
const real: FaststreamOptions = { brokers: ['127.0.0.1:1'], groupId: 'shop' }

t.test('every broker of an app is put in memory, whatever its options say', async (t) => {
  const app = build(t)
  await app.register(faststreamPlugin, { ...real, topics: 'verify' })
  await app.register(faststreamPlugin, { ...real, name: 'billing', topics: 'ignore' })
  const seen: unknown[] = []
  app.broker.subscriber('orders', async (value) => { await app.brokers.billing.publish('bills', value) })
  app.brokers.billing.subscriber('bills', (value) => { seen.push(value) })
  const broker = await testBroker(app)
  await broker.publish('orders', 1)
  await broker.settled()
  t.same(seen, [1])
  t.match(broker.published('bills'), [{ topic: 'bills', value: 1 }])
})

t.test('it works with a plugin whose register is not awaited, or that is in a child scope', async (t) => {
  for (const register of [
    (app: ReturnType<typeof build>) => {
      app.register(faststreamPlugin, real).after(() => { app.broker.publisher('events') })
    },
    (app: ReturnType<typeof build>) => {
      app.register(async (scope) => { await scope.register(faststreamPlugin, real); scope.broker.publisher('events') })
    }
  ]) {
    const app = build(t)
    register(app)
    const broker = await testBroker(app)
    await broker.publish('events', 1)
    t.equal(broker.published('events').length, 1)
  }
})

t.test('on a ready app, or on one without a broker, it says so', async (t) => {
  const ready = build(t)
  await ready.register(faststreamPlugin)
  await ready.ready()
  await t.rejects(testBroker(ready), { code: 'FASTSTREAM_ERR_TEST_BROKER', message: /the app is ready: / })
  await t.rejects(testBroker(build(t)), { code: 'FASTSTREAM_ERR_TEST_BROKER', message: /register fastify-faststream/ })
})

t.test('what an app fails to start with is not hidden', async (t) => {
  const app = build(t)
  await app.register(faststreamPlugin, real)
  app.broker.subscriber('orders', { schema: { value: { $ref: 'missing#' } } }, () => {})
  await t.rejects(testBroker(app), { code: 'FASTSTREAM_ERR_SCHEMA_BUILD' })
})

t.test('settled waits for everything that a message causes', async (t) => {
  const app = build(t)
  await app.register(faststreamPlugin, real)
  const counts = app.broker.publisher('counts')
  app.broker.subscriber('counts', (value, { broker }) => {
    // Not awaited, on purpose.
    if (Number(value) < 20) broker.publish(counts, Number(value) + 1)
  })
  const broker = await testBroker(app)
  await broker.settled()
  await broker.publish(counts, 0)
  await broker.settled()
  t.same(
    broker.published('counts').map(({ value }) => value).sort((a, b) => Number(a) - Number(b)),
    Array.from({ length: 21 }, (_, i) => i)
  )
})

t.test('settled gives up, and says what is not settled', async (t) => {
  const app = build(t)
  await app.register(faststreamPlugin, { ...real, drainTimeout: 10 })
  const begun = gate()
  app.broker.subscriber('orders', () => {
    begun.open()
    return new Promise(() => {})
  })
  const broker = await testBroker(app)
  await broker.publish('orders', 1, { partition: 2 })
  await begun.opened
  await t.rejects(broker.settled({ timeout: 20 }), {
    code: 'FASTSTREAM_ERR_NOT_SETTLED',
    message: /^still not settled after 20 ms: group shop is at 0 of 1 in orders\[2\]\nmessage .*\norders\[2\] 0 .*the handler\n/
  })
  const { opened, open } = gate()
  const producer = { pending: 2, idle: () => opened } as unknown as Producer
  await t.rejects(settled(createMemoryCluster(), [producer], { timeout: 20, table: () => '' }), {
    message: /^still not settled after 20 ms: 2 messages are being published/
  })
  open()
  await opened
})

t.test('settled notices publishes that fail', async (t) => {
  const app = build(t)
  await app.register(faststreamPlugin, real)
  const broker = await testBroker(app)
  const failed = t.rejects(app.broker.publish('nowhere', 1), { code: 'FASTSTREAM_ERR_UNKNOWN_TOPIC' })
  await broker.settled()
  await failed
})

t.test('failures are seen, and retries do not wait', async (t) => {
  const app = build(t)
  await app.register(faststreamPlugin, { ...real, retry: { retries: 2, delay: 60_000 } })
  app.broker.subscriber('orders', { schema: { value: { type: 'object' } } }, () => { throw new Error('no luck') })
  const broker = await testBroker(app)
  await broker.publish('orders', { id: 1 })
  await broker.publish('orders', 'no order', { headers: { 'content-type': 'application/json' } })
  await broker.settled()
  const failures = broker.errors.map(({ stage, attempt, error }) => [stage, attempt, error.message])
  t.same(failures.filter(([stage]) => stage !== 'deserialize'), [
    ['handler', 1, 'no luck'], ['handler', 2, 'no luck'], ['retries-exhausted', 3, 'no luck']
  ])
  t.match(broker.errors.find(({ stage }) => stage === 'deserialize'), {
    topic: 'orders', attempt: 1, error: { code: 'FASTSTREAM_ERR_DECODE' }
  })
  t.equal(broker.published('orders.dlq').length, 2)
})

t.test('what is published is read back as a test likes it', async (t) => {
  const app = build(t)
  await app.register(faststreamPlugin, { ...real, topicConfig: { partitions: 1 } })
  app.broker.publisher('events', { schema: { value: { type: 'object' } } })
  const broker = await testBroker(app)
  const at = new Date(1_700_000_000_000)
  await broker.publish('events', { any: 1 }, {
    key: 'k', headers: { many: ['a', 'b'] }, timestamp: at, correlationId: 'c'
  })
  await broker.publish('events', 'unchecked, as from outside')
  await broker.publish('events', Buffer.from('{bad'), { headers: { 'content-type': 'application/json' } })
  await broker.publish('events', null)
  const [one, two, three, four] = broker.published('events')
  t.match(one, {
    topic: 'events',
    partition: 0,
    offset: 0n,
    key: 'k',
    rawKey: Buffer.from('k'),
    value: { any: 1 },
    rawValue: Buffer.from('{"any":1}'),
    headers: { many: 'b', correlation_id: 'c' },
    timestamp: at
  })
  t.same(one?.rawHeaders.filter(([name]) => name === 'many'), [['many', Buffer.from('a')], ['many', Buffer.from('b')]])
  t.match(two, { value: 'unchecked, as from outside', key: null, rawKey: null })
  t.match(three, { value: Buffer.from('{bad') }, 'what cannot be decoded stays bytes')
  t.match(four, { value: null, rawValue: null })
})

t.test('publish through a publisher checks its schema; an undeclared topic is an error', async (t) => {
  const app = build(t)
  await app.register(faststreamPlugin, real)
  const events = app.broker.publisher('events', { schema: { value: { type: 'object' } } })
  const broker = await testBroker(app)
  await t.rejects(broker.publish(events, 1), { code: 'FASTSTREAM_ERR_INVALID_MESSAGE' })
  await t.rejects(broker.publish('typo', 1), { code: 'FASTSTREAM_ERR_UNKNOWN_TOPIC' })
  t.throws(() => broker.published('typo'), { code: 'FASTSTREAM_ERR_UNKNOWN_TOPIC' })
})
