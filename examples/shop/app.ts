import Fastify, { type FastifyServerOptions } from 'fastify'
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import faststreamPlugin, { type FaststreamOptions } from 'fastify-faststream'
import type { Pool } from 'pg'
import { InvoiceSchema, orders, OrderSchema } from './orders.js'

/**
 * A shop with its books in PostgreSQL: the route and the handler share the code that keeps them, and each has its own
 * transaction.
 */
export async function build (options: FastifyServerOptions, faststream: FaststreamOptions, pool: Pool) {
  const app = Fastify(options).withTypeProvider<TypeBoxTypeProvider>()
  app.decorate('pool', pool)
  app.addHook('onClose', () => pool.end())
  pool.on('error', (err) => { app.log.warn({ err }, 'an idle connection was lost') })
  await app.register(faststreamPlugin, faststream)

  const placed = app.broker.publisher('orders', { schema: { value: OrderSchema }, key: (order) => order.id })
  const invoices = app.broker.publisher('invoices', {
    schema: { value: InvoiceSchema }, key: (invoice) => invoice.orderId
  })
  const shop = app.withDeps({ orders })

  shop.post('/orders', { schema: { body: OrderSchema } }, async (request, reply) => {
    await request.deps.orders.save(request.body)
    await request.broker.publish(placed, request.body)
    return reply.code(202).send({ id: request.body.id })
  })

  shop.broker.subscriber('orders', {
    schema: { value: OrderSchema }, publish: invoices
  }, async function makeInvoice (order, { deps, log }) {
    // The message is here before the route has committed: this waits for that, and makes good for it if it failed.
    await deps.orders.save(order)
    log.info({ order: order.id }, 'order taken')
    return await deps.orders.invoice(order)
  })

  return app
}
