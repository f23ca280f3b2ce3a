import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import t, { type Test } from 'tap'
import Fastify from 'fastify'
import underPressure from '@fastify/under-pressure'
import faststreamPlugin, { StopConsume, type FaststreamOptions } from '../../index.js'
import { useEnvironment } from '../support/environment.js'
import { createMemoryCluster, createMemoryTransport } from '../../lib/transport/memory/index.js'

/** The recipe of docs/operations.md, with the defaults of under-pressure. */
async function build (t: Test, options: FaststreamOptions = {}) {
  const app = Fastify()
  t.teardown(() => app.close())
  await app.register(faststreamPlugin, { groupId: 'shop', ...options })
  await app.register(underPressure, {
    exposeStatusRoute: true,
    healthCheck: async () => {
      const { healthy, state } = app.broker.health()
      return healthy || state === 'starting'
    }
  })
  app.get('/', async () => 'here')
  return app
}

t.test('the recipe for under-pressure serves an app that was asked for its health while plugins loaded', async (t) => {
  const app = await build(t)
  t.match(app.broker.health(), { healthy: false, state: 'starting' })
  t.equal((await app.inject('/')).statusCode, 200)
  t.same((await app.inject('/status')).json(), { status: 'ok' })
})

t.test('the status route of under-pressure tells when a subscriber has stopped', async (t) => {
  const app = await build(t)
  app.broker.subscriber('orders', () => { throw new StopConsume() })
  await app.ready()
  const stopped = new Promise((resolve) => {
    subscribe('faststream.subscriber.stopped', resolve)
    t.teardown(() => unsubscribe('faststream.subscriber.stopped', resolve))
  })
  await app.broker.publish('orders', {})
  await stopped
  t.equal((await app.inject('/status')).statusCode, 503)
  t.equal((await app.inject('/')).statusCode, 200, 'the routes of the app are served')
})

t.test('the broker is starting until it has connected, also while onReady hooks run', async (t) => {
  const app = await build(t)
  const states: string[] = []
  const transport = createMemoryTransport({ cluster: createMemoryCluster() })
  useEnvironment(app, {
    createTransport: async () => {
      states.push(app.broker.health().state)
      return transport
    }
  })
  await app.ready()
  t.same([...states, app.broker.health().state], ['starting', 'connected'])
  t.throws(() => { app.broker.options({ tags: ['late'] }) }, { code: 'FASTSTREAM_ERR_ALREADY_STARTED' })
})
