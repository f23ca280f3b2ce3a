import t from 'tap'
import Fastify from 'fastify'
import faststreamPlugin from '../../index.js'
import { testBroker } from '../../lib/testing/index.js'
import { buildShop } from '../support/shop.js'

t.test('joined apps exchange messages, and one broker sees them all', async (t) => {
  const { app: shop, invoices, onOrder } = await buildShop(t)
  const billing = Fastify()
  t.teardown(() => billing.close())
  await billing.register(faststreamPlugin, { groupId: 'billing' })
  const bills = billing.broker.publisher('bills')
  const onInvoice = billing.broker.subscriber('invoices', { publish: bills }, (invoice) => invoice)
  const broker = await testBroker([shop, billing])
  const res = await shop.inject({ method: 'POST', url: '/orders', payload: { id: '1', total: 9 } })
  t.equal(res.statusCode, 202)
  await broker.settled()
  broker.assertHandled(onOrder)
  broker.assertPublished(invoices)
  broker.assertHandled(onInvoice, { value: { orderId: '1' } })
  broker.assertPublished(bills, { value: { amount: 9 } })
  await broker.publish(bills, 'through a publisher of the second app')
  t.equal(broker.published('bills').length, 2)
})

t.test('what joins must be apps with brokers, and one app at least', async (t) => {
  const { app } = await buildShop(t)
  const plain = Fastify()
  t.teardown(() => plain.close())
  await t.rejects(testBroker([]), { code: 'FASTSTREAM_ERR_INVALID_ARGUMENTS' })
  await t.rejects(testBroker([app, plain]), { code: 'FASTSTREAM_ERR_TEST_BROKER', message: /register fastify-fast/ })
})

t.test('the same apps are tested again and again, and nothing stays behind', async (t) => {
  for (let round = 0; round < 3; round++) {
    const { app, invoices } = await buildShop(t)
    const broker = await testBroker(app)
    await broker.publish('orders', { id: '1', total: round })
    await broker.settled()
    broker.assertPublished(invoices, { value: { amount: round }, times: 1 })
    await broker.close()
  }
})
