import t, { type Test } from 'tap'
import Fastify from 'fastify'
import faststreamPlugin from '../../../index.js'
import { DEFINITIONS } from '../../../lib/observe/metrics/definitions.js'
import { testBroker } from '../../../lib/testing/index.js'
import { newRegistry } from '../../support/metrics.js'
import { build } from '../../support/plugin-app.js'

const PROCESSED = 'faststream_messages_processed_total'

async function takeOne (t: Test, metrics: ReturnType<typeof newRegistry>) {
  const { client, registry } = metrics
  const app = await build(t, { groupId: 'shop', metrics: { client, registry } })
  app.broker.subscriber('orders', () => {})
  const tests = await testBroker(app)
  await tests.publish('orders', 1)
  await tests.settled()
  return app
}

t.test('all metrics begin with faststream_, have the label cluster, and no label names one message', async (t) => {
  const { client, registry } = newRegistry()
  await build(t, { metrics: { client, registry } })
  const created = registry.getMetricsAsArray().map(({ name }) => name)
  t.same(created.sort(), DEFINITIONS.map(({ name }) => name).sort())
  const labels = new Set(DEFINITIONS.flatMap(({ labels }) => labels))
  t.same([...labels].sort(), ['group', 'outcome', 'partition', 'reason', 'stage', 'topic'])
  for (const { name } of DEFINITIONS) t.match(name, /^faststream_[a-z_]+$/)
})

t.test('two brokers of one app share the instruments of a registry', async (t) => {
  const metrics = newRegistry()
  const { client, registry } = metrics
  const app = await build(t, { groupId: 'shop', metrics: { client, registry } })
  await app.register(faststreamPlugin, { name: 'billing', groupId: 'shop', metrics: { client, registry } })
  const { billing } = app.brokers as unknown as Record<string, typeof app.broker>
  app.broker.subscriber('orders', () => {})
  billing!.subscriber('invoices', () => {})
  const tests = await testBroker(app)
  await tests.publish('orders', 1)
  await billing!.publish('invoices', 1)
  await tests.settled()
  t.same((await metrics.samples(PROCESSED)).map(({ labels: { cluster, topic } }) => [cluster, topic]).sort(), [
    ['billing', 'invoices'], ['default', 'orders']
  ])
})

t.test('two apps, one after the other or side by side, count in one registry', async (t) => {
  const metrics = newRegistry()
  const app = await takeOne(t, metrics)
  await takeOne(t, metrics)
  t.equal(await metrics.value(PROCESSED, { outcome: 'acked' }), 2)
  await app.close()
  await takeOne(t, metrics)
  t.equal(await metrics.value(PROCESSED, { outcome: 'acked' }), 3)
})

t.test('the state of an app that has closed is not collected any more', async (t) => {
  const metrics = newRegistry()
  const app = await takeOne(t, metrics)
  t.equal((await metrics.samples('faststream_lag')).length, 3)
  await app.close()
  t.same(await metrics.samples('faststream_lag'), [])
})

t.test('another copy of the module finds the instruments of a registry, as after a hot reload', async (t) => {
  const metrics = newRegistry()
  await takeOne(t, metrics)
  const copy = await import(`../../../lib/observe/metrics/instruments.js?copy=${Date.now()}`) as
    typeof import('../../../lib/observe/metrics/instruments.js')
  copy.instrumentsOf(metrics).processed.inc({ cluster: 'default', topic: 'orders', group: 'shop', outcome: 'acked' })
  t.equal(await metrics.value(PROCESSED, { outcome: 'acked' }), 2)
})

t.test('a registry that was cleared gets new instruments', async (t) => {
  const metrics = newRegistry()
  await takeOne(t, metrics)
  metrics.registry.clear()
  await takeOne(t, metrics)
  t.equal(await metrics.value(PROCESSED, { outcome: 'acked' }), 1)
})

t.test('a registry that has one of the names from elsewhere is refused', async (t) => {
  const { client, registry } = newRegistry()
  const taken = new client.Gauge({ name: 'faststream_lag', help: 'Ours.', registers: [registry] })
  t.ok(taken)
  await t.rejects(async () => { await Fastify().register(faststreamPlugin, { metrics: { client, registry } }) }, {
    code: 'FASTSTREAM_ERR_INVALID_OPTION',
    message: "option 'metrics.registry' has a metric 'faststream_lag' from elsewhere: give another registry"
  })
})

t.test("the client's own registry is the default", async (t) => {
  const { client } = newRegistry()
  t.teardown(() => { client.register.clear() })
  await build(t, { metrics: { client } })
  t.match(await client.register.metrics(), /# TYPE faststream_lag gauge/)
})

t.test('without the option no event has a listener', async (t) => {
  const app = await build(t, { groupId: 'shop' })
  const { brokersOf } = await import('../../../lib/broker/app-brokers.js')
  const { identity, around, ...sources } = brokersOf(app).byName.get('default')!.events
  t.same(around, {})
  t.same(Object.entries(sources).filter(([, source]) => source.active).map(([name]) => name), [])
})

for (const [option, metrics] of Object.entries({
  metrics: 1,
  'metrics.prefix': { client: newRegistry().client, prefix: 'shop_' },
  'metrics.client': {},
  'metrics.registry': { client: newRegistry().client, registry: {} }
})) {
  t.test(`a wrong ${option} is refused`, async (t) => {
    const wrong = { metrics } as object
    await t.rejects(async () => { await Fastify().register(faststreamPlugin, wrong) }, {
      code: 'FASTSTREAM_ERR_INVALID_OPTION', message: new RegExp(`^option '${option}' `)
    })
  })
}

t.test('a client without one of its classes or its registry is refused', async (t) => {
  const { client } = newRegistry()
  const { Counter, Gauge, Histogram, register } = client
  for (const wrong of [{ Counter, Gauge, register }, { Counter, Gauge, Histogram }, 'prom-client']) {
    const options = { metrics: { client: wrong } } as object
    await t.rejects(async () => { await Fastify().register(faststreamPlugin, options) }, {
      message: /^option 'metrics.client' must be a metrics client with Counter, Gauge, Histogram and register/
    })
  }
})
