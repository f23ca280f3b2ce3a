import Fastify from 'fastify'
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import { Kafka, logLevel, Partitioners } from 'kafkajs'
import faststreamPlugin from 'fastify-faststream'
import { OrderSchema } from '../order.js'
import { cpuSince } from '../report.js'

const [program, list] = process.argv.slice(2) as [string, string]
const brokers = list.split(',')
const topic = `bench-http-${program}`
const app = Fastify().withTypeProvider<TypeBoxTypeProvider>()

if (program === 'plain') {
  app.post(
    '/orders',
    { schema: { body: OrderSchema } },
    async (request, reply) => reply.code(202).send({ id: request.body.id })
  )
}

if (program === 'faststream') {
  await app.register(faststreamPlugin, { brokers, groupId: 'bench' })
  const placed = app.broker.publisher(topic, { schema: { value: OrderSchema }, key: ({ id }) => id })
  app.post('/orders', { schema: { body: OrderSchema } }, async (request, reply) => {
    await request.broker.publish(placed, request.body)
    return reply.code(202).send({ id: request.body.id })
  })
}

if (program === 'kafkajs') {
  const kafka = new Kafka({ brokers, logLevel: logLevel.ERROR })
  const admin = kafka.admin()
  await admin.connect()
  await admin.createTopics({ topics: [{ topic, numPartitions: 3 }] })
  await admin.disconnect()
  // As most write it: acknowledged by all replicas, but not idempotent. (With `idempotent: true` it stalled under this
  // load.)
  const producer = kafka.producer({ createPartitioner: Partitioners.DefaultPartitioner })
  await producer.connect()
  app.addHook('onClose', async () => { await producer.disconnect() })
  app.post('/orders', { schema: { body: OrderSchema } }, async (request, reply) => {
    const headers = { 'content-type': 'application/json', correlation_id: crypto.randomUUID() }
    await producer.send({ topic, messages: [{ key: request.body.id, value: JSON.stringify(request.body), headers }] })
    return reply.code(202).send({ id: request.body.id })
  })
}

await app.listen({ port: 0 })
let cpu = process.cpuUsage()
process.on('message', (message) => {
  if (message === 'close') app.close().then(() => process.disconnect())
  // µs of CPU since the last one
  else process.send?.(cpuSince(cpu))
  cpu = process.cpuUsage()
})
process.send?.((app.server.address() as { port: number }).port)
