import { Type } from '@sinclair/typebox'
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import Fastify, { type FastifyInstance } from 'fastify'
import { KafkaRouter, response, route, type BoundBroker, type Publisher } from '../index.js'

/* Checked by `tsc`, never run: requests, replies and their types. */

const Query = Type.Object({ sku: Type.String() })
const Price = Type.Object({ amount: Type.Number() })
const schema = { value: Query, reply: Price }

export async function typed (plain: FastifyInstance): Promise<number> {
  const app = Fastify().withTypeProvider<TypeBoxTypeProvider>()
  const quotes = app.broker.publisher('quotes', { schema })
  const price: { amount: number } = await quotes.request({ sku: 'a' }, { timeout: 100 })
  const same: { amount: number } = await app.broker.request(quotes, { sku: 'a' }, { signal: AbortSignal.timeout(1) })
  const other: { total: string } = await app.broker.request('quotes', { sku: 'a' }, {
    schema: Type.Object({ total: Type.String() })
  })
  const text: string = await app.broker.request(quotes, { sku: 'a' }, { schema: Type.String() })
  app.get('/', async (request) => {
    const inRoute: number = await request.broker.request('quotes', 1, { schema: Type.Number() })
    return inRoute + (await request.broker.request(quotes, { sku: 'a' })).amount
  })
  app.broker.subscriber('quotes', { schema }, async (query, message) => {
    const nested: boolean = await message.broker.request('other', 1, { schema: Type.Boolean() })
    return { amount: query.sku.length + Number(nested) }
  })
  app.broker.subscriber('quotes', { schema }, () => response({ amount: 1 }, { headers: { a: 'b' } }))
  app.broker.consumes({ schema }, function onQuotes () { return { amount: 1 } })
  const typedRoute = route.withTypeProvider<TypeBoxTypeProvider>()
  const router = new KafkaRouter({ handlers: [typedRoute('quotes', () => ({ amount: 1 }), { schema })] })
  app.broker.includeRouter(router)

  // @ts-expect-error a reply has no such member
  price.total.toFixed()
  // @ts-expect-error a query has a sku
  await quotes.request({ amount: 1 })
  // @ts-expect-error ms
  await quotes.request({ sku: 'a' }, { timeout: '1 s' })
  // @ts-expect-error the reply is checked against schema.reply
  app.broker.subscriber('quotes', { schema }, () => ({ total: 1 }))
  // @ts-expect-error as everywhere
  app.broker.consumes({ schema }, function onQuotes () { return { total: 1 } })
  // @ts-expect-error each case has a reply of its own
  app.broker.subscriber('quotes', {
    by: () => 'price',
    cases: {
      price: { schema: { reply: Price }, handler: () => ({ total: 1 }) }
    }
  })
  const priced: Publisher<{ amount: number, currency: string }> = app.broker.publisher('priced')
  // @ts-expect-error a result is for the publisher and for the one who asked
  app.broker.subscriber('quotes', { schema, publish: priced }, () => ({ amount: 1 }))
  app.broker.subscriber('quotes', { schema, publish: priced }, () => ({ amount: 1, currency: 'EUR' }))

  const unknown: unknown = await plain.broker.request('quotes', 1)
  // @ts-expect-error nothing is known of it
  unknown.amount()
  const bound: BoundBroker = app.broker
  await bound.request('quotes', 1)
  return price.amount + same.amount + other.total.length + text.length
}
