import { createRequire } from 'node:module'
import { KafkaJsInstrumentation } from '@opentelemetry/instrumentation-kafkajs'
import { InMemorySpanExporter, NodeTracerProvider, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-node'

/* An app in a process of its own: the instrumentation of kafkajs patches for good what the process loads later. */

const exporter = new InMemorySpanExporter()
const provider = new NodeTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] })
provider.register()
const instrumentation = new KafkaJsInstrumentation()
instrumentation.setTracerProvider(provider)

const { Kafka } = createRequire(import.meta.url)('kafkajs') as typeof import('kafkajs')
const { default: Fastify } = await import('fastify')
const { default: faststreamPlugin } = await import('fastify-faststream')

const { KAFKA_BROKERS, TOPIC = 'orders' } = process.env
const app = Fastify()
const cluster = KAFKA_BROKERS === undefined ? {} : { brokers: KAFKA_BROKERS.split(',') }
await app.register(faststreamPlugin, { ...cluster, groupId: TOPIC, otel: true })
let take = (): void => {}
const taken = new Promise<void>((resolve) => { take = resolve })
app.broker.subscriber(TOPIC, async () => { take() })
app.post('/orders', async (request, reply) => {
  await request.broker.publish(TOPIC, request.body)
  return await reply.code(202).send()
})
const { statusCode } = await app.inject({ method: 'POST', url: '/orders', payload: { id: '1' } })
await taken
await app.close()

process.send?.({
  statusCode,
  // The helper of all instrumentations leaves the original function there.
  patched: Reflect.has(Kafka.prototype.producer, '__original'),
  spans: exporter.getFinishedSpans().map(({ name, instrumentationScope }) => `${instrumentationScope.name}: ${name}`),
  parents: exporter.getFinishedSpans().map(({ parentSpanContext, name }) => [
    name, exporter.getFinishedSpans().find((span) => span.spanContext().spanId === parentSpanContext?.spanId)?.name
  ])
})
