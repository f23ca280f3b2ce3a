import Fastify from 'fastify'
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import faststreamPlugin from 'fastify-faststream'
import { OrderSchema } from '../order.js'

const [brokers, topic, groupId, records] = process.argv.slice(2) as [string, string, string, string]
const count = Number(records)

const app = Fastify().withTypeProvider<TypeBoxTypeProvider>()
await app.register(faststreamPlugin, { brokers: brokers.split(','), groupId })
let seen = 0
let total = 0
let began = 0
let cpu = process.cpuUsage()
app.broker.subscriber(topic, {
  batch: true, schema: { value: OrderSchema }, deadLetter: false
}, async (orders, batch) => {
  if (seen === 0) {
    began = performance.now()
    cpu = process.cpuUsage()
  }
  for (const order of orders) total += order.total
  seen += batch.messages.length
  if (seen < count) return
  const { user, system } = process.cpuUsage(cpu)
  process.send?.({ seconds: (performance.now() - began) / 1000, cpu: user + system, total })
  setImmediate(() => app.close().then(() => process.disconnect()))
})
await app.ready()
