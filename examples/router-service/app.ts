import Fastify, { type FastifyServerOptions } from 'fastify'
import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import faststreamPlugin, { type FaststreamOptions } from 'fastify-faststream'
import { orders, OrderSchema, placed } from './orders.js'

/** One region: its routes have the prefix of `register`, and its topics the `topicPrefix`. */
const regionPlugin: FastifyPluginAsyncTypebox = async (region) => {
  region.broker.includeRouter(orders)
  region.post('/orders', { schema: { body: OrderSchema } }, async (request, reply) => {
    const { topic } = await request.broker.publish(placed, request.body)
    return reply.code(202).send({ id: request.body.id, topic })
  })
}

/** Two regions with one router: `POST /eu/orders` → topic `eu.orders.placed` → handler → topic `eu.orders.packed`. */
export async function build (options: FastifyServerOptions, faststream: FaststreamOptions) {
  const app = Fastify(options)
  await app.register(faststreamPlugin, faststream)
  app.register(regionPlugin, { prefix: '/eu', topicPrefix: 'eu.' })
  app.register(regionPlugin, { prefix: '/us', topicPrefix: 'us.' })
  return app
}
