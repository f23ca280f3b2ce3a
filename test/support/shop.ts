import type { Test } from 'tap'
import Fastify from 'fastify'
import { Type } from '@sinclair/typebox'
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import { faststreamPlugin, type FaststreamOptions } from '../../index.js'

const OrderSchema = Type.Object({ id: Type.String(), total: Type.Number({ minimum: 0 }) })
const InvoiceSchema = Type.Object({ orderId: Type.String(), amount: Type.Number() })

/** An app that takes orders over HTTP, and makes an invoice of each. It is closed when the test ends. */
export async function buildShop (t: Test, options: FaststreamOptions = {}) {
  const app = Fastify().withTypeProvider<TypeBoxTypeProvider>()
  t.teardown(() => app.close())
  await app.register(faststreamPlugin, { groupId: 'shop', ...options })
  const orders = app.broker.publisher('orders', { schema: { value: OrderSchema }, key: ({ id }) => id })
  const invoices = app.broker.publisher('invoices', { schema: { value: InvoiceSchema }, key: ({ orderId }) => orderId })
  async function makeInvoice ({ id, total }: { id: string, total: number }) {
    return { orderId: id, amount: total }
  }
  const onOrder = app.broker.subscriber('orders', { schema: { value: OrderSchema }, publish: invoices }, makeInvoice)
  app.post('/orders', { schema: { body: OrderSchema } }, async (request, reply) => {
    await request.broker.publish(orders, request.body)
    return await reply.code(202).send()
  })
  return { app, orders, invoices, onOrder, makeInvoice }
}
