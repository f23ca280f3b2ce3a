import t, { type Test } from 'tap'
import Fastify from 'fastify'
import faststreamPlugin, { dependency } from '../../index.js'
import { createMemoryCluster, createMemoryTransport, type MemoryCluster } from '../../lib/transport/memory/index.js'
import { eventually } from '../conformance/eventually.js'
import { useEnvironment } from '../support/environment.js'
import { gate, Inbox } from '../support/inbox.js'

/** An app with two brokers, each on a cluster of its own. */
async function build (t: Test) {
  const app = Fastify()
  t.teardown(() => app.close())
  await app.register(faststreamPlugin, { groupId: 'shop' })
  await app.register(faststreamPlugin, { groupId: 'billing', name: 'billing' })
  const clusters = new Map<string, MemoryCluster>()
  useEnvironment(app, {
    async createTransport ({ name }) {
      const cluster = createMemoryCluster()
      clusters.set(name, cluster)
      return createMemoryTransport({ cluster })
    }
  })
  const read = (name: string, topic: string) => (clusters.get(name)?.records(topic) ?? []).map(({ value, headers }) => {
    const [, id] = headers.find(([header]) => header === 'correlation_id') ?? []
    return { value: String(value), correlationId: String(id) }
  })
  return { app, read }
}

t.test('a subscriber of one cluster publishes its results to another one', async (t) => {
  const { app, read } = await build(t)
  const invoices = app.brokers.billing.publisher('invoices')
  const audit = app.broker.publisher('audit')
  app.broker.subscriber('orders', { publish: [invoices, audit] }, (order) => ({ order }))
  const seen = new Inbox<string>()
  app.brokers.billing.subscriber('invoices', (_, { correlationId }) => { seen.add(correlationId) })
  app.post('/', async (request) => { await request.broker.publish('orders', 1) })
  await app.ready()
  await app.inject({ method: 'POST', url: '/' })
  const [correlationId = ''] = await seen.count(1)
  t.same(read('default', 'orders'), [{ value: '1', correlationId }])
  t.same(read('billing', 'invoices'), [{ value: '{"order":1}', correlationId }])
  await eventually(async () => read('default', 'audit').length === 1)
  t.same(read('default', 'audit'), [{ value: '{"order":1}', correlationId }])
  t.same([read('default', 'invoices'), read('billing', 'audit'), read('billing', 'orders')], [[], [], []])
})

t.test('a message is settled when its result is on the other cluster, not before', async (t) => {
  const { app, read } = await build(t)
  const { opened, open } = gate()
  const invoices = app.brokers.billing.publisher('invoices')
  app.broker.subscriber('orders', { publish: invoices }, async (value) => { await opened; return value })
  await app.ready()
  await app.broker.publish('orders', 'a')
  const lag = () => app.broker.health().subscribers[0]?.lag
  await eventually(async () => lag() === 1)
  t.same(read('billing', 'invoices'), [])
  open()
  await eventually(async () => lag() === 0)
  t.equal(read('billing', 'invoices').length, 1)
})

t.test('a publisher is refused by another broker than its own, which the error names', async (t) => {
  const { app } = await build(t)
  const invoices = app.brokers.billing.publisher('invoices')
  await app.ready()
  await t.rejects(app.broker.publish(invoices, 1), {
    code: 'FASTSTREAM_ERR_INVALID_OPTION', message: /belongs to broker 'billing'/
  })
})

t.test('each broker lives and is asked for itself', async (t) => {
  const { app } = await build(t)
  const steps: string[] = []
  app.broker.onStarted(() => { steps.push('default started') })
  app.brokers.billing.onStarted(() => { steps.push('billing started') })
  app.brokers.billing.subscriber('invoices', { deadLetter: false }, () => {})
  app.broker.background('task', () => { throw new Error('no luck') })
  app.brokers.billing.background('task', () => { steps.push('billing runs') })
  await app.ready()
  await eventually(async () => app.broker.health().background[0]?.state === 'failed')
  t.same(steps, ['default started', 'billing started', 'billing runs'])
  t.same([app.broker.topics(), app.brokers.billing.topics()], [[], ['invoices']])
  t.same([app.broker.health().healthy, app.brokers.billing.health().healthy], [false, true])
})

for (const [names, main] of [[['billing', 'default'], 'default'], [['billing', 'audit'], 'billing']] as const) {
  t.test(`a dependency of a route gets the broker '${main}' of '${names.join("' and '")}'`, async (t) => {
    const app = Fastify()
    t.teardown(() => app.close())
    for (const name of names) await app.register(faststreamPlugin, { name })
    const given = dependency((_, { broker }) => broker)
    app.get('/', { config: { deps: { given } } }, async ({ deps }) => deps.given)
    await app.ready()
    t.match((await app.inject('/')).json(), { name: main })
  })
}
