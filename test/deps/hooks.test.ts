import Fastify, { type FastifyInstance, type RouteOptions } from 'fastify'
import t, { type Test } from 'tap'
import faststreamPlugin, { dependency } from '../../index.js'
import { signalOf } from '../../lib/deps/http.js'
import { gate, Inbox } from '../support/inbox.js'
import { turn } from '../support/manual-clock.js'

// What the hooks of the plugin do with requests that did not come to all of them, and with those that need nothing.

async function build (t: Test, before: (app: FastifyInstance) => unknown = () => {}) {
  const app = Fastify({ forceCloseConnections: true })
  t.teardown(() => app.close())
  await before(app)
  await app.register(faststreamPlugin)
  return app
}

t.test('an older hook that refuses a request is answered as without the plugin', async (t) => {
  const seen: unknown[] = []
  const app = await build(t, (app) => {
    app.addHook('onRequest', async (request) => {
      seen.push(signalOf(request))
      throw Object.assign(new Error('who are you?'), { statusCode: 401 })
    })
  })
  app.get('/x', async () => 1)
  t.match(await app.inject('/x'), { statusCode: 401, body: /who are you/ })
  t.same(seen, [undefined], 'nothing is known of the request yet')
})

t.test('a route that another plugin copies into a scope without dependencies works there', async (t) => {
  const scopes: FastifyInstance[] = []
  const app = await build(t, async (app) => { await app.register(async (scope) => { scopes.push(scope) }) })
  const prepared: RouteOptions[] = []
  app.addHook('onRoute', (route) => { prepared.push(route) })
  app.get('/x', async () => 'copied')
  const { handler } = prepared[0] as RouteOptions
  scopes[0]?.get('/copy', handler)
  for (const url of ['/x', '/copy']) t.match(await app.inject(url), { statusCode: 200, body: 'copied' }, url)
})

t.test('the dependencies of a request that has none cannot be written, for other requests have the same', async (t) => {
  const app = await build(t)
  app.get('/x', async ({ deps }) => Reflect.set(deps, 'tx', 1))
  t.equal((await app.inject('/x')).body, 'false')
})

t.test('a clean-up that fails with a 5xx of its own is answered with that, also by an error handler', async (t) => {
  const app = await build(t)
  for (const statusCode of [503, undefined]) {
    const failing = dependency(async function * () {
      yield
      throw Object.assign(new Error('no connection'), { statusCode })
    })
    app.get(`/${statusCode}`, {
      config: { deps: { failing } }, errorHandler: (error, _, reply) => { reply.send({ said: error.message }) }
    }, async () => 1)
  }
  t.equal((await app.inject('/503')).statusCode, 503)
  t.equal((await app.inject('/undefined')).statusCode, 500)
})

t.test("Fastify's handlerTimeout replies for a route without dependencies, too", async (t) => {
  const app = await build(t)
  const { opened, open } = gate()
  app.get('/x', { handlerTimeout: 20 }, async () => { await opened })
  t.equal((await app.inject('/x')).statusCode, 503)
  open()
})

t.test('all that is made for a request has one signal, which a reply that was sent does not abort', async (t) => {
  const app = await build(t)
  const signals: unknown[] = []
  const one = dependency((_, context) => { signals.push(context.signal, context.signal) })
  const two = dependency({ one }, (_, { signal }) => { signals.push(signal) })
  app.get('/x', { config: { deps: { two } } }, async (request) => { signals.push(signalOf(request)) })
  await app.inject('/x')
  await turn()
  const [first] = signals
  t.ok(first instanceof AbortSignal && !first.aborted)
  t.equal(signals.length, 4)
  for (const signal of signals) t.equal(signal, first)
})

t.test('the signal of a request aborts when its client is gone, though it has no dependencies', async (t) => {
  const app = await build(t)
  const inbox = new Inbox<string>()
  app.get('/x', async (request) => {
    signalOf(request)?.addEventListener('abort', () => { inbox.add('aborted') })
    inbox.add('handler')
    await inbox.count(2)
  })
  const url = await app.listen({ port: 0, host: '127.0.0.1' })
  const controller = new AbortController()
  const reply = fetch(`${url}/x`, { signal: controller.signal })
  await inbox.count(1)
  controller.abort()
  await t.rejects(reply)
  t.same(await inbox.count(2), ['handler', 'aborted'])
})
