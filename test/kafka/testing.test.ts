import t from 'tap'
import { Kafka, logLevel } from 'kafkajs'
import { createTester, testBroker } from '../../lib/testing/index.js'
import { buildShop } from '../support/shop.js'
import { brokers, uniqueName, until } from './fixture.js'

/** Topics and groups of the cluster; other test files have theirs there. */
async function namesOnCluster (): Promise<readonly string[]> {
  const admin = new Kafka({ brokers: [...brokers()], logLevel: logLevel.NOTHING }).admin()
  await admin.connect()
  const topics = await admin.listTopics()
  const { groups } = await admin.listGroups()
  await admin.disconnect()
  return [...topics, ...groups.map(({ groupId }) => groupId)]
}

t.test('the same test runs on a real Kafka, with topics and groups of its own that are removed', async (t) => {
  const groupId = uniqueName('shop')
  const { app, onOrder, invoices } = await buildShop(t, { brokers: brokers(), groupId })
  const broker = await testBroker(app, { transport: 'kafkajs' })
  const group = (await namesOnCluster()).find((name) => name.endsWith(`.${groupId}`))
  const prefix = String(group).slice(0, -groupId.length)
  t.match(prefix, /^test-.+\.$/)
  const own = async () => (await namesOnCluster()).filter((name) => name.startsWith(prefix))
  t.ok((await own()).includes(`${prefix}invoices`))
  const payload = { id: '1', total: 9 }
  const session = await broker.track(() => app.inject({ method: 'POST', url: '/orders', payload }), { timeout: 30_000 })
  t.equal(session.response.statusCode, 202)
  t.match(session.published('invoices'), [{ topic: 'invoices', key: '1', value: { amount: 9 } }])
  t.equal(session.handled(onOrder).length, 1)
  await broker.publish('orders', { id: 1 })
  await broker.settled({ timeout: 30_000 })
  broker.assertPublished(invoices, { value: { orderId: '1' }, times: 1 })
  t.match(broker.errors, [{ topic: 'orders', stage: 'validate' }])
  broker.assertPublished('orders.dlq', { value: { id: 1 } })
  await broker.close()
  // The nodes learn of a deletion that the controller has confirmed a moment later.
  await until(async () => (await own()).length === 0)
})

t.test('FASTSTREAM_TEST_BROKERS is the switch', async (t) => {
  process.env.FASTSTREAM_TEST_BROKERS = brokers().join()
  t.teardown(() => { delete process.env.FASTSTREAM_TEST_BROKERS })
  const { app, onOrder, invoices } = await buildShop(t)
  const tester = await createTester(app)
  await tester.mirror(onOrder)({ id: '1', total: 9 })
  t.match(await tester.mirror(invoices)({ timeout: 30_000 }), { value: { amount: 9 } })
  await tester.close()
})
