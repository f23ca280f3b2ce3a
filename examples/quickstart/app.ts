import Fastify, { type FastifyServerOptions } from 'fastify'
import { Type } from '@sinclair/typebox'
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import faststreamPlugin, { type FaststreamOptions } from 'fastify-faststream'

const OrderSchema = Type.Object({ id: Type.String(), total: Type.Number({ minimum: 0 }) }, { $id: 'Order' })
const InvoiceSchema = Type.Object({ orderId: Type.String(), amount: Type.Number() }, { $id: 'Invoice' })

/** An orders shop: `POST /orders` → topic `orders` → handler → topic `invoices`. */
export async function build (options: FastifyServerOptions, faststream: FaststreamOptions) {
  const app = Fastify(options).withTypeProvider<TypeBoxTypeProvider>()
  await app.register(faststreamPlugin, faststream)

  const placed = app.broker.publisher('orders', { schema: { value: OrderSchema }, key: (order) => order.id })
  const invoices = app.broker.publisher('invoices', {
    schema: { value: InvoiceSchema }, key: (invoice) => invoice.orderId
  })

  app.post('/orders', { schema: { body: OrderSchema } }, async (request, reply) => {
    const { partition, offset } = await request.broker.publish(placed, request.body)
    return reply.code(202).send({ id: request.body.id, partition, offset: String(offset) })
  })

  app.broker.subscriber('orders', {
    schema: { value: OrderSchema }, publish: invoices
  }, async function makeInvoice (order, { log }) {
    log.info({ order: order.id }, 'order taken')
    return { orderId: order.id, amount: order.total }
  })

  app.broker.subscriber('invoices', {
    schema: { value: InvoiceSchema }
  }, async function sendInvoice (invoice, { log }) {
    log.info({ order: invoice.orderId }, 'invoice sent')
  })

  return app
}
