import { Readable } from 'node:stream'
import Fastify, { type FastifyServerOptions } from 'fastify'
import { type Static, Type } from '@sinclair/typebox'
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import faststreamPlugin, { type FaststreamOptions } from 'fastify-faststream'

const OrderSchema = Type.Object({ id: Type.String(), total: Type.Number({ minimum: 0 }) }, { $id: 'Order' })

/** `POST /orders` → topic `orders` → every client of `GET /orders/live`, as server-sent events. */
export async function build (options: FastifyServerOptions, broker: FaststreamOptions) {
  const app = Fastify(options).withTypeProvider<TypeBoxTypeProvider>()
  await app.register(faststreamPlugin, broker)
  const placed = app.broker.publisher('orders', { schema: { value: OrderSchema }, key: (order) => order.id })

  app.post('/orders', { schema: { body: OrderSchema } }, async (request, reply) => {
    await request.broker.publish(placed, request.body)
    return reply.code(202).send({ id: request.body.id })
  })

  // A subscriber for each client, without a group: it reads every order, and no other subscriber rebalances.
  app.get('/orders/live', async (request, reply) => {
    const orders = await app.broker.subscriber('orders', {
      schema: { value: OrderSchema }, offsetReset: 'latest', ackPolicy: 'ACK_FIRST'
    }).start()
    reply.raw.once('close', () => { orders.stop() })
    // The stream ends when the app closes, and its connection with it.
    return reply.header('connection', 'close').type('text/event-stream').send(Readable.from(events(orders)))
  })

  return app
}

/** Ends when the subscriber stops: when the client has gone, or the app closes. */
async function * events (orders: AsyncIterable<{ readonly value: Static<typeof OrderSchema> }>) {
  yield ': connected\n\n'
  for await (const { value } of orders) yield `data: ${JSON.stringify(value)}\n\n`
}
