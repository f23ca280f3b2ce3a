import Fastify, { type FastifyServerOptions } from 'fastify'
import { Type } from '@sinclair/typebox'
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import faststreamPlugin, { type FaststreamOptions } from 'fastify-faststream'

declare module 'fastify-faststream' {
  interface NamedBrokers { billing: true }
}

const OrderSchema = Type.Object({ id: Type.String(), total: Type.Number({ minimum: 0 }) }, { $id: 'Order' })
const InvoiceSchema = Type.Object({ orderId: Type.String(), amount: Type.Number() }, { $id: 'Invoice' })

/** Orders are on one cluster, invoices on another: `POST /orders` → topic `orders` → handler → topic `invoices`. */
export async function build (options: FastifyServerOptions, shop: FaststreamOptions, billing: FaststreamOptions) {
  const app = Fastify(options).withTypeProvider<TypeBoxTypeProvider>()
  await app.register(faststreamPlugin, { groupId: 'shop', ...shop })
  await app.register(faststreamPlugin, { groupId: 'billing', ...billing, name: 'billing' })

  const placed = app.broker.publisher('orders', { schema: { value: OrderSchema }, key: (order) => order.id })
  const invoices = app.brokers.billing.publisher('invoices', {
    schema: { value: InvoiceSchema }, key: (invoice) => invoice.orderId
  })

  app.post('/orders', { schema: { body: OrderSchema } }, async (request, reply) => {
    await request.broker.publish(placed, request.body)
    return reply.code(202).send({ id: request.body.id })
  })

  // Its messages come from the one cluster, and what it returns goes to the other.
  app.broker.subscriber('orders', {
    schema: { value: OrderSchema }, publish: invoices
  }, async function makeInvoice (order) {
    return { orderId: order.id, amount: order.total }
  })

  app.brokers.billing.subscriber('invoices', {
    schema: { value: InvoiceSchema }
  }, async function sendInvoice (invoice, { log, correlationId }) {
    log.info({ order: invoice.orderId, correlationId }, 'invoice sent')
  })

  return app
}
