import t from 'tap'
import { Type } from '@sinclair/typebox'
import { Order, build, order } from '../../support/publish-app.js'

t.test('what the app sends is published as its publisher does', async (t) => {
  const { broker, publish, handled } = await build(t)
  const before = Date.now()
  const answer = await publish('sendOrders', { value: order })
  t.match(answer, { statusCode: 200, headers: { 'content-type': 'application/json; charset=utf-8' } })
  const { topic, partition, offset, timestamp, ...rest } = answer.json()
  t.match({ topic, offset }, { topic: 'orders', offset: '0' })
  t.same(rest, {})
  await broker.settled()
  t.match(broker.published('orders'), [{
    key: '1',
    value: order,
    partition,
    headers: {
      tenant: 'a', 'content-type': 'application/json', 'x-published-by': 'asyncapi', correlation_id: /^[\w-]{36}$/
    }
  }])
  t.ok(Date.parse(timestamp) >= before && Date.parse(timestamp) <= Date.now())
  t.equal(broker.published('orders')[0]?.timestamp.toISOString(), timestamp)
  t.same(handled, [order], 'and subscribers of the topic get it')
})

t.test('key and headers that are given win over those of the publisher', async (t) => {
  const { broker, publish } = await build(t)
  for (const message of [{ key: 'k', headers: { tenant: 'b', tag: ['x', 'y'], correlation_id: 'c' } }, { key: null }]) {
    t.equal((await publish('sendOrders', { value: order, ...message })).statusCode, 200)
  }
  t.match(broker.published('orders'), [
    { key: 'k', headers: { tenant: 'b', tag: 'y', correlation_id: 'c' } }, { key: null, headers: { tenant: 'a' } }
  ])
})

t.test('what the app receives comes to its subscriber', async (t) => {
  const { broker, publish, handled } = await build(t)
  t.match(
    (await publish('takeOrder', { value: order, key: 'k', headers: { tenant: 'b' } })).json(),
    { topic: 'orders', offset: '0' }
  )
  t.match((await publish('takeOrder', { value: order })).statusCode, 200)
  await broker.settled()
  t.match(broker.published('orders'), [
    {
      key: 'k',
      value: order,
      headers: {
        tenant: 'b', 'content-type': 'application/json', 'x-published-by': 'asyncapi', correlation_id: /^[\w-]{36}$/
      }
    },
    { key: null, headers: { tenant: undefined } }
  ])
  t.same(handled, [order, order])
})

t.test('the codec is that of the operation: without a schema a string is text, with one it is JSON', async (t) => {
  const { broker, publish } = await build(t, {
    declare ({ broker }) {
      broker.publisher('notes')
      broker.subscriber('notes', async function note () {})
      broker.subscriber('names', { schema: { value: Type.String() } }, async function name () {})
    }
  })
  for (const operation of ['sendNotes', 'note', 'name']) {
    t.equal((await publish(operation, { value: 'hello' })).statusCode, 200)
  }
  t.match(broker.published('notes'), [
    { value: 'hello', headers: { 'content-type': 'text/plain' } },
    { value: 'hello', headers: { 'content-type': 'text/plain' } }
  ])
  t.match(broker.published('names'), [{ value: 'hello', headers: { 'content-type': 'application/json' } }])
})

t.test('null is a tombstone, which a subscriber must take', async (t) => {
  const { broker, publish } = await build(t, {
    declare ({ broker }) {
      broker.publisher('orders', { schema: { value: Order } })
      broker.subscriber('orders', { schema: { value: Order } }, async function strict () {})
      broker.subscriber(
        'orders',
        { groupId: 'other', schema: { value: Type.Union([Order, Type.Null()]) } },
        async function lenient () {}
      )
    }
  })
  t.equal((await publish('sendOrders', { value: null, key: 'k' })).statusCode, 200)
  t.equal((await publish('lenient', { value: null, key: 'k' })).statusCode, 200)
  t.match((await publish('strict', { value: null, key: 'k' })).json(), {
    statusCode: 400, code: 'FASTSTREAM_ERR_VALIDATION'
  })
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
    violations: [
      { part: 'value', path: '', message: "must have required property 'id'" },
      { part: 'value', path: '/total', message: 'must be >= 0' }
    ]
  })
  t.match(
    (await publish('sendOrders', { value: { ...order, total: '9' } })).json().violations,
    [{ path: '/total', message: 'must be number' }],
    'nothing is coerced'
  )
  t.same(broker.published('orders'), [])
})

t.test('a message that the subscriber would refuse is refused before it is sent', async (t) => {
  const { broker, publish } = await build(t, {
    declare ({ broker }) {
      broker.subscriber(
        'orders',
        {
          schema: {
            value: Order, key: Type.String({ format: 'uuid' }), headers: Type.Object({ tenant: Type.String() })
          }
        },
        async function takeOrder () {}
      )
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
  for (const [message, violation] of cases) {
    t.match((await publish('takeOrder', message)).json(), {
      statusCode: 400, code: 'FASTSTREAM_ERR_VALIDATION', violations: [violation]
    })
  }
  t.same(broker.published('orders'), [])
  t.equal((await publish('takeOrder', { value: { id: 1, total: '9' }, key, headers })).statusCode, 200)
  t.match(
    broker.published('orders'),
    [{ value: { id: 1, total: '9' } }],
    'what is coerced on the way in leaves as it was given'
  )
})

t.test('what a compiler of the app finds is told in its own words', async (t) => {
  const { publish } = await build(t, {
    declare (app) {
      app.setValidatorCompiler(() => () => ({ error: new Error('no such order') }))
      app.broker.publisher('orders', { schema: { value: Order } })
    }
  })
  t.match((await publish('sendOrders', { value: order })).json(), {
    statusCode: 400, violations: [{ part: 'value', path: '', message: /no such order/ }]
  })
})

t.test('a value that breaks a function of the publisher is a wrong value; own errors stay errors', async (t) => {
  const { publish } = await build(t, {
    declare ({ broker }) {
      broker.publisher('orders', { key: (order: unknown) => (order as { id: string }).id.trim() })
      broker.publisher('bills', {
        key: () => { throw Object.assign(new Error('no key today'), { code: 'E_KEY', statusCode: 418 }) }
      })
    }
  })
  t.match((await publish('sendOrders', { value: {} })).json(), {
    statusCode: 400, code: 'FASTSTREAM_ERR_ENCODE', message: /^the key of the message for 'orders'/, violations: []
  })
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
  t.match(
    (await publish('sendOrders', { value: order, key: 'k', headers: { tenant: 'a' } })).json().violations,
    [{ part: 'key' }]
  )
  t.match((await publish('sendOrders', { value: order, key: 'key' })).json().violations, [{ part: 'headers' }])
  t.equal((await publish('sendOrders', { value: order, key: 'key', headers: { tenant: 'a' } })).statusCode, 200)
  t.equal(broker.published('orders').length, 1)
})
