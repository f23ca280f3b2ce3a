import { createServer } from 'node:http'
import Fastify from 'fastify'
import t from 'tap'
import faststreamPlugin from '../index.js'
import { ancestors, perApp, rootOf } from '../lib/scope.js'

t.test('a scope knows its ancestors and its root', async (t) => {
  const root = Fastify()
  t.teardown(() => root.close())
  await root.register(async (outer) => {
    await outer.register(async (inner) => {
      t.same([...ancestors(inner)].map((scope) => [inner, outer, root].indexOf(scope)), [0, 1, 2])
      t.equal(rootOf(inner), root)
    })
  })
  t.equal(rootOf(root), root)
})

t.test('a state is made once per app and shared by its scopes', async (t) => {
  const stateOf = perApp(() => ({}))
  const [one, other] = [Fastify(), Fastify()]
  t.teardown(() => Promise.all([one.close(), other.close()]))
  await one.register(async (scope) => { t.equal(stateOf(scope), stateOf(one)) })
  t.not(stateOf(one), stateOf(other))
})

t.test('two apps on one HTTP server each have their own broker', async (t) => {
  const server = createServer()
  const apps = [Fastify({ serverFactory: () => server }), Fastify({ serverFactory: () => server })]
  t.teardown(() => Promise.all(apps.map((app) => app.close())))
  for (const app of apps) {
    await app.register(faststreamPlugin)
    app.broker.publisher('orders')
    await app.ready()
    t.match(await app.broker.publish('orders', 1), { topic: 'orders', offset: 0n })
  }
  t.not(apps[0]?.broker, apps[1]?.broker)
  t.not(apps[0]?.asyncapi, apps[1]?.asyncapi)
})
