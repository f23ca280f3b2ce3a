import Fastify, { type FastifyServerOptions } from 'fastify'
import { Type } from '@sinclair/typebox'
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import faststreamPlugin, { type FaststreamOptions } from 'fastify-faststream'
import { signIn } from './operators.js'
import { Store } from './store.js'

const { KAFKA_BROKERS } = process.env
/** The cluster that is named in the environment, else one in memory. */
const CLUSTER: FaststreamOptions = { groupId: 'operated', ...KAFKA_BROKERS && { brokers: KAFKA_BROKERS.split(',') } }

const OrderSchema = Type.Object({ id: Type.String(), total: Type.Number({ minimum: 0 }) }, { $id: 'Order' })

/**
 * A shop for a person on call: its dead letters are at `/ops/dead-letters` and on the page at `/asyncapi`, and while
 * its store is away a breaker holds the orders instead of making dead letters of them. The command line builds it
 * without arguments: `npx faststream dlq list examples/operated/app.ts`.
 */
export async function build (
  options: FastifyServerOptions = {},
  faststream = CLUSTER,
  store = new Store(),
  tokens: Readonly<Record<string, string>> = {}
) {
  const app = Fastify(options).withTypeProvider<TypeBoxTypeProvider>()
  app.decorateRequest('operator', undefined)
  app.addHook('onRequest', signIn(tokens))
  await app.register(faststreamPlugin, {
    ...faststream,
    asyncapi: {},
    retry: { retries: 1, delay: 100 },
    breaker: { minimum: 10 },
    deadLetters: {
      prefix: '/ops/dead-letters',
      // All operators may look; one of them may redrive and discard.
      authorize: ({ operator }, action) => action === 'list' || action === 'show' || operator === 'admin'
    }
  })

  const placed = app.broker.publisher('orders', { schema: { value: OrderSchema }, key: (order) => order.id })

  app.get('/ready', async (_, reply) => {
    const { healthy } = app.broker.health()
    return await reply.code(healthy ? 200 : 503).send({ healthy })
  })
  app.post('/orders', { schema: { body: OrderSchema } }, async (request, reply) => {
    await request.broker.publish(placed, request.body)
    return await reply.code(202).send({ id: request.body.id })
  })

  app.broker.subscriber('orders', { schema: { value: OrderSchema } }, async function saveOrder (order) {
    await store.save(order)
  })

  return app
}
