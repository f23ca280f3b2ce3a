import { tracingChannel } from 'node:diagnostics_channel'
import t from 'tap'
import Fastify, { type FastifyInstance } from 'fastify'
import faststreamPlugin, { type BrokerIdentity, type MessagePublishContext } from '../../index.js'
import { createMemoryCluster, createMemoryTransport } from '../../lib/transport/memory/index.js'
import { Inbox } from '../support/inbox.js'
import { useEnvironment } from '../support/environment.js'
import { hear } from '../support/hear.js'
import { idleListener } from '../support/idle-listener.js'

t.test('two apps of one process have a broker of the same name: each event says whose it is', async (t) => {
  const heard: BrokerIdentity[][] = [
    hear(t, 'faststream.message.started'), hear(
      t, 'faststream.message.published'
    ), hear(t, 'faststream.group.rebalanced'),
    hear(t, 'faststream.health.changed'), hear(t, 'faststream.message.settled'), hear(t, 'faststream.message.received')
  ]
  const traced: BrokerIdentity[] = []
  const listen = (context: unknown): void => { traced.push(context as MessagePublishContext) }
  const { start } = tracingChannel('faststream.message.publish')
  start.subscribe(listen)
  t.teardown(() => { start.unsubscribe(listen) })

  const apps: FastifyInstance[] = []
  for (let i = 0; i < 2; i++) {
    const app = Fastify()
    t.teardown(() => app.close())
    await app.register(faststreamPlugin)
    const inbox = new Inbox<unknown>()
    app.broker.subscriber('orders', (value) => { inbox.add(value) })
    await app.ready()
    await app.broker.publish('orders', i)
    await inbox.count(1)
    await app.close()
    apps.push(app)
  }
  const [one, other] = apps.map(({ broker }) => broker.id)
  t.not(one, other)
  for (const events of [...heard, traced]) {
    t.ok(events.length > 0)
    t.same(
      [...new Set(events.map(({ broker, brokerId }) => `${broker} ${brokerId}`))],
      [`default ${one}`, `default ${other}`]
    )
  }
})

t.test('the id of a broker is the same in every scope, and another one for each broker of an app', async (t) => {
  const app = Fastify()
  t.teardown(() => app.close())
  await app.register(faststreamPlugin)
  await app.register(faststreamPlugin, { name: 'billing' })
  await app.register(async (scope) => { t.equal(scope.broker.id, app.broker.id) })
  const { billing } = app.brokers as unknown as { billing: FastifyInstance['broker'] }
  t.not(billing.id, app.broker.id)
})

t.test('an offset that is not in the log names its broker, too', async (t) => {
  const resets = hear(t, 'fastify-faststream:offset-reset')
  const cluster = createMemoryCluster()
  cluster.createTopics([{ topic: 'orders', partitions: 1, replicas: 1 }])
  const transport = createMemoryTransport({ cluster })
  const partition = { topic: 'orders', partition: 0 }
  const consumer = transport.consumer(
    { groupId: 'shop', topics: ['orders'], offsetReset: 'earliest', rebalanceTimeout: 6000, sessionTimeout: 6000 },
    idleListener
  )
  await consumer.start()
  await consumer.commit([{ ...partition, offset: 7n }])
  await consumer.close()

  const app = Fastify()
  t.teardown(() => app.close())
  await app.register(faststreamPlugin, { groupId: 'shop' })
  useEnvironment(app, { createTransport: async () => createMemoryTransport({ cluster }) })
  app.broker.subscriber('orders', () => {})
  await app.ready()
  t.match(resets, [{ broker: 'default', brokerId: app.broker.id, groupId: 'shop', stored: 7n }])
})
