/*
 * Checked by `tsc`, never run: each good case compiles, each `@ts-expect-error` is a compile error. A project of its
 * own, because what it adds to `Topics` counts everywhere in a project.
 */
import Fastify from 'fastify'
import { Type, type Static } from '@sinclair/typebox'
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import faststreamPlugin, { type TopicName, type TopicValue } from '../../index.js'
import { testBroker } from '../../lib/testing/index.js'

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends (<T>() => T extends B ? 1 : 2) ? true : false
function expectEqual<A, B> (_equal: Equal<A, B>): void {}

const OrderSchema = Type.Object({ id: Type.String(), total: Type.Number() })
const InvoiceSchema = Type.Object({ orderId: Type.String(), amount: Type.Number() })

const app = Fastify().withTypeProvider<TypeBoxTypeProvider>()
await app.register(faststreamPlugin)
const invoices = app.broker.publisher('invoices', {
  schema: { value: InvoiceSchema }, key: (invoice) => invoice.orderId
})

declare module '../../index.js' {
  interface Topics {
    orders: Static<typeof OrderSchema>
    invoices: typeof invoices
    anything: unknown
  }
  interface NamedBrokers { billing: true }
}

expectEqual<TopicName, 'orders' | 'invoices' | 'anything'>(true)
expectEqual<TopicValue<'orders'>, { id: string, total: number }>(true)
expectEqual<TopicValue<'invoices'>, { orderId: string, amount: number }>(true)

// The topics that are named, by their values
await app.broker.publish('orders', { id: '1', total: 9 }, { key: '1' })
await app.broker.publish('invoices', { orderId: '1', amount: 9 })
await app.broker.publish('orders', null, { key: '1' })
await app.broker.publish('anything', { goes: true })
await app.broker.publish('orders', { id: '1', total: 9 }, { noConfirm: true })
// @ts-expect-error a member is missing
await app.broker.publish('orders', { id: '1' })
// @ts-expect-error the type of the publisher's values
await app.broker.publish('invoices', { id: '1', total: 9 })
// @ts-expect-error a total is a number, also without confirmation
await app.broker.publish('orders', { id: '1', total: '9' }, { noConfirm: true })

// A topic that is not named
// @ts-expect-error a misspelt name
await app.broker.publish('order', { id: '1', total: 9 })
declare const computed: string
// @ts-expect-error a name that is not known before the app runs
await app.broker.publish(computed, { id: '1', total: 9 })
declare const either: 'orders' | 'invoices'
await app.broker.publish(either, null)

// Everywhere
app.get('/', async (request) => {
  await request.broker.publish('orders', { id: '1', total: 9 })
  await request.brokers.billing.publish('orders', { id: '1', total: 9 })
  // @ts-expect-error a misspelt name
  await request.broker.publish('order', { id: '1', total: 9 })
})
app.broker.subscriber('orders', async (_, message) => {
  await message.broker.publish('invoices', { orderId: '1', amount: 9 })
  // @ts-expect-error amount is missing
  await message.broker.publish('invoices', { orderId: '1' })
})

await invoices.publish({ orderId: '1', amount: 9 })
app.broker.publisher('orders', { schema: { value: OrderSchema } })

// Publishers and subscribers name any topic: they declare it. A test may send what is wrong.
await app.broker.publisher('more').publish({ any: 1 })
await app.broker.publish(app.broker.publisher('more'), { any: 1 })
app.broker.subscriber('more', () => {})
const broker = await testBroker(app)
await broker.publish('orders', { wrong: true })
