import Fastify from 'fastify'
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import faststreamPlugin from 'fastify-faststream'
import { order, OrderSchema } from '../order.js'
import { serve } from './load.js'

const [brokers] = process.argv.slice(2) as [string]
const app = Fastify().withTypeProvider<TypeBoxTypeProvider>()
await app.register(faststreamPlugin, { brokers: brokers.split(','), topicConfig: { partitions: 3 } })
const orders = app.broker.publisher('bench-publish-ours', { schema: { value: OrderSchema }, key: ({ id }) => id })
await app.ready()
serve((i) => orders.publish(order(i)), () => app.close())
