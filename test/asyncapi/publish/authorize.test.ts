import t from 'tap'
import Fastify, { type RouteOptions } from 'fastify'
import faststreamPlugin, { dependency, type AsyncapiOperation, type AsyncapiOptions } from '../../../index.js'
import { testBroker } from '../../../lib/testing/index.js'
import { Order, yes, make, build, production, order } from '../../support/publish-app.js'

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
    t.match((await publish('sendOrders', { value: order })).json(), {
      statusCode: 403,
      code: 'FASTSTREAM_ERR_PUBLISH_FORBIDDEN',
      error: 'Forbidden',
      message: "operation 'sendOrders' was not published: 'authorize' did not allow it"
    })
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
  const publish = async (id: string, value: unknown) => await app.inject({
    method: 'POST', url: `/asyncapi/publish/${id}`, payload: { value }
  })
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
        onRequest: [async (request, reply) => {
          order.push('onRequest')
          if (request.headers.authorization !== 'yes') return await reply.code(401).send()
        }],
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
  t.equal(
    (await app.inject({ method: 'POST', url: '/asyncapi/publish/sendOrders', payload: { value: 1 } })).statusCode, 404
  )
})

t.test('in production it must be written twice', async (t) => {
  production(t)
  const plugin = { transport: 'memory' } as const
  for (const further of [{}, { production: false }]) {
    await t.rejects(
      async () => { await make(t, { plugin, asyncapi: { publish: { authorize: yes, ...further } } }) },
      { code: 'FASTSTREAM_ERR_INVALID_OPTION', message: /'asyncapi.publish.production' must be true in production/ }
    )
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
  for (const [publish, message] of wrong) {
    await t.rejects(
      async () => { await make(t, { asyncapi: { publish } as AsyncapiOptions }) },
      { code: 'FASTSTREAM_ERR_INVALID_OPTION', message }
    )
  }
})
