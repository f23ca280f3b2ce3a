import createError from '@fastify/error'
import Fastify, { type FastifyServerOptions } from 'fastify'
import { Type } from '@sinclair/typebox'
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import faststreamPlugin, { type FaststreamOptions } from 'fastify-faststream'

const ParamsSchema = Type.Object({ sku: Type.String() })
const QuerySchema = Type.Object({ sku: Type.String(), count: Type.Integer({ minimum: 1 }) }, { $id: 'PriceQuery' })
const PriceSchema = Type.Object({ amount: Type.Number(), currency: Type.String() }, { $id: 'Price' })

const UnknownArticle = createError<[sku: string]>('UNKNOWN_ARTICLE', "there is no article '%s'", 404)

const PRICES: ReadonlyMap<string, number> = new Map([['tea', 4.5], ['cup', 12]])

/** Two sides in one app: a route asks for a price over Kafka, and a subscriber answers. */
export async function build (options: FastifyServerOptions, faststream: FaststreamOptions) {
  const app = Fastify(options).withTypeProvider<TypeBoxTypeProvider>()
  await app.register(faststreamPlugin, faststream)

  const schema = { value: QuerySchema, reply: PriceSchema }
  // Questions about one article are in one partition, in order.
  const prices = app.broker.publisher('prices', { schema, key: ({ sku }) => sku })

  // 504 when nothing answers in time, 502 when the other side refuses the question.
  app.get('/prices/:sku', { schema: { params: ParamsSchema, response: { 200: PriceSchema } } }, async (request) => {
    const { sku } = request.params
    return await request.broker.request(prices, { sku, count: 1 }, { timeout: 2000 })
  })

  app.broker.subscriber('prices', {
    // What is not there now is not there after a retry either.
    schema, retry: { retryOn: (error) => !(error instanceof UnknownArticle) }
  }, async function priceOf ({ sku, count }, { log }) {
    const price = PRICES.get(sku)
    if (price === undefined) throw new UnknownArticle(sku)
    log.info({ sku }, 'price asked for')
    return { amount: price * count, currency: 'EUR' }
  })

  return app
}
