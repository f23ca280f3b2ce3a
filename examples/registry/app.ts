import type { Schema } from 'avsc'
import Fastify, { type FastifyServerOptions } from 'fastify'
import { Type } from '@sinclair/typebox'
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import faststreamPlugin, { type FaststreamOptions } from 'fastify-faststream'
import { avroCodec } from './avro.js'
import { protobufCodec } from './protobuf.js'
import { SchemaRegistry } from './schema-registry.js'

const OrderSchema = Type.Object({ id: Type.String(), total: Type.Number({ minimum: 0 }) }, { $id: 'Order' })
const InvoiceSchema = Type.Object({ orderId: Type.String(), amount: Type.Number() }, { $id: 'Invoice' })

export const ORDER_AVRO: Schema = {
  type: 'record',
  name: 'Order',
  namespace: 'shop',
  fields: [{ name: 'id', type: 'string' }, { name: 'total', type: 'double' }]
}

export const INVOICE_PROTO = `
syntax = "proto3";
package shop;
message Invoice {
  string orderId = 1;
  double amount = 2;
}`

/** `POST /orders` → Avro in the topic `orders` → handler → Protobuf in the topic `invoices`. */
export async function build (options: FastifyServerOptions, faststream: FaststreamOptions, registryUrl: string) {
  const app = Fastify(options).withTypeProvider<TypeBoxTypeProvider>()
  await app.register(faststreamPlugin, faststream)

  // What is written needs an id before the first publish; what is read is asked for by the id in each message.
  const registry = new SchemaRegistry(registryUrl)
  const avro = await avroCodec(registry, 'orders-value', ORDER_AVRO)
  const protobuf = await protobufCodec(registry, 'invoices-value', INVOICE_PROTO)

  const placed = app.broker.publisher('orders', {
    codec: avro, schema: { value: OrderSchema }, key: (order) => order.id
  })
  const invoices = app.broker.publisher('invoices', {
    codec: protobuf, schema: { value: InvoiceSchema }, key: (invoice) => invoice.orderId
  })

  app.post('/orders', { schema: { body: OrderSchema } }, async (request, reply) => {
    await request.broker.publish(placed, request.body)
    return reply.code(202).send({ id: request.body.id })
  })

  app.broker.subscriber('orders', {
    codec: avro, schema: { value: OrderSchema }, publish: invoices
  }, async function makeInvoice (order, { log }) {
    log.info({ order: order.id }, 'order taken')
    return { orderId: order.id, amount: order.total }
  })

  app.broker.subscriber('invoices', {
    codec: protobuf, schema: { value: InvoiceSchema }
  }, async function sendInvoice (invoice, { log }) {
    log.info({ order: invoice.orderId, amount: invoice.amount }, 'invoice sent')
  })

  return app
}
