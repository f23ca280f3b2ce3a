// @ts-check
import Fastify from 'fastify'
import faststreamPlugin from 'fastify-faststream'

/** @typedef {{ id: string, total: number }} Order */

const OrderSchema = {
  $id: 'Order',
  type: 'object',
  required: ['id', 'total'],
  properties: { id: { type: 'string' }, total: { type: 'number', minimum: 0 } }
}

/**
 * The shop of the quickstart in JavaScript: JSON Schemas, and types in comments for those who want them.
 *
 * @param {import('fastify').FastifyServerOptions} options
 * @param {import('fastify-faststream').FaststreamOptions} faststream
 */
export async function build (options, faststream) {
  const app = Fastify(options)
  await app.register(faststreamPlugin, faststream)

  const placed = app.broker.publisher('orders', { schema: { value: OrderSchema } })
  const invoices = app.broker.publisher('invoices')

  app.post('/orders', { schema: { body: OrderSchema } }, async (request, reply) => {
    const order = /** @type {Order} */ (request.body)
    await request.broker.publish(placed, order, { key: order.id })
    return reply.code(202).send({ id: order.id })
  })

  app.broker.subscriber('orders', {
    schema: { value: OrderSchema }, publish: invoices
  }, async function makeInvoice (value, { log }) {
    const order = /** @type {Order} */ (value)
    log.info({ order: order.id }, 'order taken')
    return { orderId: order.id, amount: order.total }
  })

  return app
}
