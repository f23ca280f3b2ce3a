import t from 'tap'
import Fastify from 'fastify'
import faststreamPlugin, { type AsyncapiDocument, type AsyncapiObject, type AsyncapiOperation } from '../../../index.js'
import { build, order } from '../../support/publish-app.js'

t.test('a subscriber of several topics has an operation for each', async (t) => {
  const { broker, publish } = await build(t, {
    declare: (app) => { app.broker.subscriber(['returns', 'refunds'], async function takeBack () {}) }
  })
  t.equal((await publish('takeBackRefunds', { value: 1 })).json().topic, 'refunds')
  t.same([broker.published('returns').length, broker.published('refunds').length], [0, 1])
})

t.test('only operations of the document are there', async (t) => {
  const { publish, broker } = await build(t, {
    asyncapi: {
      transform ({ operations: { sendGone, sendOld, ...operations }, ...document }) {
        return { ...document, operations: { ...operations, sendNew: sendOld as AsyncapiObject } }
      }
    },
    declare ({ broker }) {
      for (const topic of ['gone', 'old', 'kept']) broker.publisher(topic)
      broker.publisher('hidden', { includeInSchema: false })
      broker.subscriber('hidden.plans', { includeInSchema: false }, async function plan () {})
    }
  })
  t.equal((await publish('sendKept', { value: 1 })).statusCode, 200)
  for (const id of [
    'sendGone', 'sendOld', 'sendNew', 'sendHidden', 'plan', 'nothing', 'kept', '', '__proto__', 'toString', 'sendKept/x'
  ]) {
    t.match(await publish(id, { value: 1 }), {
      statusCode: 404, body: new RegExp(`"code":"FASTSTREAM_ERR_UNKNOWN_OPERATION".* '${id}'`)
    })
  }
  for (const topic of ['gone', 'old', 'hidden', 'hidden.plans']) t.same(broker.published(topic), [])
})

t.test('a document without operations has nothing to publish', async (t) => {
  const { publish } = await build(t, {
    asyncapi: { transform: ({ operations, ...document }) => document as AsyncapiDocument }
  })
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
  t.match((await publish('sendOrdersDlq', { value: 1 })).json(), {
    statusCode: 403, code: 'FASTSTREAM_ERR_PUBLISH_FORBIDDEN', message: /a dead letter is a message that failed/
  })
  t.same([asked, broker.published('orders.dlq')], [[], []])
  t.equal((await publish('bury', { value: 1 })).statusCode, 200)
})

t.test('each cluster gets its own, with the correlation id that requests have there', async (t) => {
  const asked: AsyncapiOperation[] = []
  const app = Fastify()
  t.teardown(() => app.close())
  await app.register(faststreamPlugin, {
    asyncapi: { publish: { authorize (_, operation) { asked.push(operation); return true } } }
  })
  await app.register(faststreamPlugin, { name: 'billing', correlationId: ({ url }) => `of ${url}` })
  const { billing } = app.brokers as unknown as { billing: typeof app.broker }
  app.broker.subscriber('orders', async function takeOrder () { t.fail('it is not for this one') })
  billing.publisher('orders')
  const charged = new Promise((resolve) => {
    billing.subscriber('orders', async function charge (value, { correlationId }) {
      if (value === 2) resolve(correlationId)
    })
  })
  const publish = async (id: string, value: number) => await app.inject({
    method: 'POST', url: `/asyncapi/publish/${id}`, payload: { value }
  })
  t.match((await publish('sendBillingOrders', 1)).json(), { topic: 'orders', offset: '0' })
  t.match((await publish('charge', 2)).statusCode, 200)
  t.equal(await charged, 'of /asyncapi/publish/charge')
  t.same(asked, [
    { id: 'sendBillingOrders', action: 'send', topic: 'orders', broker: 'billing' },
    { id: 'charge', action: 'receive', topic: 'orders', broker: 'billing' }
  ])
})
