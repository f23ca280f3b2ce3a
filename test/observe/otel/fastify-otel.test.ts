import fastifyOtel from '@fastify/otel'
import { trace } from '@opentelemetry/api'
import t, { type Test } from 'tap'
import Fastify from 'fastify'
import { dependency, faststreamPlugin } from '../../../index.js'
import { testBroker } from '../../../lib/testing/index.js'
import { collectSpans } from '../../support/otel.js'

async function build (t: Test) {
  const collected = collectSpans(t)
  const app = Fastify()
  t.teardown(() => app.close())
  await app.register(new fastifyOtel.FastifyOtelInstrumentation().plugin())
  await app.register(faststreamPlugin, { groupId: 'shop', otel: true })
  app.broker.subscriber('orders', () => {})
  return { app, ...collected }
}

t.test('the publish of a route is a child of its handler, and all is one trace', async (t) => {
  const { app, spans } = await build(t)
  app.post('/orders', async function place (request) { await request.broker.publish('orders', 1) })
  const tests = await testBroker(app)
  t.equal((await app.inject({ method: 'POST', url: '/orders' })).statusCode, 200)
  await tests.settled()
  const found = spans()
  t.match(found.find(({ name }) => name === 'send orders'), { trace: 0, parent: /^handler - .*place/ })
  t.match(found.find(({ name }) => name === 'process orders'), { trace: 0, parent: 'send orders' })
})

const SWITCHED: Readonly<Record<string, { otel: false | { instrumentHandler: false } }>> = {
  'without spans': { otel: false }, 'without a span of its handler': { otel: { instrumentHandler: false } }
}
for (const [title, config] of Object.entries(SWITCHED)) {
  t.test(`a route ${title}: its publish has the span that is active`, async (t) => {
    const { app, spans } = await build(t)
    let active: string | undefined
    app.post('/orders', { config }, async function place (request) {
      active = trace.getActiveSpan()?.spanContext().spanId
      await request.broker.publish('orders', 1)
    })
    const tests = await testBroker(app)
    t.equal((await app.inject({ method: 'POST', url: '/orders' })).statusCode, 200)
    await tests.settled()
    const found = spans()
    t.equal(found.some(({ name }) => name.startsWith('handler')), false)
    t.equal(active === undefined, config.otel === false, 'the span of the request')
    const parent = found.find(({ id }) => id === active)?.name
    t.equal(found.find(({ name }) => name === 'send orders')?.parent, parent)
    t.match(found.find(({ name }) => name === 'process orders'), { parent: 'send orders' })
  })
}

t.test('dependencies of a route publish in its context', async (t) => {
  const { app, spans } = await build(t)
  const audit = dependency(async function audit (_, { broker }) { await broker.publish('orders', 1) })
  app.post('/orders', { config: { deps: { audit } } }, async function place () { return {} })
  const tests = await testBroker(app)
  t.equal((await app.inject({ method: 'POST', url: '/orders' })).statusCode, 200)
  await tests.settled()
  const found = spans()
  t.equal(new Set(found.map(({ trace }) => trace)).size, 1)
  t.ok(found.find(({ name }) => name === 'send orders')?.parent)
})

t.test('of 1000 concurrent requests each message is in the trace of its own', async (t) => {
  const { app } = await build(t)
  const seen = new Map<string, string>()
  const traceId = (): string => trace.getActiveSpan()!.spanContext().traceId
  app.post<{ Params: { id: string } }>('/orders/:id', async (request) => {
    seen.set(request.params.id, traceId())
    await Promise.resolve()
    await request.broker.publish('orders', request.params.id)
  })
  const tests = await testBroker(app)
  await Promise.all(Array.from({ length: 1000 }, (_, i) => app.inject({ method: 'POST', url: `/orders/${i}` })))
  await tests.settled()
  const published = tests.published('orders')
  t.equal(published.length, 1000)
  const crossed = published.filter(({ value, headers }) => {
    return headers.traceparent?.split('-')[1] !== seen.get(String(value))
  })
  t.same(crossed, [])
})
