import Fastify, { type FastifyInstance } from 'fastify'
import t, { type Test } from 'tap'
import faststreamPlugin, { type FaststreamOptions } from '../../index.js'
import { testBroker } from '../../lib/testing/index.js'

/** What the page knows of routes of dead letters: paths from its folder, by the id of the operation. */
async function lettersOf (app: FastifyInstance, url: string): Promise<unknown> {
  const { body } = await app.inject(url)
  const [, text] = /data-letters="([^"]*)"/.exec(body) ?? []
  return text && JSON.parse(text.replaceAll('&#34;', '"'))
}

async function shop (t: Test, options: FaststreamOptions, prefix = ''): Promise<FastifyInstance> {
  const app = Fastify()
  t.teardown(() => app.close())
  await app.register(async (scope) => {
    await scope.register(faststreamPlugin, { groupId: 'shop', ...options })
    scope.broker.subscriber('orders', async function take () {})
    scope.broker.subscriber('secrets', { includeInSchema: false }, async function hide () {})
    scope.broker.publisher('invoices')
  }, { prefix })
  return app
}

t.test('the page knows the routes of the dead letters that it describes', async (t) => {
  const app = await shop(t, { deadLetters: { prefix: '/ops/letters' } }, '/v1')
  await testBroker(app)
  t.same(await lettersOf(app, '/v1/asyncapi'), { sendOrdersDlq: '../ops/letters' })
})

t.test('a page at the root knows them, too', async (t) => {
  const app = await shop(t, { deadLetters: {}, asyncapi: { routePrefix: '' } })
  await testBroker(app)
  t.same(await lettersOf(app, '/'), { sendOrdersDlq: 'dead-letters' })
})

t.test('without routes, and for a broker without them, it knows none', async (t) => {
  const app = await shop(t, {})
  await app.register(faststreamPlugin, { name: 'billing', groupId: 'billing', deadLetters: {} })
  await testBroker(app)
  t.equal(await lettersOf(app, '/asyncapi'), undefined)
})
