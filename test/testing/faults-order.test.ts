import t from 'tap'
import Fastify from 'fastify'
import faststreamPlugin from '../../index.js'
import { testBroker } from '../../lib/testing/index.js'

t.test('results keep the order of their messages when the cluster does not take one of them', async (t) => {
  const app = Fastify()
  t.teardown(() => app.close())
  await app.register(faststreamPlugin, { groupId: 'shop', topicConfig: { partitions: 1 } })
  const results = app.broker.publisher('results')
  app.broker.subscriber('orders', { publish: results }, async (value) => value)
  const broker = await testBroker(app, { clock: 'manual' })
  const fault = broker.fault({ on: 'publish', topic: 'results', times: 3, error: new Error('the cluster is down') })
  const values = Array.from({ length: 50 }, (_, i) => i)
  await Promise.all(values.map((i) => broker.publish('orders', i)))
  const settled = broker.settled()
  await broker.clock.advance('1 min')
  await settled
  t.equal(fault.happened, 3)
  t.same(broker.published('results').map(({ value }) => value), values)
})
