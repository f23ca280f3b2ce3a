import { request as httpRequest } from 'node:http'
import type { AddressInfo } from 'node:net'
import t, { type Test } from 'tap'
import { Type } from '@sinclair/typebox'
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import Fastify from 'fastify'
import { faststreamPlugin } from '../../index.js'
import { testBroker } from '../../lib/testing/index.js'
import { gate } from '../support/inbox.js'
import { memoryLog } from '../support/json-log.js'

/* A request over Kafka within a route or a handler. */

const schema = { reply: Type.Object({ amount: Type.Number() }) }

async function build (t: Test) {
  const log = memoryLog()
  const logger = { level: 'debug', stream: log.stream }
  const app = Fastify({ logger }).withTypeProvider<TypeBoxTypeProvider>()
  t.teardown(() => app.close())
  await app.register(faststreamPlugin, { retry: { retries: 0 } })
  return { app, log }
}

t.test('in a route: the reply, 504 without one, 502 for an error of the other side', async (t) => {
  const { app, log } = await build(t)
  const holding = gate()
  app.broker.subscriber('quotes', { schema }, async (sku) => {
    if (sku === 'late') await holding.opened
    if (sku === 'none') throw Object.assign(new Error('secret'), { code: 'OUT_OF_STOCK' })
    return { amount: 1 }
  })
  const quotes = app.broker.publisher('quotes', { schema })
  app.get<{ Params: { sku: string } }>('/prices/:sku', async (request) => {
    return await request.broker.request(quotes, request.params.sku, { timeout: 500 })
  })
  await testBroker(app, { allowFailures: true })
  const get = async (sku: string) => {
    const { statusCode, payload } = await app.inject(`/prices/${sku}`)
    return { statusCode, ...JSON.parse(payload) }
  }
  t.same(await get('a'), { statusCode: 200, amount: 1 })
  t.match(await get('none'), { statusCode: 502, code: 'FASTSTREAM_ERR_REQUEST_REFUSED', message: /OUT_OF_STOCK/ })
  t.match(await get('late'), { statusCode: 504, code: 'FASTSTREAM_ERR_REQUEST_TIMEOUT' })
  holding.open()
  const joined = log.lines.filter(({ msg }) => /a request is sent with an id of its own/.test(msg))
  t.match(joined, [{ topic: 'quotes', correlationId: /^[\da-f-]{36}$/, requestId: /^[\da-f-]{36}$/ }, {}, {}])
  const publishes = log.lines.filter(({ msg }) => msg === 'request publishes')
  t.equal(publishes[0]!.correlationId, joined[0]!.correlationId, 'the line of the route names the same id')
})

t.test('a client that is gone ends the request of its route, also after its body was read', async (t) => {
  const { app } = await build(t)
  const holding = gate()
  const asked = gate()
  const failed = new Promise<unknown>((resolve) => {
    app.post('/prices', async (request) => {
      await request.broker.request('quotes', request.body).catch((error) => { resolve(error); throw error })
    })
  })
  app.broker.subscriber('quotes', { schema }, async () => { asked.open(); await holding.opened; return { amount: 1 } })
  const broker = await testBroker(app)
  await app.listen({ port: 0 })
  const { port } = app.server.address() as AddressInfo
  const client = httpRequest({ port, path: '/prices', method: 'POST', headers: { 'content-type': 'application/json' } })
  client.on('error', () => {})
  client.end('{"sku":"a"}')
  await asked.opened
  t.equal(app.broker.health().requests.open, 1)
  client.destroy()
  t.match(await failed, { code: 'FASTSTREAM_ERR_REQUEST_ABORTED', statusCode: 499 })
  holding.open()
  await broker.settled()
  t.same(app.broker.health().requests, { open: 0, late: 1 })
})

t.test('a handler asks, too; its attempt that is over ends the request', async (t) => {
  const { app } = await build(t)
  const holding = gate()
  const codes: unknown[] = []
  app.broker.subscriber('orders', { handlerTimeout: 100 }, async (sku, message) => {
    try {
      await message.broker.request('quotes', sku)
      codes.push('answered')
    } catch (error) {
      codes.push((error as { code: string }).code)
      throw error
    }
  })
  app.broker.subscriber('quotes', { schema }, async (sku) => {
    if (sku === 'late') await holding.opened
    return { amount: 1 }
  })
  const broker = await testBroker(app)
  await broker.publish('orders', 'a', { key: 'k' })
  await broker.publish('orders', 'late', { key: 'k' })
  while (codes.length < 2) await new Promise(setImmediate)
  t.same(codes, ['answered', 'FASTSTREAM_ERR_REQUEST_ABORTED'])
  holding.open()
  await broker.settled()
  t.match(broker.errors, [{ topic: 'orders', error: { code: 'FASTSTREAM_ERR_HANDLER_TIMEOUT' } }])
})

t.test('a hook that is older than the plugin has no signal, and may ask', async (t) => {
  const app = Fastify()
  t.teardown(() => app.close())
  app.addHook('onRequest', async (request, reply) => {
    return await reply.send(await request.broker.request('quotes', 1))
  })
  await app.register(faststreamPlugin)
  app.broker.subscriber('quotes', { schema }, () => ({ amount: 1 }))
  app.get('/', async () => 'not reached')
  await testBroker(app)
  t.same((await app.inject('/')).json(), { amount: 1 })
})
