import { Type } from '@sinclair/typebox'
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import { KafkaRouter } from 'fastify-faststream'

export const OrderSchema = Type.Object({ id: Type.String(), total: Type.Number({ minimum: 0 }) }, { $id: 'Order' })
const ParcelSchema = Type.Object({ orderId: Type.String(), from: Type.String() }, { $id: 'Parcel' })

/** The topics of a region's orders. It knows no app and no region: each region includes it under its own prefix. */
export const orders = new KafkaRouter({
  prefix: 'orders.', tags: ['orders'], retry: { retries: 2 }
}).withTypeProvider<TypeBoxTypeProvider>()

export const placed = orders.publisher('placed', { schema: { value: OrderSchema }, key: (order) => order.id })
const packed = orders.publisher('packed', { schema: { value: ParcelSchema }, key: (parcel) => parcel.orderId })

orders.subscriber('placed', {
  schema: { value: OrderSchema }, publish: packed
}, async function packOrder (order, { log, topic }) {
  log.info({ order: order.id }, 'order packed')
  return { orderId: order.id, from: topic }
})

orders.subscriber('packed', { schema: { value: ParcelSchema } }, async function shipParcel (parcel, { log }) {
  log.info({ order: parcel.orderId }, 'parcel shipped')
})
