import { context, propagation, trace, type Attributes } from '@opentelemetry/api'
import { InMemorySpanExporter, NodeTracerProvider, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-node'
import t from 'tap'
import { brokersOf } from '../../../lib/broker/app-brokers.js'
import { testBroker } from '../../../lib/testing/index.js'
import { build } from '../../support/plugin-app.js'

t.test('a sampler knows what all messages of a partition share', async (t) => {
  const asked: Array<readonly [name: string, attributes: Attributes]> = []
  const sampler = {
    shouldSample (_: unknown, _trace: string, name: string, _kind: unknown, attributes: Attributes) {
      asked.push([name, attributes])
      return { decision: 0 }
    }
  }
  const exporter = new InMemorySpanExporter()
  const provider = new NodeTracerProvider({ sampler, spanProcessors: [new SimpleSpanProcessor(exporter)] })
  provider.register()
  t.teardown(async () => {
    await provider.shutdown()
    for (const api of [trace, context, propagation]) api.disable()
  })
  const app = await build(t, { clientId: 'till', groupId: 'shop', otel: true })
  app.broker.subscriber('orders', () => {})
  const tests = await testBroker(app)
  await app.broker.publish('orders', 1, { key: 'a', partition: 0 })
  await tests.settled()
  const common = { 'messaging.system': 'kafka', 'messaging.client.id': 'till' }
  const operation = (type: string): Attributes => {
    const names = { 'messaging.operation.name': type, 'messaging.operation.type': type }
    return { ...names, 'messaging.destination.name': 'orders' }
  }
  const place = { 'messaging.destination.partition.id': '0', 'messaging.consumer.group.name': 'shop' }
  t.same(asked, [
    ['send orders', { ...common, ...operation('send') }],
    ['process orders', { ...common, ...operation('process'), ...place }]
  ])
  t.same(exporter.getFinishedSpans(), [])
  const [published] = tests.published('orders')
  t.match(published?.headers.traceparent, /-00$/, 'the decision goes on with the message')
})

t.test('without a meter provider no event is listened to for its metrics', async (t) => {
  const app = await build(t, { groupId: 'shop', otel: true })
  app.broker.subscriber('orders', () => {})
  await app.ready()
  const { started, ended, completed, published } = brokersOf(app).byName.get('default')!.events
  t.same([started, ended, completed, published].map(({ active }) => active), [false, false, false, false])
})
