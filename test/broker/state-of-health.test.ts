import t from 'tap'
import { KafkaRouter } from '../../index.js'
import { createMemoryCluster, createMemoryTransport } from '../../lib/transport/memory/index.js'
import { useEnvironment } from '../support/environment.js'
import { gate } from '../support/inbox.js'
import { build } from '../support/plugin-app.js'

t.test('a broker without subscribers is healthy while it is connected, not before and not after', async (t) => {
  const app = await build(t)
  const connecting = gate()
  const asked = gate()
  const closing = gate()
  const transport = createMemoryTransport({ cluster: createMemoryCluster() })
  useEnvironment(app, {
    createTransport: async () => ({
      ...transport,
      connect: async () => { asked.open(); await connecting.opened },
      close: async () => { await closing.opened }
    })
  })
  const isHealthy = (): boolean => app.broker.health().healthy
  t.same(app.broker.health().subscribers, [])
  t.equal(isHealthy(), false, 'before the app is ready')
  const ready = app.ready()
  await asked.opened
  t.equal(isHealthy(), false, 'while it connects')
  connecting.open()
  await ready
  t.equal(isHealthy(), true, 'while it is connected')
  const closed = app.close()
  while (app.broker.health().state === 'connected') await new Promise(setImmediate)
  t.equal(isHealthy(), false, 'while it closes')
  closing.open()
  await closed
  t.equal(isHealthy(), false, 'after it has closed')
})

t.test('a broker whose start has failed is not healthy', async (t) => {
  const app = await build(t)
  useEnvironment(app, { createTransport: async () => { throw new Error('no cluster') } })
  await t.rejects(async () => { await app.ready() }, { message: 'no cluster' })
  t.equal(app.broker.health().healthy, false)
})

t.test('each subscriber with cases has one line, and each place of a router', async (t) => {
  const app = await build(t)
  const cases = { a: { handler () {} }, b: { handler () {} } }
  const by = (): string => 'a'
  const router = new KafkaRouter()
  router.subscriber('events', { by, cases })
  for (const prefix of ['eu.', 'us.']) app.broker.includeRouter(new KafkaRouter({ prefix, routers: [router] }))
  app.broker.subscriber('first', { by, cases })
  app.broker.subscriber('second', { by, cases })
  app.broker.subscriber(['third', 'fourth'], { by, cases })
  const names = app.broker.health().subscribers.map(({ name }) => name)
  t.same(names, ['eu.events', 'us.events', 'first', 'second', 'third,fourth'])
})
