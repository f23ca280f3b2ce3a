/* Checked by `tsc`, never run: each good case compiles, each `@ts-expect-error` is a compile error. */
import Fastify from 'fastify'
import { Type } from '@sinclair/typebox'
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import {
  BatchError, dependency, KafkaRouter, response, route, type BatchedMessage, type BoundBroker, type MessageBatch
} from '../index.js'
import { expectEqual } from './expect.test-d.js'

interface Order { id: string, total: number }
const OrderSchema = Type.Object({ id: Type.String(), total: Type.Number() })
const HeadersSchema = Type.Object({ tenant: Type.String() })
const schema = { value: OrderSchema }
const app = Fastify().withTypeProvider<TypeBoxTypeProvider>()
const orders = app.broker.publisher('orders', { schema })
const clock = dependency(() => ({ now: () => 1 }))

// Values, messages and dependencies are typed
app.broker.subscriber('orders', { batch: true, schema, deps: { clock } }, async function (values, batch) {
  expectEqual<typeof values, Order[]>(true)
  expectEqual<typeof batch.messages[number]['value'], Order>(true)
  expectEqual<typeof batch.messages[number]['key'], Buffer | null>(true)
  expectEqual<typeof batch.broker, BoundBroker>(true)
  expectEqual<ReturnType<typeof batch.ack>, boolean>(true)
  this.log.info({ now: batch.deps.clock.now(), offset: batch.messages[0]?.offset })
})
app.broker.subscriber('orders', {
  batch: { maxSize: 10, maxBytes: 1000, timeout: 0 },
  schema: { value: OrderSchema, key: Type.String(), headers: HeadersSchema }
}, (values, { messages: [first] }) => {
  expectEqual<typeof values, Order[]>(true)
  expectEqual<NonNullable<typeof first>['key'], string>(true)
  expectEqual<NonNullable<typeof first>['headers'], { tenant: string }>(true)
})
app.broker.subscriber('anything', { batch: true }, (values, batch) => {
  expectEqual<typeof values, unknown[]>(true)
  expectEqual<typeof batch.messages[number]['value'], unknown>(true)
  const same: MessageBatch<BatchedMessage> = batch
  return same.messages.length
})
app.broker.subscriber('orders.{region}', { batch: true }, (_values, { params, messages: [first] }) => {
  expectEqual<typeof params.region, string>(true)
  return first?.params.region
})
// Without it there is one message
app.broker.subscriber('orders', { schema, batch: undefined }, (value) => { expectEqual<typeof value, Order>(true) })

// What is the batch's is no member of a message
app.broker.subscriber('orders', { batch: true }, (_values, { messages: [first] }) => {
  first?.log.info({ attempt: first.attempt, correlationId: first.correlationId })
  // @ts-expect-error the batch is acknowledged
  first?.ack()
  // @ts-expect-error dependencies are of the batch
  return first?.deps
})

// Results are a list
app.broker.subscriber('orders', { batch: true, schema, publish: orders }, (values) => values)
app.broker.subscriber('orders', { batch: true, schema, publish: orders }, async (values) => values.map((order) => {
  return order.total > 1 ? response(order, { key: order.id }) : undefined
}))
app.broker.subscriber('orders', { batch: true, schema, publish: orders }, () => {})
// @ts-expect-error a result is no list
app.broker.subscriber('orders', { batch: true, schema, publish: orders }, ([first]) => first)
// @ts-expect-error a total is a number
app.broker.subscriber('orders', { batch: true, schema, publish: orders }, () => [{ id: '1', total: '1' }])

// Options
// @ts-expect-error a size is a number
app.broker.subscriber('orders', { batch: { maxSize: '10' } }, () => {})
// @ts-expect-error there is no such bound
app.broker.subscriber('orders', { batch: { linger: 10 } }, () => {})
// @ts-expect-error true or bounds
app.broker.subscriber('orders', { batch: 10 }, () => {})

// Wherever a subscriber is declared
const router = new KafkaRouter<TypeBoxTypeProvider>()
router.subscriber('orders', { batch: true, schema }, (values) => { expectEqual<typeof values, Order[]>(true) })
router.route('orders', (values: Order[]) => { values.pop() }, { batch: true, schema })
route.withTypeProvider<TypeBoxTypeProvider>()('orders', (values: readonly Order[]) => { values.at(0) }, {
  batch: true, schema
})
app.broker.consumes({ batch: true, schema }, function onOrders (values) { expectEqual<typeof values, Order[]>(true) })

// Errors
// @ts-expect-error an index is a number
export const wrong = new BatchError('3')
expectEqual<BatchError['index'], number>(true)
throw new BatchError(3, new Error('why'))
