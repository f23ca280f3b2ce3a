import t, { type Test } from 'tap'
import type { DeadLetterRoutes, FaststreamOptions } from '../../index.js'
import { testBroker } from '../../lib/testing/index.js'
import { build } from '../support/plugin-app.js'

async function shop (t: Test, deadLetters: DeadLetterRoutes = {}, options: FaststreamOptions = {}) {
  const app = await build(t, { retry: { retries: 0 }, deadLetters, ...options })
  const fault = { isThere: true }
  app.broker.subscriber('orders', function take () { if (fault.isThere) throw new Error('no luck') })
  const broker = await testBroker(app)
  for (const id of [1, 2, 3]) await broker.publish('orders', { id }, { key: `k${id}` })
  await broker.settled()
  return { app, broker, fault }
}

t.test('letters are listed, shown, redriven and discarded by routes', async (t) => {
  const { app, broker, fault } = await shop(t)
  const list = await app.inject('/dead-letters?limit=2&topic=orders')
  t.equal(list.statusCode, 200)
  t.equal(list.headers['cache-control'], 'no-store')
  const { letters, next } = list.json<{ letters: Array<Record<string, unknown>>, next: string }>()
  t.equal(letters.length, 2)
  const rest = await app.inject(`/dead-letters?after=${next}`)
  t.equal(rest.json<{ letters: unknown[] }>().letters.length, 1)
  const { topic, partition, offset } = letters[0]!
  const shown = await app.inject(`/dead-letters/${topic}/${partition}/${offset}`)
  t.match(shown.json(), { offset, state: 'open', verdict: { valid: true }, messageHeaders: Array })
  fault.isThere = false
  const place = { topic, partition, offset }
  const discarded = await app.inject({
    method: 'POST', url: '/dead-letters/discard', payload: { letters: [place], reason: 'a test' }
  })
  t.same(discarded.json(), { discarded: 1 })
  const redriven = await app.inject({ method: 'POST', url: '/dead-letters/redrive', payload: { since: '2020-01-01' } })
  t.match(redriven.json(), { redriven: 2, refused: [] })
  const none = await app.inject({ method: 'POST', url: '/dead-letters/redrive' })
  t.match(none.json(), { redriven: 0 })
  await broker.settled()
  t.equal(broker.published('orders').length, 5)
})

t.test('a request that makes no sense is its own fault', async (t) => {
  const { app } = await shop(t)
  const wrong = { statusCode: 400, code: 'FASTSTREAM_ERR_DEAD_LETTER_INPUT' }
  for (const path of ['?limit=x', '?x=1', '?since=soon', '/orders.dlq/a/1']) {
    t.match((await app.inject(`/dead-letters${path}`)).json(), wrong, path)
  }
  for (const [path, payload] of [
    ['discard', {}], ['discard', { reason: '' }], ['redrive', { letters: [1] }], ['redrive', { limit: 0 }],
    ['redrive', []]
  ] as const) t.match((await app.inject({ method: 'POST', url: `/dead-letters/${path}`, payload })).json(), wrong, path)
  t.equal((await app.inject('/dead-letters/orders.dlq/0/99')).statusCode, 404)
})

t.test('authorize decides about each request, and a page of another site is refused', async (t) => {
  const asked: string[] = []
  const { app } = await shop(t, {
    prefix: '/ops/letters',
    authorize (request, action) {
      asked.push(action)
      if (request.headers['x-user'] === undefined) throw Object.assign(new Error('who?'), { statusCode: 401 })
      return request.headers['x-user'] === 'admin'
    }
  })
  const forbidden = { statusCode: 403, json: { code: 'FASTSTREAM_ERR_DEAD_LETTERS_FORBIDDEN' } }
  t.equal((await app.inject('/ops/letters')).statusCode, 401)
  const other = await app.inject({ url: '/ops/letters', headers: { 'x-user': 'other' } })
  t.match({ statusCode: other.statusCode, json: other.json() }, forbidden)
  const headers = { 'x-user': 'admin' }
  t.equal((await app.inject({ url: '/ops/letters', headers })).statusCode, 200)
  const post = { method: 'POST', url: '/ops/letters/redrive', payload: {} } as const
  t.equal((await app.inject({ ...post, headers })).statusCode, 200)
  const foreign = await app.inject({ ...post, headers: { ...headers, 'sec-fetch-site': 'cross-site' } })
  t.match({ statusCode: foreign.statusCode, json: foreign.json() }, forbidden)
  t.same(asked, ['list', 'list', 'list', 'redrive'])
})

t.test('without the option there are no routes, and in production none without authorize', async (t) => {
  const app = await build(t)
  await app.ready()
  t.equal((await app.inject('/dead-letters')).statusCode, 404)
  const before = process.env.NODE_ENV
  process.env.NODE_ENV = 'production'
  t.teardown(() => {
    if (before === undefined) delete process.env.NODE_ENV
    else process.env.NODE_ENV = before
  })
  const refused = { code: 'FASTSTREAM_ERR_INVALID_OPTION', message: /deadLetters.authorize.*production/ }
  await t.rejects(build(t, { transport: 'memory', deadLetters: {} }), refused)
  await build(t, { transport: 'memory', deadLetters: { authorize: () => true } })
})

t.test('the option is checked', async (t) => {
  for (const deadLetters of [{ prefix: 'x' }, { prefix: '/x/' }, { prefix: '/:x' }, { authorize: 1 }, { x: 1 }, true]) {
    await t.rejects(build(t, { deadLetters: deadLetters as never }), { code: 'FASTSTREAM_ERR_INVALID_OPTION' })
  }
})
