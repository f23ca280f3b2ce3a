import t from 'tap'
import type { FastifyRequest } from 'fastify'
import { Order, make, build, order } from '../../support/publish-app.js'

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
  for (const [body, message] of wrong) {
    t.match((await publish('sendOrders', body)).json(), { statusCode: 400, error: 'Bad Request', message })
  }
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
  for (const type of [
    'text/plain',
    'text/plain; application/json',
    'application/x-www-form-urlencoded',
    'multipart/form-data; boundary=x',
    'application/jsonp',
    ''
  ]) {
    t.match(await publish('sendOrders', { value: 1 }, { 'content-type': type }), { statusCode: 415 }, type)
  }
  t.equal((await app.inject({ method: 'POST', url: '/asyncapi/publish/sendOrders' })).statusCode, 400)
  t.same(broker.published('orders'), [])
  t.equal(
    (await publish('sendOrders', { value: 1 }, { 'content-type': 'application/json; charset=utf-8' })).statusCode, 200
  )
})

t.test('a body may have 1 MiB, whatever the app allows', async (t) => {
  const { publish } = await build(t, { server: { bodyLimit: 16 * 1024 * 1024 } })
  const rest = JSON.stringify({ value: { ...order, id: '' } }).length
  t.match(
    (await publish('sendOrders', { value: { ...order, id: 'x'.repeat(1024 * 1024 - rest + 1) } })).json(),
    { statusCode: 413, code: 'FST_ERR_CTP_BODY_TOO_LARGE' }
  )
  const small = await build(t, { server: { bodyLimit: 10 } })
  t.equal((await small.publish('sendOrders', { value: order })).statusCode, 200)
})

t.test('each publish is in the log, without what was published', async (t) => {
  const secret = 'hunter2'
  const { lines, publish, audit } = await build(t, {
    declare ({ broker }) { broker.publisher('orders', { schema: { value: Order } }) }
  })
  const { partition } = (await publish('sendOrders', {
    value: { id: secret, total: 1 }, key: secret, headers: { token: secret }
  })).json()
  await publish('sendOrders', { value: { id: secret, total: secret }, key: secret, headers: { token: secret } })
  await publish('sendOrders', { value: { id: secret }, key: [secret], headers: { token: secret } })
  await publish('sendOrders', `{ "value": ${secret}`)
  await publish('sendBills', { value: secret })
  await publish('sendOrders', { value: secret }, { 'content-type': 'text/plain' })
  const failed = { level: 40, operationId: 'sendOrders', msg: 'a publish from the AsyncAPI page failed' }
  t.strictSame(audit(), [
    {
      level: 30,
      operationId: 'sendOrders',
      broker: 'default',
      topic: 'orders',
      partition,
      offset: '0',
      msg: 'a message was published from the AsyncAPI page'
    },
    { ...failed, code: 'FASTSTREAM_ERR_INVALID_MESSAGE', statusCode: 400 },
    { ...failed, code: 'FASTSTREAM_ERR_PUBLISH_BODY', statusCode: 400 },
    { ...failed, code: 'FASTSTREAM_ERR_DECODE', statusCode: 400 },
    { ...failed, operationId: 'sendBills', code: 'FASTSTREAM_ERR_UNKNOWN_OPERATION', statusCode: 404 },
    { ...failed, code: 'FST_ERR_CTP_INVALID_MEDIA_TYPE', statusCode: 415 }
  ])
  t.notMatch(JSON.stringify(lines), secret)
})

t.test('without the cluster it is a 503', async (t) => {
  const { app } = await make(t, {
    plugin: { brokers: ['localhost:1'], groupId: 'g', startup: 'background' }, server: { logger: false }
  })
  app.broker.publisher('orders')
  app.broker.subscriber('orders', async function takeOrder () {})
  for (const id of ['sendOrders', 'takeOrder']) {
    t.match(
      (await app.inject({ method: 'POST', url: `/asyncapi/publish/${id}`, payload: { value: 1 } })).json(),
      { statusCode: 503, code: 'FASTSTREAM_ERR_NOT_READY' }
    )
  }
})
