import t from 'tap'
import { KafkaRouter, type Middleware } from '../../index.js'
import { testBroker } from '../../lib/testing/index.js'
import { build } from '../support/plugin-app.js'

function named (calls: string[], name: string): Middleware {
  return {
    onReceive: ({ topic }) => { if (topic === 'orders') calls.push(name) },
    publishScope: async (next, command) => {
      calls.push(`${name} publishes`)
      return await next(command)
    }
  }
}

t.test('middlewares that are added to a router surround all that is declared on it', async (t) => {
  const calls: string[] = []
  const app = await build(t)
  const router = new KafkaRouter({ middlewares: [named(calls, 'option')] })
  const inner = new KafkaRouter()
  const invoices = inner.publisher('invoices')
  inner.subscriber('orders', { middlewares: [named(calls, 'subscriber')], publish: invoices }, () => 1)
  router.includeRouter(inner)
  router.addMiddleware(named(calls, 'added'))
  app.broker.includeRouter(router)
  router.insertMiddleware(named(calls, 'inserted'))
  inner.addMiddleware(named(calls, 'inner'))
  app.broker.addMiddleware(named(calls, 'scope'))
  const broker = await testBroker(app)
  await broker.publish('orders', 1)
  await broker.settled()
  const order = ['scope', 'inserted', 'option', 'added', 'inner', 'subscriber']
  t.same(calls, [...order, ...order.map((name) => `${name} publishes`)])
})

t.test('a middleware that comes too late for an app is refused, at any depth', async (t) => {
  const app = await build(t)
  const router = new KafkaRouter({ prefix: 'eu.' })
  const inner = new KafkaRouter()
  router.includeRouter(inner)
  app.broker.includeRouter(router)
  await app.ready()
  const middleware = { onReceive () {} }
  for (const late of [router, inner]) {
    for (const method of ['addMiddleware', 'insertMiddleware'] as const) {
      t.throws(() => { late[method](middleware) }, { code: 'FASTSTREAM_ERR_ALREADY_STARTED', message: /a middleware/ })
    }
  }
  const error = { code: 'FASTSTREAM_ERR_INVALID_OPTION', message: /'middleware' must be an object/ }
  t.throws(() => { new KafkaRouter().addMiddleware({}) }, error)
  t.throws(() => { new KafkaRouter().insertMiddleware({}) }, error)
  t.throws(() => { (new KafkaRouter().addMiddleware as Function)(middleware, 1) }, {
    code: 'FASTSTREAM_ERR_INVALID_ARGUMENTS'
  })
})
