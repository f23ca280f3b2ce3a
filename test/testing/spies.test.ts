import t from 'tap'
import Fastify from 'fastify'
import faststreamPlugin from '../../index.js'
import { testBroker } from '../../lib/testing/index.js'
import { buildShop } from '../support/shop.js'
import { gate } from '../support/inbox.js'

t.test('a handler is found by what subscriber() returned, and by itself', async (t) => {
  const { app, onOrder, makeInvoice } = await buildShop(t)
  const broker = await testBroker(app)
  await broker.publish('orders', { id: '1', total: 9 }, { key: '1', headers: { tenant: 'a' }, correlationId: 'c' })
  await broker.settled()
  const [call] = broker.handler(onOrder).calls
  t.match(call, {
    topic: 'orders',
    offset: 0n,
    value: { id: '1', total: 9 },
    key: '1',
    correlationId: 'c',
    headers: { tenant: 'a' },
    attempt: 1,
    outcome: 'returned',
    result: { orderId: '1', amount: 9 },
    error: undefined
  })
  t.same(broker.handler(makeInvoice).calls, [call])
  t.throws(() => broker.handler(() => {}), { code: 'FASTSTREAM_ERR_INVALID_OPTION', message: /'subscriber' must be/ })
})

t.test('a call keeps its value as it was before the call, and what a handler throws', async (t) => {
  const app = Fastify()
  t.teardown(() => app.close())
  await app.register(faststreamPlugin, { retry: { retries: 1 } })
  const onOrder = app.broker.subscriber('orders', { schema: { value: { type: 'object' } } }, (order: unknown) => {
    Object.assign(order as object, { id: 'changed' })
    throw new Error('no luck')
  })
  const broker = await testBroker(app)
  await broker.publish('orders', { id: '1' })
  await broker.publish('orders', 'no object')
  await broker.settled()
  t.match(broker.handler(onOrder).calls, [
    { value: { id: '1' }, attempt: 1, outcome: 'threw', error: { message: 'no luck' } },
    { value: { id: '1' }, attempt: 2, outcome: 'threw', error: { message: 'no luck' } }
  ])
  t.equal(broker.handler(onOrder).calls.length, 2, 'a message that does not match makes no call')
  t.equal(broker.errors.length, 3)
})

t.test('called() waits for so many calls that have ended', async (t) => {
  const { app, onOrder, makeInvoice } = await buildShop(t)
  const broker = await testBroker(app)
  const spy = broker.handler(onOrder)
  const { opened, open } = gate()
  spy.replace(async (order) => {
    await opened
    return await makeInvoice(order)
  })
  const twice = spy.called({ times: 2, with: { value: { total: 9 } } })
  await broker.publish('orders', { id: '1', total: 9 })
  await broker.publish('orders', { id: '2', total: 8 })
  await broker.eventually(() => { broker.assertHandled(onOrder, { value: { id: '1' }, outcome: 'running' }) })
  open()
  await spy.called({ times: 2 })
  await broker.publish('orders', { id: '3', total: 9 })
  t.match(await twice, [{ value: { id: '1' } }, { value: { id: '3' } }])
})

t.test('called() gives up with the calls so far', async (t) => {
  const { app, onOrder } = await buildShop(t)
  const broker = await testBroker(app)
  await broker.publish('orders', { id: '1', total: 9 })
  await broker.settled()
  await t.rejects(broker.handler(onOrder).called({ with: { value: { total: 8 } }, timeout: 0 }), {
    code: 'FASTSTREAM_ERR_ASSERTION',
    message: /^'makeInvoice' was not called as expected, once\n(.*\n){3}.*value.total: expected 8, got 9$/
  })
  await t.rejects(broker.handler(onOrder).called({ times: 0 }), { code: 'FASTSTREAM_ERR_INVALID_OPTION' })
  await t.rejects(broker.handler(onOrder).called({ with: { valu: 1 } as {} }), { message: /'with.valu' is not known/ })
})

t.test('a handler is replaced until it is restored; schemas and publishing stay', async (t) => {
  const { app, onOrder, invoices } = await buildShop(t)
  const broker = await testBroker(app)
  const spy = broker.handler(onOrder)
  spy.replace(({ id }) => ({ orderId: id, amount: 0 }))
  await broker.publish('orders', { id: '1', total: 9 })
  await broker.settled()
  spy.restore()
  await broker.publish('orders', { id: '2', total: 9 })
  await broker.settled()
  broker.assertPublished(invoices, { key: '1', value: { amount: 0 }, times: 1 })
  broker.assertPublished(invoices, { key: '2', value: { amount: 9 }, times: 1 })
  t.throws(() => { spy.replace('no function' as never) }, { code: 'FASTSTREAM_ERR_INVALID_OPTION' })
})

t.test('the handle of a subscriber with cases stands for all of them', async (t) => {
  const app = Fastify()
  t.teardown(() => app.close())
  await app.register(faststreamPlugin)
  const onPlaced = () => {}
  const events = app.broker.subscriber('events', {
    by: ({ headers }) => headers.type,
    cases: { placed: { handler: onPlaced }, paid: { handler: () => {} } }
  })
  const broker = await testBroker(app)
  for (const type of ['placed', 'paid']) await broker.publish('events', type, { headers: { type } })
  await broker.settled()
  t.same(broker.handler(events).calls.map(({ value }) => value).sort(), ['paid', 'placed'])
  t.same(broker.handler(onPlaced).calls.map(({ value }) => value), ['placed'])
  t.throws(() => broker.assertHandled(events, { value: 'lost' }), { message: /^'onPlaced' was not called as expected/ })
})

t.test('a handler that returns a thenable is awaited once', async (t) => {
  const app = Fastify()
  t.teardown(() => app.close())
  await app.register(faststreamPlugin)
  let asked = 0
  const thenable = { then (resolve: (value: string) => void) { asked++; resolve('done') } }
  const onOrder = app.broker.subscriber('orders', () => thenable)
  app.broker.subscriber('returns', () => { })
  const broker = await testBroker(app)
  await broker.publish('orders', 1)
  await broker.publish('returns', 1)
  await broker.settled()
  t.match(broker.handler(onOrder).calls, [{ outcome: 'returned', result: 'done' }])
  t.equal(asked, 1)
})
