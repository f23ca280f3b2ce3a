import t from 'tap'
import Fastify from 'fastify'
import namedOrDefault, { faststreamPlugin, type FaststreamOptions } from '../../index.js'
import { Inbox } from '../support/inbox.js'
import { build } from '../support/plugin-app.js'

t.test('the plugin is the default export and a named one', async (t) => {
  t.equal(namedOrDefault, faststreamPlugin)
})

t.test('options are checked at register', async (t) => {
  const app = Fastify()
  await t.rejects(
    async () => { await app.register(faststreamPlugin, { broker: 'localhost:9092' } as FaststreamOptions) },
    { code: 'FASTSTREAM_ERR_INVALID_OPTION' }
  )
})

t.test('a broker name is taken once in an app, also in sibling scopes', async (t) => {
  const app = await build(t)
  await t.rejects(async () => { await app.register(faststreamPlugin) }, {
    code: 'FASTSTREAM_ERR_ALREADY_REGISTERED', message: /'default'/
  })

  const siblings = Fastify()
  siblings.register(async (scope) => { await scope.register(faststreamPlugin) })
  siblings.register(async (scope) => { await scope.register(faststreamPlugin) })
  await t.rejects(async () => { await siblings.ready() }, { code: 'FASTSTREAM_ERR_ALREADY_REGISTERED' })
})

t.test('further clusters are found by name', async (t) => {
  const app = await build(t)
  await app.register(faststreamPlugin, { name: 'billing' })
  t.equal(app.broker.name, 'default')
  // Its name is typed by `interface NamedBrokers` in the type tests.
  t.same(Object.keys(app.brokers), ['default', 'billing'])
  const inbox = new Inbox<unknown>()
  app.brokers.billing.subscriber('bills', (value) => { inbox.add(value) })
  app.get('/', async (request) => {
    await request.brokers.billing.publish('bills', 1)
    t.equal(request.brokers.billing, request.brokers.billing, 'one view per request')
  })
  await app.inject('/')
  t.same(await inbox.count(1), [1])
})

t.test('a broker of a child scope is seen there, together with its parents', async (t) => {
  const app = await build(t)
  await app.register(async (scope) => {
    await scope.register(faststreamPlugin, { name: 'inner' })
    t.same(Object.keys(scope.brokers), ['default', 'inner'])
    scope.get('/in', async (request) => Object.keys(request.brokers))
  })
  app.get('/out', async (request) => Object.keys(request.brokers))
  t.same(Object.keys(app.brokers), ['default'])
  t.same((await app.inject('/in')).json(), ['default', 'inner'])
  t.same((await app.inject('/out')).json(), ['default'])
})

t.test('a plugin in a child scope is not seen outside', async (t) => {
  const app = Fastify()
  t.teardown(() => app.close())
  await app.register(async (scope) => {
    await scope.register(faststreamPlugin)
    t.ok(scope.broker)
  })
  t.notOk(app.hasDecorator('broker'))
  await app.ready()
})

t.test('a scope has one view, with its own schemas, logger and this', async (t) => {
  const app = await build(t)
  const inbox = new Inbox<unknown>()
  app.addSchema({ $id: 'shared', type: 'object', properties: { n: { type: 'integer' } } })
  await app.register(async (scope) => {
    t.equal(scope.broker, scope.broker)
    t.not(scope.broker, app.broker)
    scope.decorate('mine', 'yes')
    scope.addSchema({ $id: 'own', type: 'object', properties: { shared: { $ref: 'shared#' } } })
    scope.broker.subscriber('scoped', { schema: { value: { $ref: 'own#' } } }, function (value) {
      inbox.add([value, (this as unknown as { mine: string }).mine])
    })
  }, { logLevel: 'silent' })
  await app.ready()
  await app.broker.publish('scoped', { shared: { n: '3' } })
  t.same(await inbox.count(1), [[{ shared: { n: 3 } }, 'yes']])
})
