/* Checked by `tsc`, never run: each good case compiles, each `@ts-expect-error` is a compile error. */
import Fastify, { type FastifyPluginAsync, type FastifyTypeProvider } from 'fastify'
import { Type } from '@sinclair/typebox'
import type { FastifyPluginAsyncTypebox, TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import type { JsonSchemaToTsProvider } from '@fastify/type-provider-json-schema-to-ts'
import faststreamPlugin, {
  dependency, GenerationLostError, NackMessage, response, SendError, SkipMessage, type BrokerHealth, type DeadLetter,
  type DeadLetterCause, type Dependency, type FaststreamChannels, type Message, type Publisher, type RecordMetadata,
  type Transport, type TransportOptions
} from '../index.js'
import { testBroker } from '../lib/testing/index.js'

declare module '../index.js' { interface NamedBrokers { billing: true } }

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends (<T>() => T extends B ? 1 : 2) ? true : false
function expectType<T> (_value: T): void {}
function expectEqual<A, B> (_equal: Equal<A, B>): void {}

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

// Dependencies
interface Client { query (sql: string): Promise<unknown[]>, release (): void }
declare const pool: { connect (): Promise<Client> }
const client = dependency(async function * client (_, { log }) {
  const connection = await pool.connect()
  try { yield connection } finally { connection.release(); log.debug('released') }
})
expectEqual<typeof client, Dependency<Client>>(true)
class Orders {
  readonly client: Client
  constructor (client: Client) { this.client = client }
  save (order: { id: string }) { return this.client.query(order.id) }
}
const orders = dependency({ client }, ({ client }) => new Orders(client))
expectEqual<typeof orders, Dependency<Orders>>(true)
const named = dependency('named', { orders }, async ({ orders }) => orders.client)
expectEqual<typeof named, Dependency<Client>>(true)
const generated = dependency('generated', function * () { yield 1 })
expectEqual<typeof generated, Dependency<number>>(true)
app.get('/more', { config: { deps: { named, generated } } }, async ({ deps }) => {
  expectEqual<typeof deps, { readonly named: Client, readonly generated: number }>(true)
})
const tenant = dependency((_, { header, source }) => header('x-tenant') ?? (
  source.kind === 'http' ? source.request.hostname : source.message.topic
))
expectEqual<typeof tenant, Dependency<string>>(true)
// @ts-expect-error it does not say that it needs it
dependency({ client }, ({ orders }) => orders)
// @ts-expect-error no dependency
dependency({ client: pool }, ({ client }) => client)

app.post('/with', { schema: { body: OrderSchema }, config: { deps: { orders } } }, async (request) => {
  await request.deps.orders.save(request.body)
  expectEqual<Awaited<ReturnType<typeof request.resolve<string>>>, string>(true)
  expectType<string>(await request.resolve(tenant))
  // @ts-expect-error not declared
  expectType<unknown>(request.deps.client)
})
app.broker.subscriber('orders', {
  schema: { value: OrderSchema }, deps: { orders, tenant }, publish: invoices
}, async (order, { deps, resolve }) => {
  await deps.orders.save(order)
  expectType<Client>(await resolve(client))
  // @ts-expect-error not declared
  expectType<unknown>(deps.client)
  return { orderId: deps.tenant, amount: order.total }
})
// @ts-expect-error no dependency
app.broker.subscriber('orders', { deps: { orders: pool } }, () => {})
await app.register(async (plain) => {
  const scope = plain.withTypeProvider<TypeBoxTypeProvider>().withDeps({ tenant }).withDeps({ orders })
  scope.get('/who', { config: { deps: { client } } }, async (request) => {
    await request.deps.orders.save({ id: request.deps.tenant })
    await request.deps.client.query('')
    // @ts-expect-error not declared
    expectType<unknown>(request.deps.nope)
  })
  scope.get(
    '/plain',
    { schema: { querystring: Type.Object({ n: Type.Integer() }) } },
    async (request) => request.deps.tenant + request.query.n.toFixed()
  )
  scope.broker.subscriber(
    'scoped',
    { schema: { value: OrderSchema }, deps: { client } },
    async (order, { deps }) => { await deps.client.query(deps.tenant + order.id) }
  )
  scope.broker.subscriber('scoped too', (value, { deps }) => { expectEqual<typeof deps.tenant, string>(true) })
})
app.get('/sibling', async (request) => {
  // @ts-expect-error what another scope declared is not here
  expectType<unknown>(request.deps.tenant)
})
const broker = await testBroker(app, {
  overrides: [
    [orders, () => new Orders(new (class { async query () { return [] }; release () {} })())],
    [tenant, dependency(() => 'a')]
  ]
})
broker.override(tenant, async () => 'b')
// @ts-expect-error no tenant
broker.override(tenant, () => 1)
// @ts-expect-error no tenant
await testBroker(app, { overrides: [[tenant, () => 1]] })

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

// Scopes: as with routes, an inline scope names its type provider, a typed plugin has it.
await app.register(async (plain) => {
  plain.broker.subscriber('plain', { schema: { value: OrderSchema } }, (value) => {
    expectEqual<typeof value, unknown>(true)
  })
  const scope = plain.withTypeProvider<TypeBoxTypeProvider>()
  scope.broker.subscriber('scoped', { schema: { value: OrderSchema } }, (order) => { expectType<number>(order.total) })
})
const typed: FastifyPluginAsyncTypebox = async (scope) => {
  scope.broker.subscriber('typed', { schema: { value: OrderSchema } }, (order) => { expectType<number>(order.total) })
}
const untyped: FastifyPluginAsync = async (scope) => { scope.broker.subscriber('untyped', () => {}) }
await app.register(typed)
await app.register(untyped)

// Other type providers
const literal = Fastify().withTypeProvider<JsonSchemaToTsProvider>()
literal.broker.subscriber(
  'x',
  { schema: { value: { type: 'object', required: ['n'], properties: { n: { type: 'number' } } } } },
  ({ n }) => { expectEqual<typeof n, number>(true) }
)
const numbers = literal.broker.publisher('y', {
  schema: {
    value: { type: 'object', required: ['n'], properties: { n: { type: 'number' } }, additionalProperties: false }
  }
})
await numbers.publish({ n: 1 })
// @ts-expect-error wrong type
await numbers.publish({ n: 'x' })

const none = Fastify()
none.broker.subscriber('x', { schema: { value: { type: 'object' } } }, (value) => {
  expectEqual<typeof value, unknown>(true)
})
await none.broker.publisher('q').publish({ any: 1 })

interface NumberProvider extends FastifyTypeProvider { readonly validator: number, readonly serializer: string }
const custom = Fastify().withTypeProvider<NumberProvider>()
custom.broker.subscriber('x', { schema: { value: {} } }, (value) => { expectEqual<typeof value, number>(true) })
await custom.broker.publisher('x', { schema: { value: {} } }).publish('text')

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

// A transport of one's own
declare const transport: Transport
await app.register(faststreamPlugin, { transport, groupId: 'shop' })
await app.register(faststreamPlugin, {
  transport: ({ brokers, log }) => { log.info({ brokers }, 'made'); return transport }, groupId: 'shop'
})
await app.register(faststreamPlugin, {
  transport: async (options) => { expectType<TransportOptions>(options); return transport }, groupId: 'shop'
})
// @ts-expect-error no such client
await app.register(faststreamPlugin, { transport: 'pigeon' })
const { consumer, ...noConsumer } = transport
// @ts-expect-error a method is missing
await app.register(faststreamPlugin, { transport: noConsumer })
// @ts-expect-error what the function returns lacks a method
await app.register(faststreamPlugin, { transport: () => noConsumer })
function withoutSubscribe (...args: Parameters<typeof consumer>) {
  const { subscribe, ...rest } = consumer(...args)
  return rest
}
// @ts-expect-error a consumer must be able to replace its topics
await app.register(faststreamPlugin, { transport: { ...noConsumer, consumer: withoutSubscribe } })
expectType<Error>(new SendError('full', 'not-sent', 'refused'))
// @ts-expect-error no such reason
expectType<Error>(new SendError('full', 'not-sent', 'bored'))
expectType<Error>(new GenerationLostError('moved on'))

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
