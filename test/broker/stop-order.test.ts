import type { FastifyInstance } from 'fastify'
import t, { type Test } from 'tap'
import { createMemoryCluster } from '../../lib/transport/memory/index.js'
import { quiet } from '../support/consumer-recorder.js'
import { useEnvironment } from '../support/environment.js'
import { gate, Inbox } from '../support/inbox.js'
import { createLateTransport } from '../support/late-transport.js'
import { build } from '../support/plugin-app.js'

t.test('a handler ends before an onClose hook of a plugin that was registered later runs', async (t) => {
  const app = await build(t)
  const { opened, open } = gate()
  const steps = new Inbox<string>()
  app.addHook('onClose', async () => { steps.add('pool closed') })
  app.broker.subscriber('orders', async () => {
    steps.add('handler began')
    await opened
    steps.add('handler ended')
  })
  await app.ready()
  await app.broker.publish('orders', 1)
  await steps.count(1)
  const closed = app.close()
  await quiet(50)
  t.same(steps.items, ['handler began'])
  open()
  await closed
  t.same(steps.items, ['handler began', 'handler ended', 'pool closed'])
})

/** An app on a cluster that answers late, with one message that its handler holds. */
async function holding (t: Test, onClose = async (_app: FastifyInstance): Promise<void> => {}) {
  const app = await build(t, { groupId: 'shop' })
  app.addHook('onClose', onClose)
  const cluster = createMemoryCluster()
  const transport = createLateTransport(cluster)
  useEnvironment(app, { createTransport: async () => transport })
  const { opened, open } = gate()
  const began = new Inbox<unknown>()
  app.broker.publisher('events')
  app.broker.subscriber('orders', async (value, { broker }) => {
    began.add(value)
    await opened
    await broker.publish('events', value)
  })
  await app.ready()
  await app.broker.publish('orders', 1, { partition: 0 })
  await began.count(1)
  const from = transport.events.length
  return { app, cluster, transport, open, steps: () => transport.events.slice(from) }
}

t.test('a close waits for the answer to each of its steps before it takes the next', async (t) => {
  const { app, cluster, transport, open, steps } = await holding(t)
  const closed = app.close()
  open()
  await closed
  t.same(transport.unanswered, [])
  t.same(steps(), [
    'count', 'count answered', 'send', 'send answered',
    'commit', 'commit answered',
    'leave', 'leave answered',
    'close producer', 'close producer answered',
    'close', 'close answered'
  ])
  t.equal(cluster.records('events').length, 1)
  const [log] = cluster.partitions('orders')
  t.equal(cluster.group('shop').committed(log!), 1n)
})

t.test('a close sends what is published at the last moment, before it closes the producer', async (t) => {
  let published: Promise<unknown> | undefined
  // The hook runs when all groups are left, before that of the plugin.
  const { app, cluster, transport, open } = await holding(t, async ({ broker }) => {
    published = broker.publish('events', 2)
  })
  open()
  await app.close()
  t.same(transport.unanswered, [])
  await published
  t.equal(cluster.records('events').length, 2)
})

t.test('a start waits for each answer before the app is ready', async (t) => {
  const app = await build(t, { groupId: 'shop' })
  const transport = createLateTransport(createMemoryCluster())
  useEnvironment(app, { createTransport: async () => transport })
  app.broker.subscriber('orders', () => {})
  await app.ready()
  t.same(transport.events.filter((step) => !step.startsWith('commit')), [
    'connect', 'connect answered',
    'describe', 'describe answered',
    'create', 'create answered',
    'start', 'start answered'
  ])
})
