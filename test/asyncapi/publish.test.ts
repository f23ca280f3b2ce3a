import t, { type Test } from 'tap'
import Fastify, { type FastifyInstance, type FastifyRequest, type FastifyServerOptions, type RouteOptions } from 'fastify'
import { Type } from '@sinclair/typebox'
import { RateLimit } from '../../lib/asyncapi/publish/rate.js'
import { isSameOrigin } from '../../lib/asyncapi/publish/same-origin.js'
import faststreamPlugin, { dependency, type AsyncapiDocument, type AsyncapiObject, type AsyncapiOperation, type AsyncapiOptions, type FaststreamOptions } from '../../index.js'
import { testBroker } from '../../lib/testing/index.js'

const Order = Type.Object({ id: Type.String(), total: Type.Number({ minimum: 0 }) }, { $id: 'Order' })
const yes = () => true

interface Fixture { asyncapi?: AsyncapiOptions, plugin?: FaststreamOptions, server?: FastifyServerOptions, declare?: (app: FastifyInstance) => void }

async function make (t: Test, { asyncapi, plugin, server }: Fixture) {
  const lines: Array<Record<string, unknown>> = []
  const app = Fastify({ logger: { level: 'info', stream: { write (line: string) { lines.push(JSON.parse(line)) } } }, ...server })
  t.teardown(() => app.close())
  await app.register(faststreamPlugin, { retry: { retries: 0 }, ...plugin, asyncapi: { publish: { authorize: yes }, ...asyncapi } })
  return { app, lines }
}

/** An app with one publisher, one subscriber of the same topic, and what it handled. */
async function build (t: Test, fixture: Fixture = {}) {
  const handled: unknown[] = []
  const { app, lines } = await make(t, fixture)
  if (fixture.declare !== undefined) {
    fixture.declare(app)
  } else {
    app.broker.publisher('orders', { schema: { value: Order }, key: (order: unknown) => (order as { id: string }).id, headers: { tenant: 'a' } })
    app.broker.subscriber('orders', { schema: { value: Order } }, async function takeOrder (order) { handled.push(order) })
  }
  const broker = await testBroker(app)
  const publish = async (operationId: string, payload: unknown, headers: Record<string, string> = {}) => await app.inject({
    method: 'POST',
    url: `/asyncapi/publish/${operationId}`,
    headers: { 'content-type': 'application/json', ...headers },
    payload: typeof payload === 'string' ? payload : JSON.stringify(payload)
  })
  /** What the plugin logged of it. */
  const audit = () => lines.filter(({ operationId }) => operationId !== undefined).map(({ time, pid, hostname, reqId, ...line }) => line)
  return { app, broker, publish, lines, audit, handled }
}

function production (t: Test): void {
  const { NODE_ENV } = process.env
  process.env.NODE_ENV = 'production'
  t.teardown(() => { if (NODE_ENV === undefined) delete process.env.NODE_ENV; else process.env.NODE_ENV = NODE_ENV })
}

const order = { id: '1', total: 9 }

t.test('what the app sends is published as its publisher does', async (t) => {
  const { broker, publish, handled } = await build(t)
  const before = Date.now()
  const answer = await publish('sendOrders', { value: order })
  t.match(answer, { statusCode: 200, headers: { 'content-type': 'application/json; charset=utf-8' } })
  const { topic, partition, offset, timestamp, ...rest } = answer.json()
  t.match({ topic, offset }, { topic: 'orders', offset: '0' })
  t.same(rest, {})
  await broker.settled()
  t.match(broker.published('orders'), [{ key: '1', value: order, partition, headers: { tenant: 'a', 'content-type': 'application/json', 'x-published-by': 'asyncapi', correlation_id: /^[\w-]{36}$/ } }])
  t.ok(Date.parse(timestamp) >= before && Date.parse(timestamp) <= Date.now())
  t.equal(broker.published('orders')[0]?.timestamp.toISOString(), timestamp)
  t.same(handled, [order], 'and whoever reads the topic gets it')
})

t.test('key and headers that are given win over those of the publisher', async (t) => {
  const { broker, publish } = await build(t)
  for (const message of [{ key: 'k', headers: { tenant: 'b', tag: ['x', 'y'], correlation_id: 'c' } }, { key: null }]) t.equal((await publish('sendOrders', { value: order, ...message })).statusCode, 200)
  t.match(broker.published('orders'), [{ key: 'k', headers: { tenant: 'b', tag: 'y', correlation_id: 'c' } }, { key: null, headers: { tenant: 'a' } }])
})

t.test('what the app receives comes to its subscriber', async (t) => {
  const { broker, publish, handled } = await build(t)
  t.match((await publish('takeOrder', { value: order, key: 'k', headers: { tenant: 'b' } })).json(), { topic: 'orders', offset: '0' })
  t.match((await publish('takeOrder', { value: order })).statusCode, 200)
  await broker.settled()
  t.match(broker.published('orders'), [
    { key: 'k', value: order, headers: { tenant: 'b', 'content-type': 'application/json', 'x-published-by': 'asyncapi', correlation_id: /^[\w-]{36}$/ } },
    { key: null, headers: { tenant: undefined } }
  ])
  t.same(handled, [order, order])
})

t.test('a subscriber of several topics has an operation for each', async (t) => {
  const { broker, publish } = await build(t, { declare: (app) => { app.broker.subscriber(['returns', 'refunds'], async function takeBack () {}) } })
  t.equal((await publish('takeBackRefunds', { value: 1 })).json().topic, 'refunds')
  t.same([broker.published('returns').length, broker.published('refunds').length], [0, 1])
})

t.test('the codec is that of the operation: without a schema a string is text, with one it is JSON', async (t) => {
  const { broker, publish } = await build(t, {
    declare ({ broker }) {
      broker.publisher('notes')
      broker.subscriber('notes', async function note () {})
      broker.subscriber('names', { schema: { value: Type.String() } }, async function name () {})
    }
  })
  for (const operation of ['sendNotes', 'note', 'name']) t.equal((await publish(operation, { value: 'hello' })).statusCode, 200)
  t.match(broker.published('notes'), [{ value: 'hello', headers: { 'content-type': 'text/plain' } }, { value: 'hello', headers: { 'content-type': 'text/plain' } }])
  t.match(broker.published('names'), [{ value: 'hello', headers: { 'content-type': 'application/json' } }])
})

t.test('null is a tombstone, which a subscriber must take', async (t) => {
  const { broker, publish } = await build(t, {
    declare ({ broker }) {
      broker.publisher('orders', { schema: { value: Order } })
      broker.subscriber('orders', { schema: { value: Order } }, async function strict () {})
      broker.subscriber('orders', { groupId: 'other', schema: { value: Type.Union([Order, Type.Null()]) } }, async function lenient () {})
    }
  })
  t.equal((await publish('sendOrders', { value: null, key: 'k' })).statusCode, 200)
  t.equal((await publish('lenient', { value: null, key: 'k' })).statusCode, 200)
  t.match((await publish('strict', { value: null, key: 'k' })).json(), { statusCode: 400, code: 'FASTSTREAM_ERR_VALIDATION' })
  const tombstones = broker.published('orders')
  t.match(tombstones, [{ key: 'k', value: null }, { key: 'k', value: null }])
  for (const { headers } of tombstones) t.notOk('content-type' in headers)
})

t.test('a message that the app would not send is refused, and it says where', async (t) => {
  const { broker, publish } = await build(t)
  const answer = await publish('sendOrders', { value: { total: -1 } })
  t.equal(answer.statusCode, 400)
  t.strictSame(answer.json(), {
    statusCode: 400,
    code: 'FASTSTREAM_ERR_INVALID_MESSAGE',
    error: 'Bad Request',
    message: "the message for 'orders' does not match its publisher's schema and was not sent: value must have required property 'id', value/total must be >= 0",
    violations: [{ part: 'value', path: '', message: "must have required property 'id'" }, { part: 'value', path: '/total', message: 'must be >= 0' }]
  })
  t.match((await publish('sendOrders', { value: { ...order, total: '9' } })).json().violations, [{ path: '/total', message: 'must be number' }], 'nothing is coerced')
  t.same(broker.published('orders'), [])
})

t.test('a message that the app could not read is refused before it is sent, as it would be when it comes', async (t) => {
  const { broker, publish } = await build(t, {
    declare ({ broker }) {
      broker.subscriber('orders', { schema: { value: Order, key: Type.String({ format: 'uuid' }), headers: Type.Object({ tenant: Type.String() }) } }, async function takeOrder () {})
    }
  })
  const key = '0c0d8a3c-9f2e-4b59-9d6f-0c9d4be0a1a1'
  const headers = { tenant: 'a' }
  const cases: Array<[object, object]> = [
    [{ value: { id: '1', total: -1 }, key, headers }, { part: 'value', path: '/total', message: 'must be >= 0' }],
    [{ value: order, key: 'k', headers }, { part: 'key', path: '', message: 'must match format "uuid"' }],
    [{ value: order, headers }, { part: 'key' }],
    [{ value: order, key }, { part: 'headers', path: '', message: "must have required property 'tenant'" }]
  ]
  for (const [message, violation] of cases) t.match((await publish('takeOrder', message)).json(), { statusCode: 400, code: 'FASTSTREAM_ERR_VALIDATION', violations: [violation] })
  t.same(broker.published('orders'), [])
  t.equal((await publish('takeOrder', { value: { id: 1, total: '9' }, key, headers })).statusCode, 200)
  t.match(broker.published('orders'), [{ value: { id: 1, total: '9' } }], 'what is coerced on the way in leaves as it was given')
})

t.test('what a compiler of the app finds is told in its own words', async (t) => {
  const { publish } = await build(t, {
    declare (app) {
      app.setValidatorCompiler(() => () => ({ error: new Error('no such order') }))
      app.broker.publisher('orders', { schema: { value: Order } })
    }
  })
  t.match((await publish('sendOrders', { value: order })).json(), { statusCode: 400, violations: [{ part: 'value', path: '', message: /no such order/ }] })
})

t.test('a function of the publisher that cannot take the value makes it a wrong value; its own errors are the app\'s', async (t) => {
  const { publish } = await build(t, {
    declare ({ broker }) {
      broker.publisher('orders', { key: (order: unknown) => (order as { id: string }).id.trim() })
      broker.publisher('bills', { key: () => { throw Object.assign(new Error('no key today'), { code: 'E_KEY', statusCode: 418 }) } })
    }
  })
  t.match((await publish('sendOrders', { value: {} })).json(), { statusCode: 400, code: 'FASTSTREAM_ERR_ENCODE', message: /^the key of the message for 'orders'/, violations: [] })
  t.match(await publish('sendBills', { value: {} }), { statusCode: 418, body: /E_KEY/ })
})

t.test('publishers that are one operation must all agree to the message, which is sent once', async (t) => {
  const { broker, publish } = await build(t, {
    declare ({ broker }) {
      broker.publisher('orders', { schema: { value: Order } })
      broker.publisher('orders', { schema: { value: Order, key: Type.String({ minLength: 3 }) } })
      broker.publisher('orders', { schema: { value: Order, headers: Type.Object({ tenant: Type.String() }) } })
    }
  })
  t.match((await publish('sendOrders', { value: order, key: 'k', headers: { tenant: 'a' } })).json().violations, [{ part: 'key' }])
  t.match((await publish('sendOrders', { value: order, key: 'key' })).json().violations, [{ part: 'headers' }])
  t.equal((await publish('sendOrders', { value: order, key: 'key', headers: { tenant: 'a' } })).statusCode, 200)
  t.equal(broker.published('orders').length, 1)
})

t.test('only operations of the document are there', async (t) => {
  const { publish, broker } = await build(t, {
    asyncapi: {
      transform ({ operations: { sendGone, sendOld, ...operations }, ...document }) { return { ...document, operations: { ...operations, sendNew: sendOld as AsyncapiObject } } }
    },
    declare ({ broker }) {
      for (const topic of ['gone', 'old', 'kept']) broker.publisher(topic)
      broker.publisher('hidden', { includeInSchema: false })
      broker.subscriber('hidden.plans', { includeInSchema: false }, async function plan () {})
    }
  })
  t.equal((await publish('sendKept', { value: 1 })).statusCode, 200)
  for (const id of ['sendGone', 'sendOld', 'sendNew', 'sendHidden', 'plan', 'nothing', 'kept', '', '__proto__', 'toString', 'sendKept/x']) {
    t.match(await publish(id, { value: 1 }), { statusCode: 404, body: new RegExp(`"code":"FASTSTREAM_ERR_UNKNOWN_OPERATION".* '${id}'`) })
  }
  for (const topic of ['gone', 'old', 'hidden', 'hidden.plans']) t.same(broker.published(topic), [])
})

t.test('a document without operations has nothing to publish', async (t) => {
  const { publish } = await build(t, { asyncapi: { transform: ({ operations, ...document }) => document as AsyncapiDocument } })
  t.equal((await publish('sendOrders', { value: order })).statusCode, 404)
})

t.test('the name of an operation may be as long as a topic', async (t) => {
  const topic = 'a'.repeat(249)
  const { app, publish } = await build(t, { declare ({ broker }) { broker.publisher(topic) } })
  const [id = ''] = Object.keys(app.asyncapi().operations)
  t.equal(id.length, 253)
  t.equal((await publish(id, { value: 1 })).json().topic, topic)
})

t.test('dead letters are not published from the page, but a topic of them that has a subscriber is', async (t) => {
  const asked: unknown[] = []
  const { app, publish, broker } = await build(t, {
    asyncapi: { publish: { authorize: (_, operation) => { asked.push(operation); return true } } },
    declare ({ broker }) {
      broker.subscriber('orders', async function takeOrder () {})
      broker.subscriber('orders.dlq', { deadLetter: false }, async function bury () {})
    }
  })
  t.ok('sendOrdersDlq' in app.asyncapi().operations)
  t.match((await publish('sendOrdersDlq', { value: 1 })).json(), { statusCode: 403, code: 'FASTSTREAM_ERR_PUBLISH_FORBIDDEN', message: /a dead letter is a message that failed/ })
  t.same([asked, broker.published('orders.dlq')], [[], []])
  t.equal((await publish('bury', { value: 1 })).statusCode, 200)
})

t.test('each cluster gets its own, with the correlation id that requests have there', async (t) => {
  const asked: AsyncapiOperation[] = []
  const app = Fastify()
  t.teardown(() => app.close())
  await app.register(faststreamPlugin, { asyncapi: { publish: { authorize (_, operation) { asked.push(operation); return true } } } })
  await app.register(faststreamPlugin, { name: 'billing', correlationId: ({ url }) => `of ${url}` })
  const { billing } = app.brokers as unknown as { billing: typeof app.broker }
  app.broker.subscriber('orders', async function takeOrder () { t.fail('it is not for this one') })
  billing.publisher('orders')
  const charged = new Promise((resolve) => {
    billing.subscriber('orders', async function charge (value, { correlationId }) { if (value === 2) resolve(correlationId) })
  })
  const publish = async (id: string, value: number) => await app.inject({ method: 'POST', url: `/asyncapi/publish/${id}`, payload: { value } })
  t.match((await publish('sendBillingOrders', 1)).json(), { topic: 'orders', offset: '0' })
  t.match((await publish('charge', 2)).statusCode, 200)
  t.equal(await charged, 'of /asyncapi/publish/charge')
  t.same(asked, [{ id: 'sendBillingOrders', action: 'send', topic: 'orders', broker: 'billing' }, { id: 'charge', action: 'receive', topic: 'orders', broker: 'billing' }])
})

t.test('authorize is asked for each message, and only true is a yes', async (t) => {
  const asked: Array<[unknown, AsyncapiOperation]> = []
  let answer: unknown = true
  const session = dependency(() => 'me')
  const { broker, publish } = await build(t, {
    asyncapi: {
      publish: {
        async authorize (request, operation) {
          asked.push([await request.resolve(session), operation])
          return answer as boolean
        }
      }
    }
  })
  t.equal((await publish('sendOrders', { value: order })).statusCode, 200)
  t.equal((await publish('takeOrder', { value: order })).statusCode, 200)
  t.same(asked, [
    ['me', { id: 'sendOrders', action: 'send', topic: 'orders', broker: 'default' }],
    ['me', { id: 'takeOrder', action: 'receive', topic: 'orders', broker: 'default' }]
  ])
  for (answer of [false, undefined, null, 1, 'yes', {}]) {
    t.match((await publish('sendOrders', { value: order })).json(), { statusCode: 403, code: 'FASTSTREAM_ERR_PUBLISH_FORBIDDEN', error: 'Forbidden', message: "operation 'sendOrders' was not published: 'authorize' did not allow it" })
  }
  t.equal(broker.published('orders').length, 2)
})

t.test('errors go to the error handler of the app, except those that say where a message is wrong', async (t) => {
  const app = Fastify()
  t.teardown(() => app.close())
  app.setErrorHandler<Error & { code?: string }>(async ({ code }, _, reply) => await reply.code(418).send({ code }))
  await app.register(faststreamPlugin, { asyncapi: { publish: { authorize: (_, { id }) => id === 'sendOrders' } } })
  app.broker.publisher('orders', { schema: { value: Order } })
  app.broker.publisher('bills')
  await testBroker(app)
  const publish = async (id: string, value: unknown) => await app.inject({ method: 'POST', url: `/asyncapi/publish/${id}`, payload: { value } })
  t.match(await publish('sendBills', 1), { statusCode: 418, body: '{"code":"FASTSTREAM_ERR_PUBLISH_FORBIDDEN"}' })
  t.match((await publish('sendOrders', 1)).json(), { statusCode: 400, violations: [{ path: '' }] })
})

t.test('the route has the hooks of the option, and is hidden from @fastify/swagger', async (t) => {
  const routes: RouteOptions[] = []
  const app = Fastify()
  t.teardown(() => app.close())
  app.addHook('onRoute', (route) => { if (route.method === 'POST') routes.push(route) })
  const order: string[] = []
  await app.register(faststreamPlugin, {
    asyncapi: {
      routePrefix: '/docs',
      hooks: {
        onRequest: [async (request, reply) => { order.push('onRequest'); if (request.headers.authorization !== 'yes') return await reply.code(401).send() }],
        preHandler: async () => { order.push('preHandler') }
      },
      publish: { authorize () { order.push('authorize'); return true } }
    }
  })
  app.withDeps({ session: dependency(() => { throw new Error('not for documents') }) })
  app.broker.publisher('orders')
  await testBroker(app)
  const request = { method: 'POST', url: '/docs/publish/sendOrders', payload: { value: 1 } } as const
  t.equal((await app.inject(request)).statusCode, 401)
  t.equal((await app.inject({ ...request, headers: { authorization: 'yes' } })).statusCode, 200)
  t.same(order, ['onRequest', 'onRequest', 'preHandler', 'authorize'])
  t.match(routes, [{ url: '/docs/publish/*', schema: { hide: true } }])
})

t.test('without the option nothing can be published', async (t) => {
  const app = Fastify()
  t.teardown(() => app.close())
  await app.register(faststreamPlugin)
  app.broker.publisher('orders')
  t.equal((await app.inject({ method: 'POST', url: '/asyncapi/publish/sendOrders', payload: { value: 1 } })).statusCode, 404)
})

t.test('in production it must be written twice', async (t) => {
  production(t)
  const plugin = { transport: 'memory' } as const
  for (const further of [{}, { production: false }]) {
    await t.rejects(async () => { await make(t, { plugin, asyncapi: { publish: { authorize: yes, ...further } } }) }, { code: 'FASTSTREAM_ERR_INVALID_OPTION', message: /'asyncapi.publish.production' must be true in production/ })
  }
  const { publish } = await build(t, { plugin, asyncapi: { publish: { authorize: yes, production: true } } })
  t.equal((await publish('sendOrders', { value: order })).statusCode, 200)
})

t.test('wrong options fail with the option and the cure', async (t) => {
  const wrong: Array<[unknown, RegExp]> = [
    [true, /'asyncapi.publish' must be an object/],
    [{}, /'asyncapi.publish.authorize' must be a function/],
    [{ authorize: true }, /'asyncapi.publish.authorize' must be a function/],
    [{ authorize: yes, production: 'yes' }, /'asyncapi.publish.production' must be true or false/],
    [{ authorize: yes, rate: 1 }, /'asyncapi.publish.rate' is not known: there are authorize, production/]
  ]
  for (const [publish, message] of wrong) await t.rejects(async () => { await make(t, { asyncapi: { publish } as AsyncapiOptions }) }, { code: 'FASTSTREAM_ERR_INVALID_OPTION', message })
})

t.test('a body that is not what it should be is refused', async (t) => {
  const { broker, publish, audit } = await build(t)
  const wrong: Array<[unknown, RegExp]> = [
    ['', /not valid JSON/],
    ['{', /not valid JSON/],
    ['{"value":{"__proto__":{}}}', /could change a prototype/],
    [`{"value":${'['.repeat(65)}${']'.repeat(65)}}`, /nested deeper/],
    [[], /the body must be an object/],
    ['null', /the body must be an object/],
    [{ value: order, topic: 'other' }, /the body has 'topic', which is not known: there are value, key, headers/],
    [{}, /the body has no 'value': write null for a tombstone/],
    [{ value: order, key: 7 }, /'key' that is neither/],
    [{ value: order, headers: null }, /'headers' that are no object/],
    [{ value: order, headers: ['a'] }, /'headers' that are no object/],
    [{ value: order, headers: { a: 1 } }, /a header 'a' that is neither/],
    [{ value: order, headers: { a: ['x', null] } }, /a header 'a' that is neither/],
    [{ value: order, headers: { a: [['x']] } }, /a header 'a' that is neither/],
    [{ value: order, headers: { 'x-published-by': 'me' } }, /a header 'x-published-by', which is not to be chosen/],
    [{ value: order, headers: { 'Content-Type': 'text/plain' } }, /a header 'Content-Type', which is not to be chosen/]
  ]
  for (const [body, message] of wrong) t.match((await publish('sendOrders', body)).json(), { statusCode: 400, error: 'Bad Request', message })
  t.same(broker.published('orders'), [])
  t.ok(audit().every(({ level, msg }) => level === 40 && msg === 'a publish from the AsyncAPI page failed'))
})

t.test('it takes JSON alone, whatever the app takes', async (t) => {
  const { app, publish, broker } = await build(t, {
    declare (app) {
      app.addContentTypeParser('*', { parseAs: 'string' }, async (_: FastifyRequest, body: string) => JSON.parse(body))
      app.broker.publisher('orders')
    }
  })
  for (const type of ['text/plain', 'text/plain; application/json', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x', 'application/jsonp', '']) {
    t.match(await publish('sendOrders', { value: 1 }, { 'content-type': type }), { statusCode: 415 }, type)
  }
  t.equal((await app.inject({ method: 'POST', url: '/asyncapi/publish/sendOrders' })).statusCode, 400)
  t.same(broker.published('orders'), [])
  t.equal((await publish('sendOrders', { value: 1 }, { 'content-type': 'application/json; charset=utf-8' })).statusCode, 200)
})

t.test('a body may have 1 MiB, whatever the app allows', async (t) => {
  const { publish } = await build(t, { server: { bodyLimit: 16 * 1024 * 1024 } })
  const rest = JSON.stringify({ value: { ...order, id: '' } }).length
  t.match((await publish('sendOrders', { value: { ...order, id: 'x'.repeat(1024 * 1024 - rest + 1) } })).json(), { statusCode: 413, code: 'FST_ERR_CTP_BODY_TOO_LARGE' })
  const small = await build(t, { server: { bodyLimit: 10 } })
  t.equal((await small.publish('sendOrders', { value: order })).statusCode, 200)
})

t.test('a page of another site cannot make a browser publish', async (t) => {
  const { broker, publish, audit } = await build(t)
  const foreign = [
    { 'sec-fetch-site': 'cross-site' },
    { 'sec-fetch-site': 'same-site', origin: 'http://localhost:80' },
    { 'sec-fetch-site': 'none' },
    { origin: 'http://evil.example' },
    { origin: 'null' }
  ]
  for (const headers of foreign) {
    t.match((await publish('sendOrders', { value: order }, headers as Record<string, string>)).json(), { statusCode: 403, code: 'FASTSTREAM_ERR_PUBLISH_FORBIDDEN', message: /comes from another site/ })
  }
  t.match(await publish('sendOrders', '{', { origin: 'null' }), { statusCode: 403 }, 'its body is not even read')
  t.equal(audit().length, foreign.length + 1)
  t.same(broker.published('orders'), [])
  for (const headers of [{ 'sec-fetch-site': 'same-origin', origin: 'null' }, { origin: 'http://localhost:80' }, {}]) {
    t.equal((await publish('sendOrders', { value: order }, headers as Record<string, string>)).statusCode, 200)
  }
})

t.test('behind a proxy the host is its word, where it is trusted', async (t) => {
  const headers = { origin: 'https://shop.example', 'x-forwarded-host': 'shop.example' }
  for (const [trustProxy, statusCode] of [[false, 403], [true, 200]] as const) {
    const { publish } = await build(t, { server: { trustProxy } })
    t.equal((await publish('sendOrders', { value: order }, headers)).statusCode, statusCode)
  }
})

t.test('hosts are one that URLs take for one', async (t) => {
  const cases: Array<[string, string, boolean]> = [
    ['http://shop.example', 'shop.example', true],
    ['https://shop.example', 'SHOP.example:443', true],
    ['http://shop.example:3000', 'shop.example:3000', true],
    ['http://[::1]:3000', '[::1]:3000', true],
    ['http://shop.example:3000', 'shop.example', false],
    ['http://shop.example.evil.example', 'shop.example', false],
    ['http://shop.example', '', false],
    ['http://shop.example', 'a b', false]
  ]
  for (const [origin, host, expected] of cases) t.equal(isSameOrigin({ headers: { origin }, host }), expected, `${origin} at ${host}`)
})

t.test('a loop that publishes is stopped', async (t) => {
  const { broker, publish } = await build(t)
  const answers = await Promise.all(Array.from({ length: 60 }, async () => await publish('sendOrders', { value: order })))
  const refused = answers.filter(({ statusCode }) => statusCode === 429)
  t.ok(refused.length > 0)
  for (const answer of refused) t.match(answer, { headers: { 'retry-after': '1' }, body: /"code":"FASTSTREAM_ERR_PUBLISH_RATE"/ })
  t.equal(broker.published('orders').length, 60 - refused.length)
})

t.test('twenty at once, then ten per second', async (t) => {
  let now = 0
  const rate = new RateLimit({ now: () => -now, elapsed: () => now, schedule: () => () => {} })
  const taken = () => { let count = 0; while (rate.take()) count++; return count }
  t.equal(taken(), 20)
  now = 99
  t.equal(taken(), 0)
  now = 100
  t.equal(taken(), 1)
  now = 1350
  t.equal(taken(), 12)
  now = 1400
  t.equal(taken(), 1, 'halves are kept')
  now = 1450
  t.equal(taken(), 0)
  now = 1500
  t.equal(taken(), 1, 'the time of day does not count')
  now = 1e9
  t.equal(taken(), 20)
})

t.test('who did not pass takes no turn of those who do', async (t) => {
  const { publish } = await build(t, { asyncapi: { publish: { authorize: ({ headers }) => headers.authorization === 'yes' } } })
  for (const answer of await Promise.all(Array.from({ length: 60 }, async () => await publish('sendOrders', { value: order })))) t.equal(answer.statusCode, 403)
  t.equal((await publish('sendOrders', { value: order }, { authorization: 'yes' })).statusCode, 200)
})

t.test('each publish is in the log, without what was published', async (t) => {
  const secret = 'hunter2'
  const { lines, publish, audit } = await build(t, { declare ({ broker }) { broker.publisher('orders', { schema: { value: Order } }) } })
  const { partition } = (await publish('sendOrders', { value: { id: secret, total: 1 }, key: secret, headers: { token: secret } })).json()
  await publish('sendOrders', { value: { id: secret, total: secret }, key: secret, headers: { token: secret } })
  await publish('sendOrders', { value: { id: secret }, key: [secret], headers: { token: secret } })
  await publish('sendOrders', `{ "value": ${secret}`)
  await publish('sendBills', { value: secret })
  await publish('sendOrders', { value: secret }, { 'content-type': 'text/plain' })
  const failed = { level: 40, operationId: 'sendOrders', msg: 'a publish from the AsyncAPI page failed' }
  t.strictSame(audit(), [
    { level: 30, operationId: 'sendOrders', broker: 'default', topic: 'orders', partition, offset: '0', msg: 'a message was published from the AsyncAPI page' },
    { ...failed, code: 'FASTSTREAM_ERR_INVALID_MESSAGE', statusCode: 400 },
    { ...failed, code: 'FASTSTREAM_ERR_PUBLISH_BODY', statusCode: 400 },
    { ...failed, code: 'FASTSTREAM_ERR_DECODE', statusCode: 400 },
    { ...failed, operationId: 'sendBills', code: 'FASTSTREAM_ERR_UNKNOWN_OPERATION', statusCode: 404 },
    { ...failed, code: 'FST_ERR_CTP_INVALID_MEDIA_TYPE', statusCode: 415 }
  ])
  t.notMatch(JSON.stringify(lines), secret)
})

t.test('without the cluster it is a 503', async (t) => {
  const { app } = await make(t, { plugin: { brokers: ['localhost:1'], groupId: 'g', startup: 'background' }, server: { logger: false } })
  app.broker.publisher('orders')
  app.broker.subscriber('orders', async function takeOrder () {})
  for (const id of ['sendOrders', 'takeOrder']) {
    t.match((await app.inject({ method: 'POST', url: `/asyncapi/publish/${id}`, payload: { value: 1 } })).json(), { statusCode: 503, code: 'FASTSTREAM_ERR_NOT_READY' })
  }
})
