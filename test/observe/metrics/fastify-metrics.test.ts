import t from 'tap'
import Fastify from 'fastify'
import fastifyMetrics from 'fastify-metrics'
import client from 'prom-client'
import { faststreamPlugin } from '../../../index.js'
import { testBroker } from '../../../lib/testing/index.js'

t.test('beside fastify-metrics its client is given, and its route has the metrics of both', async (t) => {
  const app = Fastify()
  t.teardown(() => app.close())
  t.teardown(() => { client.register.clear() })
  await app.register(fastifyMetrics.default, { endpoint: '/metrics' })
  await app.register(faststreamPlugin, { groupId: 'shop', metrics: { client: app.metrics.client } })
  app.broker.subscriber('orders', () => {})
  app.get('/', async () => 'ok')
  const tests = await testBroker(app)
  await tests.publish('orders', 1)
  await tests.settled()
  await app.inject('/')
  const { statusCode, body } = await app.inject('/metrics')
  t.equal(statusCode, 200)
  const labels = 'cluster="default",topic="orders",group="shop",outcome="acked"'
  t.ok(body.includes(`faststream_messages_processed_total{${labels}} 1`))
  t.match(body, /^http_request_duration_seconds_count/m)
})
