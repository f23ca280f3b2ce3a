import t from 'tap'
import { testBroker } from 'fastify-faststream/testing'
import { build } from '../../examples/two-clusters/app.js'

t.test('two clusters: an order on the one makes an invoice on the other, with its correlation id', async (t) => {
  const app = await build({}, {}, {})
  t.teardown(() => app.close())
  const broker = await testBroker(app)
  const res = await app.inject({ method: 'POST', url: '/orders', payload: { id: '1', total: 9 } })
  t.equal(res.statusCode, 202)
  await broker.settled()
  t.match(broker.published('invoices'), [{ key: '1', value: { orderId: '1', amount: 9 } }])
  const [order] = broker.published('orders')
  t.equal(broker.published('invoices')[0]?.headers.correlation_id, order?.headers.correlation_id)
  t.same(broker.errors, [])
  t.same([app.broker.name, app.brokers.billing.name], ['default', 'billing'])
  t.same(app.brokers.billing.topics(), ['invoices', 'invoices.dlq'])
})
