import Fastify, { type FastifyServerOptions } from 'fastify'
import fastifyOtel from '@fastify/otel'
import underPressure from '@fastify/under-pressure'
import { Type } from '@sinclair/typebox'
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import faststreamPlugin, { type FaststreamOptions } from 'fastify-faststream'
import client from 'prom-client'

const OrderSchema = Type.Object({ id: Type.String(), total: Type.Number({ minimum: 0 }) }, { $id: 'Order' })
const InvoiceSchema = Type.Object({ orderId: Type.String(), amount: Type.Number() }, { $id: 'Invoice' })

/**
 * An orders shop that can be seen run: one trace from `POST /orders` to the last handler, metrics at `/metrics`, probes
 * at `/live` and `/ready`, details at `/health`, and 503 instead of publishes that fail.
 */
export async function build (options: FastifyServerOptions, faststream: FaststreamOptions, opsToken: string) {
  const app = Fastify(options).withTypeProvider<TypeBoxTypeProvider>()
  const registry = new client.Registry()
  // The spans of requests: publishes are their children.
  await app.register(new fastifyOtel.FastifyOtelInstrumentation().plugin())
  await app.register(faststreamPlugin, {
    ...faststream,
    otel: true,
    metrics: { client, registry },
    pressure: { publishQueue: 0.8, eventLoopDelay: 100 },
    health: {
      details: '/health',
      authorize: ({ headers }) => headers.authorization === `Bearer ${opsToken}`
    }
  })
  await app.register(underPressure, {
    healthCheck: async () => !app.broker.pressure().high,
    healthCheckInterval: 250,
    retryAfter: 5
  })

  const placed = app.broker.publisher('orders', { schema: { value: OrderSchema }, key: (order) => order.id })
  const invoices = app.broker.publisher('invoices', {
    schema: { value: InvoiceSchema }, key: (invoice) => invoice.orderId
  })

  app.get('/metrics', { config: { otel: false } }, async (_, reply) => {
    return await reply.type(registry.contentType).send(await registry.metrics())
  })
  app.post('/orders', { schema: { body: OrderSchema } }, async (request, reply) => {
    await request.broker.publish(placed, request.body)
    return await reply.code(202).send({ id: request.body.id })
  })

  app.broker.subscriber('orders', {
    schema: { value: OrderSchema }, publish: invoices
  }, async function makeInvoice (order) {
    return { orderId: order.id, amount: order.total }
  })

  app.broker.subscriber('invoices', {
    schema: { value: InvoiceSchema }
  }, async function sendInvoice (invoice, { log }) {
    log.info({ order: invoice.orderId }, 'invoice sent')
  })

  return app
}
