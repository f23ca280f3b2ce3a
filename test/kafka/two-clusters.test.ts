import t from 'tap'
import { build } from '../../examples/two-clusters/app.js'
import { brokers, readLog, uniqueName, until } from './fixture.js'

t.test('a subscriber of one cluster publishes to another one, and the correlation id goes on', async (t) => {
  const at = (groupId: string) => ({
    groupId, clusters: { memory: { transport: 'memory' as const }, kafka: { brokers: brokers() } }, cluster: 'memory'
  })
  const app = await build({}, at(uniqueName('shop')), at(uniqueName('billing')))
  t.teardown(() => app.close())
  app.broker.setKafkaBroker('kafka')
  app.brokers.billing.setKafkaBroker('kafka')
  const id = uniqueName('order')
  await app.ready()
  const { statusCode } = await app.inject({ method: 'POST', url: '/orders', payload: { id, total: 9 } })
  t.equal(statusCode, 202)
  const found = async (topic: string) => (await readLog(topic)).find(({ key }) => String(key) === id)
  await until(async () => await found('invoices') !== undefined)
  const [order, invoice] = [await found('orders'), await found('invoices')]
  t.same(JSON.parse(String(invoice?.value)), { orderId: id, amount: 9 })
  t.same(String(invoice?.headers?.correlation_id), String(order?.headers?.correlation_id))
})
