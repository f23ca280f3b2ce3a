import { metrics } from '@opentelemetry/api'
import {
  AggregationTemporality, InMemoryMetricExporter, MeterProvider, PeriodicExportingMetricReader
} from '@opentelemetry/sdk-metrics'
import t, { type Test } from 'tap'
import { testBroker } from '../../../lib/testing/index.js'
import { build } from '../../support/plugin-app.js'

/** Registers a meter provider, as an app does before it starts, until the test ends. */
function collectMetrics (t: Test) {
  const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE)
  const provider = new MeterProvider({ readers: [new PeriodicExportingMetricReader({ exporter })] })
  metrics.setGlobalMeterProvider(provider)
  t.teardown(async () => {
    await provider.shutdown()
    metrics.disable()
  })
  /** Name, unit, attributes, and the sum or the count, of all data points. */
  return async function points () {
    await provider.forceFlush()
    const scopes = exporter.getMetrics().at(-1)?.scopeMetrics ?? []
    return scopes.flatMap(({ metrics }) => metrics).flatMap(({ descriptor: { name, unit }, dataPoints }) => {
      return dataPoints.map(({ attributes, value }) => {
        return { name, unit, attributes, value: typeof value === 'number' ? value : value.count }
      })
    })
  }
}

t.test('the metrics of the conventions follow from the events', async (t) => {
  const points = collectMetrics(t)
  const app = await build(t, { groupId: 'shop', otel: true })
  app.broker.publisher('invoices')
  let attempts = 0
  app.broker.subscriber('orders', () => {
    if (++attempts === 1) throw Object.assign(new Error('no stock'), { code: 'NO_STOCK' })
  })
  const tests = await testBroker(app, { allowFailures: true })
  await app.broker.publish('orders', 1)
  await t.rejects(app.broker.publish('invoices', 1, { partition: 9 }), { code: 'FASTSTREAM_ERR_UNKNOWN_PARTITION' })
  await t.rejects(app.broker.publish('unknown', 1), { code: 'FASTSTREAM_ERR_UNKNOWN_TOPIC' })
  await tests.settled()
  const system = { 'messaging.system': 'kafka' }
  const send = { ...system, 'messaging.operation.name': 'send', 'messaging.operation.type': 'send' }
  const process = {
    ...system,
    'messaging.operation.name': 'process',
    'messaging.operation.type': 'process',
    'messaging.destination.name': 'orders',
    'messaging.consumer.group.name': 'shop'
  }
  const orders = { ...send, 'messaging.destination.name': 'orders' }
  const refused = { 'messaging.destination.name': 'invoices', 'error.type': 'FASTSTREAM_ERR_UNKNOWN_PARTITION' }
  const unknown = { 'messaging.destination.name': 'other', 'error.type': 'FASTSTREAM_ERR_UNKNOWN_TOPIC' }
  const sends = [orders, { ...send, ...refused }, { ...send, ...unknown }]
  t.same(await points(), [
    ...sends.map((attributes) => {
      return { name: 'messaging.client.operation.duration', unit: 's', attributes, value: 1 }
    }),
    ...sends.map((attributes) => {
      return { name: 'messaging.client.sent.messages', unit: '{message}', attributes, value: 1 }
    }),
    { name: 'messaging.client.consumed.messages', unit: '{message}', attributes: process, value: 1 },
    {
      name: 'messaging.process.duration', unit: 's', attributes: { ...process, 'error.type': 'NO_STOCK' }, value: 1
    },
    { name: 'messaging.process.duration', unit: 's', attributes: process, value: 1 }
  ])
})

t.test('a subscriber without a group has no attribute of a group', async (t) => {
  const points = collectMetrics(t)
  const app = await build(t, { otel: true })
  app.broker.subscriber('orders', { groupId: null }, () => {})
  const tests = await testBroker(app, { allowFailures: true })
  await app.broker.publish('orders', 1)
  await tests.settled()
  const found = (await points()).filter(({ name }) => name === 'messaging.process.duration')
  t.equal(found.length, 1)
  t.notOk('messaging.consumer.group.name' in found[0]!.attributes)
})
