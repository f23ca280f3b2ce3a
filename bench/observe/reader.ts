import { subscribe } from 'node:diagnostics_channel'
import { BatchSpanProcessor, NodeTracerProvider } from '@opentelemetry/sdk-trace-node'
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import Fastify from 'fastify'
import faststreamPlugin, { type FaststreamOptions } from 'fastify-faststream'
import client from 'prom-client'
import { OrderSchema } from '../order.js'

const [brokers, topic, groupId, records, variant] = process.argv.slice(2) as [string, string, string, string, string]
const count = Number(records)

const OBSERVED: FaststreamOptions = { metrics: { client }, otel: true }
const OPTIONS: Readonly<Record<string, FaststreamOptions>> = {
  metrics: { metrics: { client } }, otel: { otel: true }, sdk: { otel: true }
}

if (variant === 'sdk') {
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
app.broker.subscriber(topic, { schema: { value: OrderSchema }, deadLetter: false }, async (order) => {
  if (seen === 0) {
    began = performance.now()
    cpu = process.cpuUsage()
  }
  total += order.total
  if (++seen < count) return
  const { user, system } = process.cpuUsage(cpu)
  process.send?.({ seconds: (performance.now() - began) / 1000, cpu: user + system, total, heard })
  setImmediate(() => app.close().then(() => process.disconnect()))
})
await app.ready()
