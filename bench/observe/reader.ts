import { subscribe } from 'node:diagnostics_channel'
import { context, propagation, SpanKind, trace } from '@opentelemetry/api'
import { BatchSpanProcessor, NodeTracerProvider } from '@opentelemetry/sdk-trace-node'
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import type { Static } from '@sinclair/typebox'
import Fastify from 'fastify'
import faststreamPlugin, { type FaststreamOptions } from 'fastify-faststream'
import client from 'prom-client'
import { OrderSchema } from '../order.js'

type Order = Static<typeof OrderSchema>

const [brokers, topic, groupId, records, variant] = process.argv.slice(2) as [string, string, string, string, string]
const count = Number(records)

const OBSERVED: FaststreamOptions = { metrics: { client }, otel: true }
const OPTIONS: Readonly<Record<string, FaststreamOptions>> = {
  metrics: { metrics: { client } }, otel: { otel: true }, sdk: { otel: true }
}

if (variant === 'sdk' || variant === 'hand') {
  const exporter = { export: (_: unknown, done: (result: { code: number }) => void) => { done({ code: 0 }) } }
  const shutdown = async (): Promise<void> => {}
  const spanProcessors = [new BatchSpanProcessor({ ...exporter, shutdown })]
  new NodeTracerProvider({ spanProcessors }).register()
}
let heard = 0
if (variant === 'channels') {
  for (const channel of ['faststream.message.started', 'faststream.message.settled']) {
    subscribe(channel, () => { heard++ })
  }
}

const app = Fastify().withTypeProvider<TypeBoxTypeProvider>()
await app.register(faststreamPlugin, { brokers: brokers.split(','), groupId, ...OPTIONS[variant] })
if (variant === 'elsewhere') {
  await app.register(faststreamPlugin, { name: 'other', transport: 'memory', groupId, ...OBSERVED })
}
let seen = 0
let total = 0
let began = 0
let cpu = process.cpuUsage()

async function handle (order: Order): Promise<void> {
  if (seen === 0) {
    began = performance.now()
    cpu = process.cpuUsage()
  }
  total += order.total
  if (++seen < count) return
  const { user, system } = process.cpuUsage(cpu)
  process.send?.({ seconds: (performance.now() - began) / 1000, cpu: user + system, total, heard })
  setImmediate(() => app.close().then(() => process.disconnect()))
}

const tracer = trace.getTracer('by hand')
const options = { schema: { value: OrderSchema }, deadLetter: false } as const
if (variant !== 'hand') app.broker.subscriber(topic, options, handle)
else {
  app.broker.subscriber(topic, options, async (order, message) => {
    const { partition, offset, headers, correlationId, key } = message
    const attributes = {
      'messaging.system': 'kafka',
      'messaging.client.id': 'reader',
      'messaging.operation.name': 'process',
      'messaging.operation.type': 'process',
      'messaging.destination.name': topic,
      'messaging.destination.partition.id': String(partition),
      'messaging.consumer.group.name': groupId,
      'messaging.kafka.offset': Number(offset),
      'messaging.message.conversation_id': correlationId,
      'messaging.kafka.message.key': String(key)
    }
    const parent = propagation.extract(context.active(), headers)
    await tracer.startActiveSpan(`process ${topic}`, { kind: SpanKind.CONSUMER, attributes }, parent, async (span) => {
      try {
        await handle(order)
      } finally {
        span.end()
      }
    })
  })
}
await app.ready()
