import Fastify from 'fastify'
import faststreamPlugin from 'fastify-faststream'
import { meter } from './meter.js'

// The plugin, with the same schema.

const { brokers, topic, groupId, schema, records } = JSON.parse(process.argv[2])
const { handle, ended } = meter(records)
const app = Fastify()
await app.register(faststreamPlugin, { brokers, groupId })
app.broker.subscriber(topic, { schema: { value: schema }, deadLetter: false }, async (order) => {
  await handle(order)
  if (ended()) setImmediate(() => app.close())
})
await app.ready()
