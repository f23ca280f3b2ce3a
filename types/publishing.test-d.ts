/* Checked by `tsc`, never run: each good case compiles, each `@ts-expect-error` is a compile error. */
import Fastify from 'fastify'
import { Type } from '@sinclair/typebox'
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import faststreamPlugin, { response, type Destination, type Partitioner, type RecordMetadata } from '../index.js'
import { expectEqual, expectExact } from './expect.test-d.js'

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

// Without confirmation, and with waiting for room
const orders = app.broker.publisher('orders', { schema })
const order = { id: '1', region: 2 }
expectExact<RecordMetadata>()(await orders.publish(order, { wait: true, noConfirm: false }), true)
expectExact<void>()(await orders.publish(order, { wait: true, noConfirm: true }), true)
expectExact<void>()(await app.broker.publish(orders, order, { noConfirm: true }), true)
expectExact<RecordMetadata>()(await app.broker.publish('anything', 1, { wait: true }), true)
app.get('/', async (request) => {
  const nothing = await request.broker.publish('anything', 1, { noConfirm: true })
  // @ts-expect-error nothing is known of where it is
  return nothing.offset
})
// @ts-expect-error amount is no member of an order
await orders.publish({ id: '1', amount: 2 }, { noConfirm: true })
// @ts-expect-error true or false
await orders.publish(order, { wait: 1000 })
// @ts-expect-error a result is in the log before its message is settled
app.broker.subscriber('orders', { publish: orders }, () => response(order, { noConfirm: true }))

// Functions whose names say the topic
app.broker.consumes({ schema, publish: orders, concurrency: 1 }, function onOrders (value, message) {
  expectEqual<typeof value, { id: string, region: number }>(true)
  message.log.info(this.broker.name)
  return value
})
app.broker.consumes(function onAnything (value) { expectEqual<typeof value, unknown>(true) })
// @ts-expect-error what is returned is checked against the publisher's schema
app.broker.consumes({ schema, publish: orders }, function onOrders () { return { id: 1 } })
// @ts-expect-error an executor is a concurrency
app.broker.consumes({ executor: 'SequentialExecutor' }, function onOrders () {})

const toOrders = app.broker.producing({ schema, key: (order) => order.id }, async function toOrders (id: string) {
  return { id, region: 1 }
})
expectExact<{ id: string, region: number }>()(await toOrders('1'), true)
const toMaybe = app.broker.producing({ schema, topic: 'orders' }, (some: boolean) => some ? response(order) : undefined)
expectExact<{ id: string, region: number } | undefined>()(await toMaybe(true), true)
const toAnything = app.broker.producing(function toAnything () { return 7 })
expectExact<number>()(await toAnything(), true)
// @ts-expect-error a region is a number
app.broker.producing({ schema }, function toOrders () { return { id: '1', region: 'north' } })
// @ts-expect-error it takes what the function takes
await toOrders(7)
