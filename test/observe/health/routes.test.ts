import t, { type Test } from 'tap'
import Fastify, { type FastifyServerOptions } from 'fastify'
import faststreamPlugin, { StopConsume, type FaststreamOptions, type HealthOptions } from '../../../index.js'
import { createMemoryCluster, createMemoryTransport } from '../../../lib/transport/memory/index.js'
import { useEnvironment } from '../../support/environment.js'
import { hear } from '../../support/hear.js'
import { gate, Inbox } from '../../support/inbox.js'
import { ManualClock, turn } from '../../support/manual-clock.js'
import { withProgress } from '../../support/with-progress.js'

async function build (
  t: Test, health: HealthOptions, options: FaststreamOptions = {}, server: FastifyServerOptions = {}
) {
  const app = Fastify(server)
  t.teardown(() => app.close())
  await app.register(faststreamPlugin, { groupId: 'shop', health, ...options })
  const status = async (path: string): Promise<number> => (await app.inject(path)).statusCode
  return { app, status }
}

t.test('an app whose messages flow is live and ready, and says no more', async (t) => {
  const { app } = await build(t, {})
  app.broker.subscriber('orders', () => {})
  for (const path of ['live', 'ready']) {
    const res = await app.inject(`/${path}`)
    t.equal(res.statusCode, 200)
    t.equal(res.body, `{"${path}":true}`)
    t.match(res.headers, { 'content-type': 'application/json; charset=utf-8', 'cache-control': 'no-store' })
  }
  t.equal((await app.inject('/health')).statusCode, 404, 'details are off')
})

t.test('an app that serves HTTP before the cluster answers is live, and not ready', async (t) => {
  const { app, status } = await build(t, {}, { startup: 'background' })
  const connecting = gate()
  const cluster = createMemoryCluster()
  useEnvironment(app, {
    createTransport: async () => {
      const transport = createMemoryTransport({ cluster })
      return {
        ...transport,
        connect: async (...args) => {
          await connecting.opened
          await transport.connect(...args)
        }
      }
    }
  })
  app.broker.subscriber('orders', () => {})
  await app.ready()
  t.same([await status('/live'), await status('/ready')], [200, 503])
  t.equal((await app.inject('/ready')).body, '{"ready":false}')
  connecting.open()
  while (!app.broker.health().healthy) await turn()
  t.equal(await status('/ready'), 200)
})

t.test('a subscriber that has stopped makes the app not ready, and it stays live', async (t) => {
  const { app, status } = await build(t, {})
  app.broker.subscriber('orders', () => { throw new StopConsume() })
  const stopped = hear(t, 'faststream.subscriber.stopped')
  await app.ready()
  await app.broker.publish('orders', 1)
  while (stopped.length === 0) await turn()
  t.same([await status('/live'), await status('/ready')], [200, 503])
})

t.test('a partition that makes no progress makes the app not ready', async (t) => {
  const { app, status } = await build(t, {}, { startup: 'background', stuckAfter: 1000, handlerTimeout: 1000 })
  const clock = new ManualClock()
  const cluster = createMemoryCluster(clock)
  useEnvironment(app, { clock, createTransport: async () => createMemoryTransport({ cluster }) })
  const handled = new Inbox<unknown>()
  app.broker.subscriber('orders', (value, { nack }) => {
    handled.add(value)
    nack({ delay: 60_000 })
  })
  await app.ready()
  while (!app.broker.health().healthy) await turn()
  await app.broker.publish('orders', 1)
  await handled.count(1)
  t.equal(await status('/ready'), 200)
  await clock.advance(1100)
  t.equal(await status('/ready'), 503)
})

t.test('a consumer that is connected and reads nothing while there is lag is not ready', async (t) => {
  const { app, status } = await build(t, {}, { startup: 'background', stuckAfter: 1000, handlerTimeout: 1000 })
  const clock = new ManualClock()
  const cluster = createMemoryCluster(clock)
  useEnvironment(app, {
    clock,
    createTransport: async () => {
      const transport = createMemoryTransport({ cluster })
      return {
        ...transport,
        consumer (options, listener) {
          const behindSince = clock.elapsed()
          return withProgress(transport.consumer(options, listener), { position: 0n, end: 5n, behindSince })
        }
      }
    }
  })
  app.broker.subscriber('orders', () => {})
  await app.ready()
  while (!app.broker.isStarted) await turn()
  await clock.advance(500)
  t.equal(await status('/ready'), 200)
  await clock.advance(600)
  t.equal(app.broker.health().state, 'connected')
  t.equal(await status('/ready'), 503)
})

t.test('an app is not ready while it drains', async (t) => {
  const { app } = await build(t, {}, {}, { return503OnClosing: false, forceCloseConnections: true })
  const [began, ended] = [gate(), gate()]
  app.broker.subscriber('orders', async () => {
    began.open()
    await ended.opened
  })
  const address = await app.listen({ port: 0 })
  const status = async (path: string): Promise<number> => (await fetch(address + path)).status
  await app.broker.publish('orders', 1)
  await began.opened
  t.same([await status('/live'), await status('/ready')], [200, 200])
  const closed = app.close()
  while (app.broker.isStarted) await turn()
  t.same([await status('/live'), await status('/ready')], [200, 503])
  ended.open()
  await closed
})

t.test('an app that only publishes is not ready while it closes', async (t) => {
  const { app } = await build(t, {}, {}, { return503OnClosing: false, forceCloseConnections: true })
  const ended = gate()
  app.broker.onStopping(async () => { await ended.opened })
  const address = await app.listen({ port: 0 })
  const status = async (path: string): Promise<number> => (await fetch(address + path)).status
  t.equal(await status('/ready'), 200)
  const closed = app.close()
  while (app.broker.isStarted) await turn()
  t.same([app.broker.health().healthy, await status('/live'), await status('/ready')], [true, 200, 503])
  ended.open()
  await closed
})

t.test('details are sent where authorize returns true, and nothing else allows them', async (t) => {
  let answer: unknown = true
  const { app } = await build(t, { details: '/health', authorize: async () => answer as boolean })
  app.broker.subscriber('orders', () => {})
  const res = await app.inject('/health')
  t.equal(res.statusCode, 200)
  t.match(res.json(), {
    ready: true,
    brokers: { default: { healthy: true, state: 'connected', subscribers: [{ topics: ['orders'], groupId: 'shop' }] } }
  })
  for (answer of [false, undefined, 'yes', 1]) {
    const refused = await app.inject('/health')
    t.match(refused.json(), { statusCode: 403, code: 'FASTSTREAM_ERR_HEALTH_FORBIDDEN' })
    t.notMatch(refused.body, /orders/)
  }
})

t.test('an error of authorize goes to the error handler of the app', async (t) => {
  const { app } = await build(t, {
    details: '/health', authorize () { throw Object.assign(new Error('log in'), { statusCode: 401 }) }
  })
  t.equal((await app.inject('/health')).statusCode, 401)
})

t.test('the paths are those of the options, under the prefix of register', async (t) => {
  const app = Fastify()
  t.teardown(() => app.close())
  const health = { live: '/livez', ready: '/probes/readyz' }
  await app.register(faststreamPlugin, { groupId: 'shop', health, prefix: '/internal' })
  for (const path of ['/internal/livez', '/internal/probes/readyz']) t.equal((await app.inject(path)).statusCode, 200)
  t.equal((await app.inject('/live')).statusCode, 404)
})

t.test('the routes tell of all brokers of an app, so that the option is given once', async (t) => {
  const { app, status } = await build(t, {})
  await app.register(faststreamPlugin, { name: 'billing', groupId: 'bills' })
  const { billing } = app.brokers as unknown as Record<string, typeof app.broker>
  billing!.subscriber('bills', () => { throw new StopConsume() })
  const stopped = hear(t, 'faststream.subscriber.stopped')
  await app.ready()
  t.equal(await status('/ready'), 200)
  await billing!.publish('bills', 1)
  while (stopped.length === 0) await turn()
  t.equal(await status('/ready'), 503)

  const other = Fastify()
  await other.register(faststreamPlugin, { health: {} })
  await t.rejects(async () => { await other.register(faststreamPlugin, { name: 'billing', health: {} }) }, {
    code: 'FASTSTREAM_ERR_INVALID_OPTION',
    message: "option 'health' must be given once: its routes tell of all brokers of an app"
  })
})

const authorize = (): boolean => true
for (const [option, health] of Object.entries({
  health: 'yes',
  'health.startup': { startup: '/startup' },
  'health.live': { live: 'live' },
  'health.ready': { ready: '/ready/' },
  'health.details': { details: '/health/*', authorize }
})) {
  t.test(`a wrong ${option} is refused`, async (t) => {
    const wrong = { health } as object
    await t.rejects(async () => { await Fastify().register(faststreamPlugin, wrong) }, {
      code: 'FASTSTREAM_ERR_INVALID_OPTION', message: new RegExp(`^option '${option}' `)
    })
  })
}

t.test('routes of one path, and details that no function protects, are refused', async (t) => {
  const refused = async (health: HealthOptions, message: RegExp): Promise<void> => {
    await t.rejects(async () => { await Fastify().register(faststreamPlugin, { health }) }, { message })
  }
  await refused({ live: '/health', ready: '/health' }, /'health' must have a path of its own for each route/)
  await refused({ ready: '/live' }, /'health' must have a path of its own/)
  await refused({ details: '/health' }, /'health.details' must be given together with 'authorize'/)
  await refused({ authorize }, /'health.details' must be given together with 'authorize'/)
  const wrong = { details: '/health', authorize: true as never }
  await refused(wrong, /'health.authorize' must be a function of the request/)
})
