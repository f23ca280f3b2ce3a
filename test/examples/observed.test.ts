import { context, propagation, trace } from '@opentelemetry/api'
import { InMemorySpanExporter } from '@opentelemetry/sdk-trace-node'
import t, { type Test } from 'tap'
import { testBroker } from 'fastify-faststream/testing'
import { build } from '../../examples/observed/app.js'
import { startTracing } from '../../examples/observed/tracing.js'

async function start (t: Test) {
  const exporter = new InMemorySpanExporter()
  const provider = startTracing(exporter)
  t.teardown(async () => {
    await provider.shutdown()
    for (const api of [trace, context, propagation]) api.disable()
  })
  const app = await build({}, { groupId: 'observed' }, 'secret')
  t.teardown(() => app.close())
  const broker = await testBroker(app)
  return { app, broker, spans: () => exporter.getFinishedSpans() }
}

t.test('observed: a request and all that follows from it is one trace', async (t) => {
  const { app, broker, spans } = await start(t)
  const res = await app.inject({ method: 'POST', url: '/orders', payload: { id: '1', total: 9 } })
  t.equal(res.statusCode, 202)
  await broker.settled()
  const names = new Map(spans().map((span) => [span.spanContext().spanId, span.name]))
  const parents = new Map(spans().map((span) => [span.name, names.get(span.parentSpanContext?.spanId ?? '')]))
  t.match(parents.get('send orders'), /^handler/, 'the span of the route, made by @fastify/otel')
  t.equal(parents.get('process orders'), 'send orders')
  t.equal(parents.get('send invoices'), 'process orders')
  t.equal(parents.get('process invoices'), 'send invoices')
  t.equal(new Set(spans().map((span) => span.spanContext().traceId)).size, 1)
})

t.test('observed: metrics, probes and details', async (t) => {
  const { app, broker, spans } = await start(t)
  await app.inject({ method: 'POST', url: '/orders', payload: { id: '1', total: 9 } })
  await broker.settled()
  const before = spans().length
  const metrics = await app.inject('/metrics')
  t.match(metrics.headers['content-type'], /^text\/plain/)
  for (const topic of ['orders', 'invoices']) {
    const labels = `cluster="default",topic="${topic}",group="observed",outcome="acked"`
    t.ok(metrics.body.includes(`faststream_messages_processed_total{${labels}} 1`), topic)
  }
  t.equal(spans().length, before, 'a route with otel: false has no span')
  for (const path of ['/live', '/ready']) t.equal((await app.inject(path)).statusCode, 200)
  t.equal((await app.inject('/health')).statusCode, 403)
  const details = await app.inject({ url: '/health', headers: { authorization: 'Bearer secret' } })
  t.match(details.json(), { ready: true, brokers: { default: { healthy: true } } })
})
