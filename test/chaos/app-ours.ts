import Fastify from 'fastify'
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import faststreamPlugin from 'fastify-faststream'
import { createHandler } from './effects.js'
import { serve } from './parent.js'
import { ATTEMPTS, OrderSchema } from './workload.js'

// An ordinary app with the plugin: app-ours.ts <file for its effects> <name> <brokers> <topic> <group> <ordering>

type Arguments = [path: string, name: string, brokers: string, topic: string, groupId: string, ordering: Ordering]
type Ordering = 'key' | 'partition'

const [path, name, brokers, topic, groupId, ordering] = process.argv.slice(2) as Arguments
const handle = createHandler(path, name)

const app = Fastify({ logger: { level: 'warn' } }).withTypeProvider<TypeBoxTypeProvider>()
await app.register(faststreamPlugin, {
  brokers: brokers.split(','), groupId, clientId: name, retry: { retries: ATTEMPTS - 1, delay: 20, maxDelay: 200 }
})
app.broker.subscriber(topic, {
  schema: { value: OrderSchema }, ordering
}, async (order, { partition, offset, attempt }) => {
  await handle(order, { partition, offset: Number(offset) }, attempt)
})
await app.ready()
serve(() => app.close())
