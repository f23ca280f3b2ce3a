import t from 'tap'
import Fastify, { type FastifyInstance } from 'fastify'
import faststreamPlugin from '../../index.js'
import { Inbox } from '../support/inbox.js'
import { startCluster } from '../../tools/kafka/cluster.js'
import { until } from './fixture.js'

function ready (app: FastifyInstance): FastifyInstance {
  app.get('/ready', (request, reply) => {
    const health = app.broker.health()
    return reply.code(health.healthy ? 200 : 503).send(health)
  })
  return app
}

async function status (app: FastifyInstance): Promise<number> {
  return (await app.inject('/ready')).statusCode
}

t.test('an app connects once its cluster is up, and health() follows an outage', async (t) => {
  const cluster = await startCluster({ nodes: 1 })
  t.teardown(() => cluster.stop())
  await cluster.kill(0)
  const app = ready(Fastify())
  t.teardown(() => app.close())
  await app.register(faststreamPlugin, { brokers: cluster.brokers, groupId: 'g', startup: 'background' })
  const inbox = new Inbox<unknown>()
  app.broker.subscriber('orders', (value) => { inbox.add(value) })
  await app.ready()
  t.equal(await status(app), 503)
  await until(async () => app.broker.health().lastError?.code === 'FASTSTREAM_ERR_CONNECT')
  await t.rejects(app.broker.publish('orders', 1), { code: 'FASTSTREAM_ERR_NOT_READY', statusCode: 503 })

  await cluster.up(0)
  await until(async () => await status(app) === 200, 40_000)
  await app.broker.publish('orders', 1)
  t.same(await inbox.count(1), [1])
  await until(async () => app.broker.health().subscribers[0]?.lag === 0)

  await cluster.kill(0)
  await until(async () => await status(app) === 503, 15_000)
  t.equal(app.broker.health().subscribers[0]?.state, 'failed')
  await cluster.up(0)
  await until(async () => await status(app) === 200, 60_000)
  await app.broker.publish('orders', 2)
  await inbox.until((items) => items.includes(2))
})

t.test('a node that says nothing is seen within its time', async (t) => {
  const cluster = await startCluster({ nodes: 1 })
  t.teardown(() => cluster.stop())
  const app = ready(Fastify())
  t.teardown(() => app.close())
  await app.register(faststreamPlugin, { brokers: cluster.brokers, groupId: 'g' })
  app.broker.subscriber('orders', () => {})
  await app.ready()
  await until(async () => await status(app) === 200)
  cluster.freeze(0)
  await until(async () => await status(app) === 503, 15_000)
  cluster.thaw(0)
  await until(async () => await status(app) === 200, 60_000)
})
