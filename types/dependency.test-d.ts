/* Checked by `tsc`, never run: dependencies of routes, messages and scopes. */
import Fastify from 'fastify'
import { Type } from '@sinclair/typebox'
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import { dependency, type Dependency } from '../index.js'
import { testBroker } from '../lib/testing/index.js'
import { expectEqual, expectType } from './expect.test-d.js'

const OrderSchema = Type.Object({ id: Type.String(), total: Type.Number() })
const InvoiceSchema = Type.Object({ orderId: Type.String(), amount: Type.Number() })
const app = Fastify().withTypeProvider<TypeBoxTypeProvider>()
const invoices = app.broker.publisher('invoices', { schema: { value: InvoiceSchema } })

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
