/* Checked by `tsc`, never run: each good case compiles, each `@ts-expect-error` is a compile error. */
import Fastify from 'fastify'
import { Type } from '@sinclair/typebox'
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import faststreamPlugin, {
  NackMessage, response, SkipMessage, type BrokerHealth, type DeadLetter, type DeadLetterCause, type FaststreamChannels,
  type Message, type Publisher, type RecordMetadata
} from '../index.js'
import { expectEqual, expectType } from './expect.test-d.js'

const OrderSchema = Type.Object({ id: Type.String(), total: Type.Number({ minimum: 0 }) }, { $id: 'Order' })
const InvoiceSchema = Type.Object({ orderId: Type.String(), amount: Type.Number() }, { $id: 'Invoice' })

const app = Fastify().withTypeProvider<TypeBoxTypeProvider>()
await app.register(faststreamPlugin, { brokers: ['localhost:9092'], groupId: 'shop' })
// @ts-expect-error an option that is not known
await app.register(faststreamPlugin, { broker: 'localhost:9092' })

const placed = app.broker.publisher('orders', {
  schema: { value: OrderSchema }, key: (order) => order.id, headers: (order) => ({ total: String(order.total) })
})
const invoices = app.broker.publisher('invoices', {
  schema: { value: InvoiceSchema }, key: (invoice) => invoice.orderId
})
expectType<Publisher<{ id: string, total: number }>>(placed)
// @ts-expect-error the key must be text or bytes
app.broker.publisher('orders', { schema: { value: OrderSchema }, key: (order) => order.total })
// @ts-expect-error there is no such part of a message
app.broker.publisher('orders', { schema: { body: OrderSchema } })

// Publishing
app.post('/orders', { schema: { body: OrderSchema } }, async (request, reply) => {
  const { partition, offset } = await request.broker.publish(placed, request.body)
  expectType<bigint>(offset)
  // @ts-expect-error the publisher's schema wants an order
  await request.broker.publish(placed, { id: 1 })
  await request.broker.publish('anything', { goes: true }, {
    key: 'a', headers: { many: ['a', Buffer.from('b'), null] }
  })
  return reply.code(202).send({ partition })
})
expectType<RecordMetadata>(await invoices.publish({ orderId: '1', amount: 2 }))
// @ts-expect-error amount is missing
await invoices.publish({ orderId: '1' })
// @ts-expect-error no option of a message
await invoices.publish({ orderId: '1', amount: 2 }, { acks: 1 })
// @ts-expect-error a header must be text or bytes
await app.broker.publish('orders', {}, { headers: { n: 1 } })

// Tombstones
await invoices.publish(null, { key: '1' })
await app.broker.publish(invoices, null, { key: '1' })
await app.broker.publish('anything', null, { key: '1' })
// @ts-expect-error only null is a tombstone
await invoices.publish(undefined, { key: '1' })
app.broker.subscriber(
  'orders',
  { schema: { value: OrderSchema }, publish: invoices },
  (order) => order.total === 0 ? response(null, { key: order.id }) : response({ orderId: order.id, amount: 1 })
)
app.broker.subscriber('orders', { publish: invoices }, async () => response(undefined))
// @ts-expect-error what is responded is checked against the publisher's schema, too
app.broker.subscriber('orders', { publish: invoices }, async () => response({ orderId: '1' }))

// Subscribing
app.broker.subscriber('orders', { schema: { value: OrderSchema }, publish: invoices }, async function (order, message) {
  expectEqual<typeof order, { id: string, total: number }>(true)
  expectEqual<typeof message.value, { id: string, total: number }>(true)
  expectEqual<typeof message.key, Buffer | null>(true)
  expectType<Message>(message)
  this.log.info(this.broker.name)
  expectEqual<typeof message.signal, AbortSignal>(true)
  expectEqual<typeof message.deadLetter, DeadLetter | undefined>(true)
  expectEqual<DeadLetter['error']['code'], string | undefined>(true)
  expectEqual<DeadLetter['error']['cause'], DeadLetterCause | undefined>(true)
  expectEqual<DeadLetter['error']['dependency'], string | undefined>(true)
  expectEqual<typeof app.broker.id, string>(true)
  await message.broker.publish(placed, order)
  // @ts-expect-error not a member of a message
  message.nope()
  if (message.offset > 4n) return undefined
  if (message.offset > 3n) return null
  if (message.offset > 2n) return response({ orderId: order.id, amount: 1 }, { key: 'x' })
  return { orderId: order.id, amount: order.total }
})
app.broker.subscriber('orders', {
  groupId: 'audit', schema: { value: OrderSchema, key: Type.String(), headers: Type.Object({ tenant: Type.String() }) }
}, (order, { key, headers }) => {
  expectType<string>(key + headers.tenant + order.id)
  // @ts-expect-error not declared
  expectType<string>(headers.nope)
})
app.broker.subscriber('orders', { schema: { value: OrderSchema }, publish: invoices },
  // @ts-expect-error what is returned is checked against the publisher's schema
  async (order) => ({ orderId: order.id }))
// @ts-expect-error an option that is not known
app.broker.subscriber('orders', { group: 'shop' }, () => {})
// @ts-expect-error topics are names
app.broker.subscriber(1, () => {})
app.broker.subscriber(['a', 'b'], (value, { key, headers }) => {
  expectEqual<typeof value, unknown>(true)
  expectEqual<typeof key, Buffer | null>(true)
  expectType<string | undefined>(headers.any)
})
app.broker.subscriber(
  'orders',
  { schema: { value: OrderSchema }, publish: [invoices], retry: { retries: 1 }, deadLetter: false, concurrency: 1 },
  (order) => ({ orderId: order.id, amount: 1 })
)

const everything = app.broker.subscriber(
  'orders', { groupId: null, offsetReset: 'latest', handlerTimeout: 1000, bodyLimit: 5_000_000 }, () => {}
)
expectEqual<typeof everything.groupId, string | null>(true)
everything.skipTo({ topic: 'orders', partition: 0, offset: 7n })
// @ts-expect-error offsets are bigints
everything.skipTo({ topic: 'orders', partition: 0, offset: 7 })
// @ts-expect-error no such place to begin
app.broker.subscriber('orders', { offsetReset: 'none' }, () => {})
// @ts-expect-error no such start
await app.register(faststreamPlugin, { startup: 'lazy' })

// Decisions
app.broker.subscriber('orders', {
  ackPolicy: 'MANUAL', ordering: 'key', schema: { value: OrderSchema }
}, (order, message) => {
  if (order.total === 0) throw new SkipMessage()
  if (order.total > 1000) throw new NackMessage({ delay: 10 })
  expectEqual<ReturnType<typeof message.ack>, boolean>(true)
  return message.nack({ delay: 10 }) || message.reject('no')
})
// @ts-expect-error no such policy
app.broker.subscriber('orders', { ackPolicy: 'MAYBE' }, () => {})
// @ts-expect-error no such order
app.broker.subscriber('orders', { ordering: 'topic' }, () => {})

// Health
expectEqual<ReturnType<typeof app.broker.health>, BrokerHealth>(true)
app.get('/ready', (request, reply) => {
  const health = app.broker.health()
  return reply.code(health.healthy ? 200 : 503).send(health)
})

// Further clusters
await app.brokers.billing.publish('any', 1)
app.brokers.billing.subscriber(
  'orders', { schema: { value: OrderSchema } }, (order) => { expectType<number>(order.total) }
)
// @ts-expect-error no such cluster
expectType<unknown>(app.brokers.nope)

// Publishing from the page
const page = Fastify()
await page.register(faststreamPlugin, {
  asyncapi: {
    publish: {
      authorize: async (
        request, { id, action, topic, broker }
      ) => request.headers.authorization === id + topic + broker && action === 'send'
    }
  }
})
await page.register(faststreamPlugin, { asyncapi: { publish: { authorize: () => true, production: true } } })
// @ts-expect-error `authorize` is required
await page.register(faststreamPlugin, { asyncapi: { publish: {} } })
// @ts-expect-error a forgotten return is no yes
await page.register(faststreamPlugin, { asyncapi: { publish: { authorize: () => {} } } })
// @ts-expect-error it is one of two
await page.register(faststreamPlugin, { asyncapi: { publish: { authorize: (_, { action }) => action === 'publish' } } })

// The compression of what is published
await page.register(faststreamPlugin, { producer: { compression: 'zstd' } })
// @ts-expect-error Kafka does not have it
await page.register(faststreamPlugin, { producer: { compression: 'brotli' } })

// Bytes and progress
app.broker.subscriber(
  'images',
  { schema: { value: Type.Uint8Array() }, stuckAfter: 300_000 },
  (bytes) => { expectEqual<typeof bytes, Uint8Array>(true) }
)
// @ts-expect-error a time in ms
app.broker.subscriber('images', { stuckAfter: '5 min' }, () => {})
expectType<number | undefined>(app.broker.health().subscribers[0]?.partitions[0]?.stalledFor)
expectEqual<FaststreamChannels['faststream.message.left-out'], {
  readonly broker: string,
  readonly groupId: string | null,
  readonly topic: string,
  readonly partition: number,
  readonly offset: bigint,
  readonly count: number
}>(true)
