import { inspect } from 'node:util'
import Fastify from 'fastify'
import t from 'tap'
import faststreamPlugin, { dependency } from '../../index.js'
import { failedDependency, noteFailedDependency } from '../../lib/deps/failed-dependency.js'
import { testBroker } from '../../lib/testing/index.js'

t.test('a dependency is shown by its name', async (t) => {
  const tenant = dependency('tenant', () => 'a')
  t.equal(JSON.stringify(tenant), '{"name":"tenant"}')
  t.match(inspect(tenant), /^Dependency .*name: 'tenant'/)
})

t.test('what is wrong with a declaration is named', async (t) => {
  const app = Fastify()
  t.teardown(() => app.close())
  await app.register(faststreamPlugin)
  const code = 'FASTSTREAM_ERR_INVALID_OPTION'
  t.throws(() => dependency('tenant', class {} as never), { code, message: /'factory'/ })
  const withDeps = app.withDeps.bind(app) as unknown as (...all: unknown[]) => void
  t.throws(() => withDeps({}, {}), { code: 'FASTSTREAM_ERR_INVALID_ARGUMENTS', message: /withDeps\(deps\)/ })
  app.get('/', async (request) => await request.resolve('tenant' as never))
  t.match((await app.inject('/')).json(), { code, message: /'dependency'/ })
})

t.test('the dependency that failed is known of errors that are objects', async (t) => {
  const error = new Error('no')
  noteFailedDependency(error, 'first')
  noteFailedDependency(error, 'second')
  noteFailedDependency(null, 'first')
  noteFailedDependency('no', 'first')
  t.equal(failedDependency(error), 'second')
  t.equal(failedDependency(new Error('no')), undefined)
})

t.test('a header without a value is none', async (t) => {
  const app = Fastify()
  t.teardown(() => app.close())
  await app.register(faststreamPlugin)
  const seen: unknown[] = []
  const tenant = dependency('tenant', (_, { header }) => { seen.push(header('X-Tenant'), header('x-other')) })
  const onOrder = app.broker.subscriber('orders', { deps: { tenant }, groupId: 'shop' }, async () => {})
  const broker = await testBroker(app)
  await broker.publish('orders', 1, { headers: { 'x-tenant': null, 'x-other': 'b' } })
  await broker.handler(onOrder).called()
  t.same(seen, [undefined, 'b'])
})
