import { context, propagation, trace } from '@opentelemetry/api'
import t, { type Test } from 'tap'
import { dependency, type FaststreamOptions } from '../../../index.js'
import { testBroker } from '../../../lib/testing/index.js'
import { collectSpans } from '../../support/otel.js'
import { build as buildApp } from '../../support/plugin-app.js'

async function build (t: Test, options: FaststreamOptions = {}) {
  const collected = collectSpans(t)
  const app = await buildApp(t, { groupId: 'shop', otel: true, clientId: 'shop-1', ...options })
  return { app, ...collected }
}

const COMMON = { 'messaging.system': 'kafka', 'messaging.client.id': 'shop-1' }

t.test('spans of the conventions: send of a request, process, send of the result, process', async (t) => {
  const { app, spans } = await build(t)
  const invoices = app.broker.publisher('invoices')
  app.broker.subscriber('orders', { publish: invoices }, () => ({ paid: true }))
  app.broker.subscriber('invoices', () => {})
  const tests = await testBroker(app)
  const span = trace.getTracer('test').startSpan('POST /orders')
  await context.with(trace.setSpan(context.active(), span), async () => {
    const correlationId = 'c-1'
    await app.broker.publish('orders', { id: 1 }, { key: 'k', partition: 1, correlationId })
  })
  span.end()
  await tests.settled()
  const conversation = { 'messaging.message.conversation_id': 'c-1' }
  const [send, request, process, result, last] = byBirth(spans())
  t.same(send, {
    name: 'send orders',
    kind: 'PRODUCER',
    trace: 0,
    parent: 'POST /orders',
    links: [],
    events: [],
    status: { code: 0 },
    attributes: {
      ...COMMON,
      'messaging.operation.name': 'send',
      'messaging.operation.type': 'send',
      'messaging.destination.name': 'orders',
      'messaging.destination.partition.id': '1',
      'messaging.kafka.offset': 0,
      'messaging.kafka.message.key': 'k',
      ...conversation
    }
  })
  t.match(request, { name: 'POST /orders', trace: 0 })
  t.same(process, {
    name: 'process orders',
    kind: 'CONSUMER',
    trace: 0,
    parent: 'send orders',
    links: ['send orders'],
    events: [],
    status: { code: 0 },
    attributes: {
      ...COMMON,
      'messaging.operation.name': 'process',
      'messaging.operation.type': 'process',
      'messaging.destination.name': 'orders',
      'messaging.destination.partition.id': '1',
      'messaging.kafka.offset': 0,
      'messaging.kafka.message.key': 'k',
      'messaging.consumer.group.name': 'shop',
      ...conversation,
      'faststream.attempt': 1,
      'faststream.outcome': 'settled'
    }
  })
  t.match(result, { name: 'send invoices', kind: 'PRODUCER', trace: 0, parent: 'process orders', links: [] })
  t.match(result?.attributes, conversation)
  t.match(last, { name: 'process invoices', kind: 'CONSUMER', trace: 0, parent: 'send invoices' })
  t.equal(spans().length, 5, 'no span of a fetch or a commit')
})

/** Spans without their ids, in a fixed order. */
function byBirth (spans: ReturnType<ReturnType<typeof collectSpans>['spans']>) {
  const order = ['send orders', 'POST /orders', 'process orders', 'send invoices', 'process invoices']
  const plain = spans.map(({ id, linkAttributes, ...span }) => span)
  return plain.sort((a, b) => order.indexOf(a.name) - order.indexOf(b.name))
}

t.test('with link a message has a trace of its own, which links to its publish', async (t) => {
  const { app, spans } = await build(t, { otel: { link: true } })
  app.broker.subscriber('orders', () => {})
  const tests = await testBroker(app)
  await app.broker.publish('orders', 1)
  await tests.settled()
  t.match(spans(), [
    { name: 'send orders', trace: 0 },
    { name: 'process orders', trace: 1, parent: undefined, links: ['send orders'] }
  ])
})

t.test('a tombstone is marked; a key that is no text and a group that is none have no attribute', async (t) => {
  const { app, spans } = await build(t)
  app.broker.subscriber('orders', { groupId: null }, () => {})
  const tests = await testBroker(app)
  await app.broker.publish('orders', null, { key: Buffer.from([0xff]) })
  await tests.settled()
  for (const { attributes } of spans()) {
    t.equal(attributes['messaging.kafka.message.tombstone'], true)
    t.notOk('messaging.kafka.message.key' in attributes)
    t.notOk('messaging.consumer.group.name' in attributes)
  }
})

t.test('handler, dependencies and their clean-up run in the context of the span', async (t) => {
  const { app, spans } = await build(t)
  const seen: Array<string | undefined> = []
  const see = (): void => { seen.push(trace.getActiveSpan()?.spanContext().spanId) }
  const client = dependency(async function * client () {
    see()
    try { yield 1 } finally { see() }
  })
  app.broker.subscriber('orders', { deps: { client } }, async () => {
    await new Promise(setImmediate)
    see()
  })
  const tests = await testBroker(app)
  await app.broker.publish('orders', 1)
  await tests.settled()
  const { id } = spans().find(({ name }) => name === 'process orders')!
  t.same(seen, [id, id, id])
})

t.test('tracestate and baggage go from the request to the handler, and on', async (t) => {
  const { app } = await build(t)
  app.broker.publisher('invoices')
  const seen: unknown[] = []
  app.broker.subscriber('orders', async (_, { broker }) => {
    const baggage = propagation.getActiveBaggage()?.getEntry('tenant')?.value
    seen.push(baggage, trace.getActiveSpan()?.spanContext().traceState?.serialize())
    await broker.publish('invoices', 1)
  })
  const tests = await testBroker(app)
  const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
  await tests.publish('orders', 1, { headers: { traceparent, tracestate: 'vendor=7', baggage: 'tenant=acme' } })
  await tests.settled()
  t.same(seen, ['acme', 'vendor=7'])
  const { headers } = tests.published('invoices')[0]!
  t.match(headers.traceparent, /^00-0af7651916cd43dd8448eb211c80319c-/)
  t.match(headers, { tracestate: 'vendor=7', baggage: 'tenant=acme' })
})

t.test('headers that are no context begin a new trace', async (t) => {
  const { app, spans } = await build(t)
  app.broker.subscriber('orders', () => {})
  const tests = await testBroker(app)
  const headers = { traceparent: '00-0-0-01', tracestate: '='.repeat(5000), baggage: ';;,='.repeat(3000) }
  await tests.publish('orders', 1, { headers })
  await tests.settled()
  t.match(spans().find(({ name }) => name === 'process orders'), { status: { code: 0 } })
})

t.test('a publish that fails is an error of its span', async (t) => {
  const { app, spans } = await build(t)
  app.broker.publisher('orders')
  await testBroker(app)
  await t.rejects(app.broker.publish('orders', 1, { partition: 9 }), { code: 'FASTSTREAM_ERR_UNKNOWN_PARTITION' })
  const [span] = spans()
  t.match(span, {
    name: 'send orders',
    status: { code: 2, message: /partition 9/ },
    events: ['exception'],
    attributes: { 'error.type': 'FASTSTREAM_ERR_UNKNOWN_PARTITION' }
  })
  t.notOk('messaging.kafka.offset' in span!.attributes)
})

t.test('of 1000 concurrent publishes in one batch each keeps the context of its call', async (t) => {
  const { app, spans } = await build(t)
  app.broker.publisher('orders')
  const tests = await testBroker(app)
  const tracer = trace.getTracer('test')
  await Promise.all(Array.from({ length: 1000 }, async (_, i) => {
    const span = tracer.startSpan(`request ${i}`)
    await context.with(trace.setSpan(context.active(), span), async () => {
      await Promise.resolve()
      await app.broker.publish('orders', i, { correlationId: `c-${i}` })
    })
    span.end()
  }))
  const ids = new Map(spans().map((span) => [span.id, span]))
  let crossed = 0
  for (const { headers, value } of tests.published('orders')) {
    const [, , spanId = ''] = headers.traceparent?.split('-') ?? []
    const send = ids.get(spanId)
    if (send?.parent !== `request ${value}`) crossed++
    if (send?.attributes['messaging.message.conversation_id'] !== `c-${value}`) crossed++
  }
  t.equal(tests.published('orders').length, 1000)
  t.equal(crossed, 0)
})

t.test('another broker of the app without the option makes no spans', async (t) => {
  const { app, spans } = await build(t, { otel: false })
  app.broker.subscriber('orders', () => {})
  const tests = await testBroker(app)
  await app.broker.publish('orders', 1)
  await tests.settled()
  t.same(spans(), [])
  t.notOk('traceparent' in tests.published('orders')[0]!.headers)
})

t.test('a propagator that asks for the names of all headers gets none', async (t) => {
  const { app } = await build(t)
  const names: string[][] = []
  propagation.disable()
  propagation.setGlobalPropagator({
    fields: () => [],
    inject: () => {},
    extract (context, carrier, { keys }) {
      names.push(keys(carrier))
      return context
    }
  })
  app.broker.subscriber('orders', () => {})
  const tests = await testBroker(app)
  await app.broker.publish('orders', 1)
  await tests.settled()
  t.same(names, [[], []])
})
