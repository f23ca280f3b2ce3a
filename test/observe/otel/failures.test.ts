import t, { type Test } from 'tap'
import { NackMessage, type FaststreamOptions } from '../../../index.js'
import { testBroker } from '../../../lib/testing/index.js'
import { collectSpans } from '../../support/otel.js'
import { build as buildApp } from '../../support/plugin-app.js'

async function build (t: Test, options: FaststreamOptions = {}) {
  const collected = collectSpans(t)
  const app = await buildApp(t, { groupId: 'shop', otel: true, ...options })
  return { app, ...collected }
}

t.test('each failed attempt is a span with its error, and the next attempt links to it', async (t) => {
  const { app, spans } = await build(t)
  let attempts = 0
  app.broker.subscriber('orders', () => {
    attempts++
    if (attempts === 1) throw Object.assign(new RangeError('no stock'), { code: 'NO_STOCK' })
    if (attempts === 2) throw new NackMessage()
  })
  const tests = await testBroker(app, { allowFailures: true })
  await app.broker.publish('orders', 1)
  await tests.settled()
  const [send, first, second, third] = spans()
  t.match(first, {
    name: 'process orders',
    parent: 'send orders',
    links: ['send orders'],
    status: { code: 2, message: 'no stock' },
    events: ['exception'],
    attributes: { 'faststream.attempt': 1, 'faststream.outcome': 'failed', 'error.type': 'NO_STOCK' }
  })
  t.match(second, {
    parent: 'send orders',
    links: ['send orders', 'process orders'],
    attributes: { 'faststream.attempt': 2, 'faststream.outcome': 'failed', 'error.type': 'NackMessage' }
  })
  t.match(third, {
    links: ['send orders', 'process orders'],
    status: { code: 0 },
    attributes: { 'faststream.attempt': 3, 'faststream.outcome': 'settled' }
  })
  t.same(new Set([send, first, second, third].map((span) => span?.trace)), new Set([0]), 'one trace')
})

t.test('a dead letter keeps the context of its message, to which its send and its handling link', async (t) => {
  const { app, spans } = await build(t, { retry: { retries: 0 } })
  app.broker.subscriber('orders', () => { throw new Error('no stock') })
  app.broker.subscriber('orders.dlq', { deadLetter: false }, () => {})
  const tests = await testBroker(app, { allowFailures: true })
  await app.broker.publish('orders', 1)
  await tests.settled()
  const [order] = tests.published('orders')
  const [letter] = tests.published('orders.dlq')
  t.equal(letter?.headers.traceparent, order?.headers.traceparent)
  const found = spans()
  t.match(found.find(({ name }) => name === 'send orders.dlq'), { parent: undefined, links: ['send orders'] })
  t.match(found.find(({ name }) => name === 'process orders.dlq'), { parent: undefined, links: ['send orders'] })
})

t.test('a message that is redriven begins a trace, and links to its first publish', async (t) => {
  const { app, spans, reset } = await build(t, { retry: { retries: 0 }, topicConfig: { partitions: 1 } })
  let isDown = true
  app.broker.subscriber('orders', () => { if (isDown) throw new Error('down') })
  const tests = await testBroker(app, { allowFailures: true })
  await app.broker.publish('orders', 1)
  await tests.settled()
  const [send] = spans()
  isDown = false
  reset()
  t.match(await app.broker.deadLetters.redrive(), { redriven: 1 })
  await tests.settled()
  t.match(spans(), [
    { name: 'send orders', parent: undefined, links: [send!.id] },
    { name: 'process orders', parent: undefined, links: [send!.id] }
  ])
  t.equal(new Set(spans().map(({ trace }) => trace)).size, 2)
})

t.test('a context that the app has given a message is kept, and the send links to it', async (t) => {
  const { app, spans } = await build(t)
  app.broker.publisher('orders')
  const tests = await testBroker(app, { allowFailures: true })
  const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
  await app.broker.publish('orders', 1, { headers: { traceparent } })
  t.equal(tests.published('orders')[0]?.headers.traceparent, traceparent)
  t.match(spans(), [{ name: 'send orders', links: ['b7ad6b7169203331'] }])
})

t.test('what is known of failed attempts is dropped with their message', async (t) => {
  const { app, spans, reset } = await build(t, { retry: { retries: 1 } })
  app.broker.subscriber('orders', (value) => { if (value === 'bad') throw new Error('always') })
  const tests = await testBroker(app, { allowFailures: true })
  await app.broker.publish('orders', 'bad', { partition: 0 })
  await tests.settled()
  reset()
  await app.broker.publish('orders', 'good', { partition: 0 })
  await tests.settled()
  t.match(spans(), [{ name: 'send orders' }, { name: 'process orders', links: ['send orders'] }])
  t.equal(spans()[1]?.links.length, 1)
})
