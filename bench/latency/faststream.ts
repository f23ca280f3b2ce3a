import Fastify from 'fastify'
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import faststreamPlugin from 'fastify-faststream'
import { order, OrderSchema } from '../order.js'
import { load, SteadyLoad } from './load.js'

const { brokers, topic } = load
const app = Fastify().withTypeProvider<TypeBoxTypeProvider>()
await app.register(faststreamPlugin, { brokers, groupId: `${topic}-ours` })
const steady = new SteadyLoad()
const orders = app.broker.publisher(topic, { schema: { value: OrderSchema }, key: ({ id }) => id })
app.broker.subscriber(topic, { schema: { value: OrderSchema }, deadLetter: false }, async ({ id }) => {
  steady.arrived(Number(id.slice('order-'.length)))
})
await app.ready()
await steady.run((i) => orders.publish(order(i)), load)
await app.close()
process.disconnect()
