import t from 'tap'
import { testBroker } from 'fastify-faststream/testing'
import { build } from '../../examples/quickstart/app.js'

t.test('quickstart: an order makes an invoice', async (t) => {
  const app = await build({}, { groupId: 'shop' })
  t.teardown(() => app.close())
  const broker = await testBroker(app)
  const res = await app.inject({ method: 'POST', url: '/orders', payload: { id: '1', total: 9 } })
  t.equal(res.statusCode, 202)
  await broker.settled()
  t.match(broker.published('invoices'), [{ key: '1', value: { orderId: '1', amount: 9 } }])
  t.same(broker.errors, [])
})
