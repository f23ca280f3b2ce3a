import t, { type Test } from 'tap'
import Fastify from 'fastify'
import faststreamPlugin, { BatchError, type FaststreamOptions } from '../../index.js'
import { testBroker } from '../../lib/testing/index.js'
import { buildShop } from '../support/shop.js'

async function build (t: Test, options: FaststreamOptions = {}) {
  const app = Fastify()
  t.teardown(() => app.close())
  const defaults = { groupId: 'shop', topicConfig: { partitions: 1 }, drainTimeout: 50 }
  await app.register(faststreamPlugin, { ...defaults, ...options })
  return app
}

t.test('a dead letter that cannot be written is written again, and its message waits for it', async (t) => {
  const app = await build(t, { retry: { retries: 0 } })
  app.broker.subscriber('orders', function onOrder () { throw new Error('no luck') })
  const broker = await testBroker(app, { clock: 'automatic' })
  const fault = broker.fault({ on: 'publish', topic: 'orders.dlq', times: 3, error: new Error('the cluster is down') })
  const session = await broker.track(() => broker.publish('orders', 1))
  t.equal(fault.happened, 3)
  t.equal(session.deadLettered().length, 1)
  t.equal(session.published('orders.dlq').length, 1)
})

t.test('a publish fails for its caller, and the others of its batch do not', async (t) => {
  const { app, orders, invoices } = await buildShop(t)
  const broker = await testBroker(app)
  broker.fault({ on: 'publish', topic: 'orders', error: new Error('the cluster is down') })
  const [failed, stored] = await Promise.allSettled([
    orders.publish({ id: '1', total: 1 }), invoices.publish({ orderId: '1', amount: 1 })
  ])
  t.match(failed, { status: 'rejected', reason: { code: 'FASTSTREAM_ERR_PUBLISH_TIMEOUT', outcome: 'not-sent' } })
  t.match(stored, { status: 'fulfilled' })
  broker.assertNothingPublished('orders')
  broker.assertPublished(invoices, { times: 1 })
  await orders.publish({ id: '2', total: 1 })
})

t.test('a handler fails without being called, or later', async (t) => {
  const { app, onOrder, makeInvoice } = await buildShop(t)
  const broker = await testBroker(app, { clock: 'manual' })
  broker.fault({ on: 'handler', topic: 'orders', times: 2, error: new Error('no database') })
  const delayed = broker.fault({ on: 'handler', topic: 'invoices', delay: '1 min' })
  delayed.end()
  await broker.publish('orders', { id: '1', total: 1 })
  await broker.clock.advance('1 min')
  t.match(broker.errors, [{ error: { message: 'no database' } }, { error: { message: 'no database' } }])
  t.same(broker.handler(makeInvoice).calls.map(({ outcome }) => outcome), ['threw', 'threw', 'returned'])
  const slow = broker.fault({ on: 'handler', delay: 5000 })
  await broker.publish('orders', { id: '2', total: 1 })
  await broker.clock.advance('4 s')
  broker.assertHandled(onOrder, { value: { id: '2' }, outcome: 'running' })
  await broker.clock.advance('2 s')
  broker.assertHandled(onOrder, { value: { id: '2' }, outcome: 'returned' })
  t.equal(slow.happened, 1)
})

t.test('a message is redelivered, and the session waits for that', async (t) => {
  const { app, onOrder } = await buildShop(t)
  const broker = await testBroker(app)
  const fault = broker.fault({ on: 'handler', topic: 'orders', redeliver: true })
  const session = await broker.track(() => broker.publish('orders', { id: '1', total: 1 }))
  t.equal(fault.happened, 1)
  t.equal(session.handled(onOrder).length, 2)
  t.equal(session.published('invoices').length, 1, 'what was given up publishes nothing')
})

t.test('a group rebalances while a handler runs, and its message is handled once', async (t) => {
  const { app, onOrder } = await buildShop(t)
  const broker = await testBroker(app)
  for (const on of ['handler', 'fetch', 'commit'] as const) broker.fault({ on, topic: 'orders', rebalance: true })
  await broker.track(() => broker.publish('orders', { id: '1', total: 1 }))
  await broker.settled()
  t.equal(broker.handler(onOrder).calls.length, 1)
})

t.test('a consumer that dies leaves its message to another app of its group', async (t) => {
  const apps = [await build(t), await build(t)] as const
  const seen: number[] = []
  for (const [index, app] of apps.entries()) app.broker.subscriber('orders', () => { seen.push(index) })
  const broker = await testBroker(apps)
  const fault = broker.fault({ on: 'handler', topic: 'orders', crash: true })
  await broker.publish('orders', 1)
  await broker.settled()
  t.equal(fault.happened, 1)
  t.same([...seen].sort(), [0, 1], 'each of them has handled it')
  t.equal(broker.published('orders.dlq').length, 0)
})

t.test('commits fail or wait, and records are held back', async (t) => {
  const { app, onOrder } = await buildShop(t, { topicConfig: { partitions: 1 } })
  const broker = await testBroker(app, { clock: 'automatic' })
  const failed = broker.fault({ on: 'commit', topic: 'orders', times: 3, error: new Error('no coordinator') })
  const late = broker.fault({ on: 'fetch', topic: 'orders', delay: '10 s' })
  await broker.publish('orders', { id: '1', total: 1 })
  await broker.publish('orders', { id: '2', total: 1 })
  await broker.settled()
  t.same(broker.handler(onOrder).calls.map(({ value }) => value.id), ['1', '2'])
  t.same([failed.happened, late.happened], [3, 1])
})

t.test('a fetch that fails is told, records that are held back keep their order, and a consumer may die', async (t) => {
  const { app, onOrder } = await buildShop(t, { topicConfig: { partitions: 1 }, drainTimeout: 50 })
  app.broker.subscriber(/^returns\./, { groupId: 'returns' }, function onReturn () {})
  app.broker.publisher('returns.eu')
  const broker = await testBroker(app, { clock: 'automatic' })
  broker.fault({ on: 'fetch', topic: 'orders', error: new Error('no leader') })
  broker.fault({ on: 'fetch', topic: 'orders', times: 2, delay: '1 min' })
  broker.fault({ on: 'commit', topic: 'orders', delay: 10 })
  for (const id of ['1', '2', '3']) {
    await broker.publish('orders', { id, total: 1 })
    await broker.eventually(() => broker.assertPublished('orders', { value: { id } }))
  }
  await broker.settled()
  t.same(broker.handler(onOrder).calls.map(({ value }) => value.id), ['1', '2', '3'])
  const crash = broker.fault({ on: 'commit', topic: 'orders', crash: true })
  await broker.publish('orders', { id: '4', total: 1 })
  await broker.handler(onOrder).called({ with: { value: { id: '4' } } })
  await broker.eventually(() => { if (crash.happened === 0) throw new Error('it has not crashed yet') })
  const redelivered = broker.fault({ on: 'handler', topic: 'returns.eu', redeliver: true })
  const session = await broker.track(() => broker.publish('returns.eu', 1))
  t.equal(session.handled().length, 2)
  t.equal(redelivered.happened, 1)
})

t.test('a publish is late', async (t) => {
  const { app } = await buildShop(t)
  const broker = await testBroker(app)
  const slow = broker.fault({ on: 'publish', topic: 'invoices', delay: 5 })
  const session = await broker.track(() => broker.publish('orders', { id: '3', total: 1 }))
  t.same([slow.happened, session.published('invoices').length], [1, 1])
})

t.test('a fault has one action that its step has', async (t) => {
  const broker = await testBroker(await build(t))
  for (const fault of [
    { on: 'sleep', error: new Error('a') }, { on: 'publish' }, { on: 'publish', redeliver: true },
    { on: 'handler', error: new Error('a'), delay: 1 }, { on: 'handler', error: 'text' },
    { on: 'handler', delay: 'soon' },
    { on: 'handler', delay: 1, times: 0 }, { on: 'handler', delay: 1, topic: '' }, { on: 'handler', delays: 1 }
  ]) {
    t.throws(() => broker.fault(fault as never), { code: 'FASTSTREAM_ERR_INVALID_OPTION' }, JSON.stringify(fault))
  }
})

t.test('each message delivered twice: handlers that are idempotent publish the same', async (t) => {
  const app = await build(t)
  const seen = new Set<unknown>()
  const invoices = app.broker.publisher('invoices', { key: 'k' })
  const counts = app.broker.publisher('counts')
  let count = 0
  app.broker.subscriber('orders', { publish: invoices }, (order) => order)
  app.broker.subscriber('returns', { publish: counts }, () => ++count)
  const broker = await testBroker(app)
  await broker.redeliverEverything(async () => {
    seen.clear()
    await broker.publish('orders', { id: '1' })
  })
  await t.rejects(broker.redeliverEverything(async () => {
    count = 0
    await broker.publish('returns', 1)
  }), {
    code: 'FASTSTREAM_ERR_ASSERTION',
    message: /published:\n {2}missing {2}counts, key null: 1\n {2}surplus {2}counts, key null: 2$/
  })
})

t.test('a group that redelivers by itself does not hide that a handler is not idempotent', async (t) => {
  const app = await build(t)
  let count = 0
  app.broker.subscriber('returns', { publish: app.broker.publisher('counts') }, () => ++count)
  const broker = await testBroker(app)
  broker.fault({ on: 'handler', redeliver: true })
  await t.rejects(broker.redeliverEverything(async () => {
    count = 0
    await broker.publish('returns', 1)
  }), { message: /missing {2}counts, key null: 1\n {2}surplus {2}counts, key null: 2$/ })
})

t.test('a group does not redeliver the rest of a batch of which one message failed', async (t) => {
  const app = await build(t, { retry: { retries: 0 } })
  app.broker.subscriber('orders', { batch: true }, (values) => {
    if (values.length === 3) throw new BatchError(1)
  })
  const broker = await testBroker(app)
  let runs = 0
  await broker.redeliverEverything(async () => {
    runs++
    await app.broker.publishBatch('orders', ['a', 'b', 'c'].map((value) => ({ value })))
  })
  t.equal(runs, 2)
})

t.test('a group that redelivers in each run lets nothing be compared', async (t) => {
  const app = await build(t)
  app.broker.subscriber('returns', () => {})
  const broker = await testBroker(app)
  let runs = 0
  await t.rejects(broker.redeliverEverything(async () => {
    runs++
    broker.fault({ on: 'handler', redeliver: true })
    await broker.publish('returns', 1)
  }), { code: 'FASTSTREAM_ERR_ASSERTION', message: /in each of 3 runs, .* be compared:\n {2}returns\[0\] 2$/ })
  t.equal(runs, 3)
})
