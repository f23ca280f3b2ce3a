import t from 'tap'
import Fastify from 'fastify'
import faststreamPlugin from '../../index.js'
import { createTester } from '../../lib/testing/index.js'
import { buildShop } from '../support/shop.js'

t.test('a tester produces to what an app consumes, and consumes what it produces', async (t) => {
  const { app } = await buildShop(t)
  const tester = await createTester(app)
  t.same(Object.keys(tester.produce), ['orders'])
  t.same(Object.keys(tester.consume).sort(), ['invoices', 'orders', 'orders.dlq'])
  await tester.produce.orders!({ id: '1', total: 9 }, { key: 'k' })
  await tester.produce.orders!({ id: '2', total: 8 }, { key: 'k' })
  t.match(await tester.consume.invoices!({ timeout: 1000 }), { key: '1', value: { amount: 9 } })
  t.match(await tester.consume.invoices!(), { key: '2' }, 'the next one')
  const third = tester.consume.invoices!()
  await tester.produce.orders!({ id: '3', total: 7 })
  t.match(await third, { key: '3' })
  await t.rejects(tester.consume.invoices!({ timeout: 1 }), {
    code: 'FASTSTREAM_ERR_ASSERTION', message: "'invoices' has 3 messages, and message 4 was awaited"
  })
  const fourth = tester.consume.invoices!()
  await tester.produce.orders!({ id: '4', total: 6 })
  t.match(await fourth, { key: '4' }, 'what was awaited in vain is awaited again')
})

t.test('a mirror is found by handler, subscriber or publisher', async (t) => {
  const { app, onOrder, makeInvoice, invoices } = await buildShop(t)
  app.broker.subscriber('orders', { groupId: 'audit' }, function audit () {})
  const several = app.broker.subscriber(['a', 'b'], function onBoth () {})
  const tester = await createTester([app])
  await tester.mirror(onOrder)({ id: '1', total: 9 })
  await tester.mirror(makeInvoice)({ id: '2', total: 9 })
  const onInvoices = tester.mirror(invoices)
  t.same([(await onInvoices()).value.orderId, (await onInvoices()).value.orderId].sort(), ['1', '2'])
  t.throws(() => tester.mirror(several), { code: 'FASTSTREAM_ERR_INVALID_OPTION', message: /one topic .*'onBoth'/ })
  t.throws(() => tester.mirror(() => {}), { code: 'FASTSTREAM_ERR_INVALID_OPTION' })
})

t.test('useInMemoryBroker chooses the cluster', async (t) => {
  const { app, onOrder } = await buildShop(t)
  const { app: other } = await buildShop(t)
  const tester = await createTester(app, { useInMemoryBroker: true })
  await tester.mirror(onOrder)({ id: '1', total: 9 })
  await tester.settled()
  await t.rejects(createTester(other, { useInMemoryBroker: false }), { message: /needs brokers/ })
  await t.rejects(createTester(other, { useInMemoryBroker: 1 as never }), { code: 'FASTSTREAM_ERR_INVALID_OPTION' })
})

t.test('a tester is a test broker', async (t) => {
  const app = Fastify()
  t.teardown(() => app.close())
  await app.register(faststreamPlugin)
  const onOrder = app.broker.subscriber('orders', () => {})
  const tester = await createTester(app, { clock: 'manual' })
  await tester.produce.orders!(1)
  await tester.settled()
  tester.assertHandled(onOrder)
  await t.rejects(Reflect.apply(tester.produce.orders!, undefined, [1, {}, 'surplus']), {
    code: 'FASTSTREAM_ERR_INVALID_ARGUMENTS'
  })
})
