/* Checked by `tsc`, never run: each good case compiles, each `@ts-expect-error` is a compile error. */
import Fastify from 'fastify'
import { Type } from '@sinclair/typebox'
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import faststreamPlugin, { type Destination, type Partitioner } from '../index.js'

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends (<T>() => T extends B ? 1 : 2) ? true : false
function expectEqual<A, B> (_equal: Equal<A, B>): void {}

const OrderSchema = Type.Object({ id: Type.String(), region: Type.Number() })
const schema = { value: OrderSchema }
const app = Fastify().withTypeProvider<TypeBoxTypeProvider>()

// Partitions
app.broker.publisher('orders', { schema, partition: 0, replyTo: 'replies' })
app.broker.publisher('orders', { schema, partition: (order) => order.region })
// @ts-expect-error a partition is a number
app.broker.publisher('orders', { schema, partition: (order) => order.id })
// @ts-expect-error a partition is a number
app.broker.publisher('orders', { partition: '0' })
// @ts-expect-error replies go to a topic
app.broker.publisher('orders', { replyTo: 7 })
app.broker.publisher('orders', {
  partitioner: (to) => {
    expectEqual<typeof to, Destination>(true)
    expectEqual<typeof to.key, Buffer | null>(true)
    return to.partitions - 1
  }
})
// @ts-expect-error a partitioner is not async
app.broker.publisher('orders', { partitioner: async () => 0 })
const last: Partitioner = ({ partitions }) => partitions - 1

// The producer
await app.register(faststreamPlugin, { producer: { partitioner: last } })
// @ts-expect-error what is published is in the log of all in-sync replicas
await app.register(faststreamPlugin, { producer: { acks: 1 } })
