import { AsyncLocalStorage } from 'node:async_hooks'
import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { Readable } from 'node:stream'
import t, { type Test } from 'tap'
import Fastify, { type FastifyServerOptions } from 'fastify'
import { fastifyRequestContext, requestContext } from '@fastify/request-context'
import faststreamPlugin, { dependency, type FaststreamOptions } from '../../index.js'
import { systemClock } from '../../lib/clock.js'
import { reportReset } from '../../lib/consume/group/offset-reset.js'
import { inOwnContext } from '../../lib/context.js'
import { Producer } from '../../lib/produce/producer.js'
import { testBroker } from '../../lib/testing/index.js'
import { createMemoryCluster, createMemoryTransport } from '../../lib/transport/memory/index.js'
import type { TransportProducer } from '../../lib/transport/transport.js'
import { environmentOf, useEnvironment } from '../support/environment.js'
import { gate, Inbox } from '../support/inbox.js'
import { memoryLog } from '../support/json-log.js'

declare module '@fastify/request-context' {
  interface RequestContextData { tenant: string }
}

const TENANTS = ['a', 'b', 'c', 'd']

async function build (t: Test, options: FaststreamOptions = {}, server: FastifyServerOptions = {}) {
  const app = Fastify(server)
  t.teardown(() => app.close())
  await app.register(faststreamPlugin, { topicConfig: { partitions: 2 }, ...options })
  return app
}

t.test('each call has an empty context of its own', async (t) => {
  const storage = new AsyncLocalStorage<string>()
  storage.run('caller', () => {
    inOwnContext(() => {
      t.equal(storage.getStore(), undefined, 'the context of the caller is not seen')
      storage.enterWith('entered')
    })
    inOwnContext(() => { t.equal(storage.getStore(), undefined, 'nor what an earlier call entered') })
    t.equal(storage.getStore(), 'caller')
  })
  t.equal(inOwnContext(() => 1), 1)
  t.throws(() => { inOwnContext(() => { throw new Error('thrown by the work') }) }, /thrown by the work/)
  t.equal(storage.getStore(), undefined)
})

t.test("with @fastify/request-context a handler sees no request's context, and the route keeps its own", async (t) => {
  const app = await build(t)
  await app.register(fastifyRequestContext, {
    hook: 'onRequest', defaultStoreValues: (request) => ({ tenant: request.headers['x-tenant'] as string })
  })
  const seen: unknown[] = []
  app.broker.subscriber('orders', (value) => { seen.push([value, requestContext.get('tenant')]) })
  app.post('/orders', async (request) => {
    const tenant = requestContext.get('tenant')
    await request.broker.publish('orders', tenant)
    return [tenant, requestContext.get('tenant')]
  })
  const broker = await testBroker(app)
  const replies = await Promise.all(TENANTS.map(
    async (tenant) => (await app.inject({ method: 'POST', url: '/orders', headers: { 'x-tenant': tenant } })).json()
  ))
  await broker.settled()
  t.same(replies, TENANTS.map((tenant) => [tenant, tenant]))
  t.same(seen.sort(), TENANTS.map((tenant) => [tenant, undefined]))
})

for (const how of ['run', 'enterWith'] as const) {
  t.test(`what a route sets with ${how} is not seen by handlers, nor in log lines about their messages`, async (t) => {
    const storage = new AsyncLocalStorage<string>()
    const { stream, lines } = memoryLog()
    const app = await build(t, {}, {
      logger: { level: 'debug', stream, mixin: () => ({ tenant: storage.getStore() }) }
    })
    const seen: unknown[] = []
    app.broker.subscriber('orders', (value, { attempt }) => {
      seen.push(storage.getStore())
      if (attempt === 1) throw new Error('fails once')
    })
    app.post<{ Body: { tenant: string } }>('/orders', async (request) => {
      const { tenant } = request.body
      if (how === 'enterWith') storage.enterWith(tenant)
      const publish = async () => { await request.broker.publish('orders', tenant); return storage.getStore() }
      return { tenant: await (how === 'run' ? storage.run(tenant, publish) : publish()) }
    })
    const broker = await testBroker(app)
    const replies = await Promise.all(TENANTS.map(
      async (tenant) => (await app.inject({ method: 'POST', url: '/orders', payload: { tenant } })).json()
    ))
    await broker.settled()
    t.same(replies, TENANTS.map((tenant) => ({ tenant })), 'where the publish is awaited the context goes on')
    t.same(seen, Array(2 * TENANTS.length).fill(undefined))
    t.same(lines.filter(({ msg, tenant }) => /handler failed/.test(msg) && tenant !== undefined), [])
    t.equal(lines.filter(({ msg }) => /handler failed/.test(msg)).length, TENANTS.length)
  })
}

t.test('async context that user code enters for one message is invisible to other messages', async (t) => {
  const storage = new AsyncLocalStorage<unknown>()
  const foreign: unknown[] = []
  const places = new Set<string>()
  /** Notes a context that another message entered, and enters one of its own. */
  function visit (place: string, id: unknown): void {
    places.add(place)
    const store = storage.getStore()
    if (store !== undefined && store !== id) foreign.push({ place, id, store })
    storage.enterWith(id)
  }
  const app = await build(t, { concurrency: 1, topicConfig: { partitions: 1 } })
  const results = app.broker.publisher('results', {
    key: (id) => { visit('key', id); return String(id) },
    headers: (id) => { visit('headers', id); return { id: String(id) } }
  })
  const dep = dependency(async function * (_, { source }) {
    const id = source.kind === 'message' ? source.message.value : undefined
    visit('dependency', id)
    yield id
    visit('clean-up', id)
  })
  const retry = {
    retries: 1, retryOn: (error: unknown) => { visit('retryOn', Number((error as Error).message)); return true }
  }
  app.broker.subscriber('orders', { deps: { dep }, publish: results, retry }, async (id, { attempt }) => {
    visit('handler', id)
    await null
    visit('handler, later', id)
    if (attempt === 1 || Number(id) % 2 === 1) throw new Error(String(id))
    return id
  })
  app.broker.subscriber('results', (id) => { visit('the next handler', id) })
  app.broker.subscriber('orders.dlq', (id) => { visit('the handler of dead letters', id) })
  const broker = await testBroker(app)
  await Promise.all([1, 2, 3, 4, 5, 6].map((id) => storage.run(
    `publisher of ${id}`, () => broker.publish('orders', id)
  )))
  await broker.settled()
  t.same(foreign, [])
  t.same([...places].sort(), [
    'clean-up',
    'dependency',
    'handler',
    'handler, later',
    'headers',
    'key',
    'retryOn',
    'the handler of dead letters',
    'the next handler'
  ])
})

for (const concurrency of [1, 8]) {
  t.test(`queued messages do not share async context, ${concurrency} at a time`, async (t) => {
    const storage = new AsyncLocalStorage<unknown>()
    const app = await build(t, { concurrency })
    const seen: unknown[] = []
    app.broker.subscriber('orders', (value) => {
      seen.push(storage.getStore())
      storage.enterWith(value)
    })
    const broker = await testBroker(app)
    await Promise.all(TENANTS.map((tenant, i) => broker.publish('orders', tenant, { partition: i % 2 })))
    await broker.settled()
    t.same(seen, TENANTS.map(() => undefined))
  })
}

t.test('another attempt does not see what the one before it entered', async (t) => {
  const storage = new AsyncLocalStorage<number>()
  const app = await build(t)
  const seen: unknown[] = []
  app.broker.subscriber('orders', (_, { attempt }) => {
    seen.push(storage.getStore())
    storage.enterWith(attempt)
    if (attempt < 3) throw new Error('fails twice')
  })
  const broker = await testBroker(app)
  await broker.publish('orders', 1)
  await broker.settled()
  t.same(seen, [undefined, undefined, undefined])
})

t.test('listeners of message.signal see no context of another message', async (t) => {
  const storage = new AsyncLocalStorage<unknown>()
  const app = await build(t, { handlerTimeout: 20, retry: { retries: 0 }, deadLetter: false })
  const seen = new Inbox<unknown>()
  const { opened, open } = gate()
  // The messages share one timer, which the first of them starts.
  app.broker.subscriber('orders', async (value, { signal }) => {
    storage.enterWith(value)
    signal.addEventListener('abort', () => {
      seen.add(storage.getStore())
      storage.enterWith(`listener of ${value}`)
    })
    await opened
  })
  await app.ready()
  for (const partition of [0, 1]) await app.broker.publish('orders', partition, { partition })
  t.same(await seen.count(2), [undefined, undefined])
  open()
})

t.test('a timer sees no context of the one that scheduled it', async (t) => {
  const storage = new AsyncLocalStorage<string>()
  const seen = new Inbox<unknown>()
  storage.run('message', () => systemClock.schedule(1, () => { seen.add(storage.getStore()) }))
  t.same(await seen.count(1), [undefined])
})

t.test('a commit has no context of the message that was settled last', async (t) => {
  const storage = new AsyncLocalStorage<string>()
  const seen: unknown[] = []
  const app = await build(t, { commit: { interval: 0, count: 1 } })
  app.broker.subscriber('orders', () => { storage.enterWith('message') })
  const committed = gate()
  useEnvironment(app, {
    createTransport: async () => {
      const transport = createMemoryTransport({ cluster: createMemoryCluster() })
      return {
        ...transport,
        consumer (options, listener) {
          const consumer = transport.consumer(options, listener)
          const commit = consumer.commit.bind(consumer)
          consumer.commit = async (offsets) => {
            seen.push(storage.getStore())
            if (offsets.some(({ offset }) => offset === 1n)) committed.open()
            await commit(offsets)
          }
          return consumer
        }
      }
    }
  })
  await app.ready()
  await app.broker.publish('orders', 1)
  await committed.opened
  t.same(new Set(seen), new Set([undefined]))
})

t.test('a batch has no context of the first publish in it', async (t) => {
  const storage = new AsyncLocalStorage<string>()
  const seen: unknown[] = []
  const transport: TransportProducer = {
    partitionCount: () => 1,
    send: async (records) => { seen.push(storage.getStore()); return records.map(() => 0n) },
    close: async () => {}
  }
  const producer = new Producer(
    transport, { deadline: 1000, queue: { messages: 10, bytes: 1000 } }, environmentOf(systemClock)
  )
  await storage.run(
    'request', () => producer.publish({ topic: 'orders', key: null, value: null, headers: [], timestamp: 0 })
  )
  t.same(seen, [undefined])
})

t.test('a listener of a diagnostics channel does not see what one entered before it', async (t) => {
  const storage = new AsyncLocalStorage<number>()
  const seen: unknown[] = []
  function listener () {
    seen.push(storage.getStore())
    storage.enterWith(seen.length)
  }
  subscribe('fastify-faststream:offset-reset', listener)
  t.teardown(() => { unsubscribe('fastify-faststream:offset-reset', listener) })
  for (let i = 0; i < 2; i++) {
    reportReset(
      { groupId: 'g', topic: 'orders', partition: 0, stored: 1n, start: 2n, end: 3n, position: 2n },
      environmentOf(systemClock)
    )
  }
  t.same(seen, [undefined, undefined])
})

t.test('what begins when the app gets ready has no context of the one that waits for it', async (t) => {
  const storage = new AsyncLocalStorage<string>()
  const { stream, lines } = memoryLog()
  const app = await build(t, {}, { logger: { stream, mixin: () => ({ by: storage.getStore() }) } })
  app.broker.subscriber('orders', () => {})
  await storage.run('test', async () => { await app.ready() })
  t.match(lines.find(({ msg }) => msg === 'creating topics'), { by: undefined })
})

t.test('the clean-up of a request has the context of its request, also when its reply streams', async (t) => {
  const app = await build(t)
  await app.register(fastifyRequestContext, {
    hook: 'onRequest', defaultStoreValues: (request) => ({ tenant: request.headers['x-tenant'] as string })
  })
  const seen = new Inbox<unknown>()
  const dep = dependency(function * () {
    const tenant = requestContext.get('tenant')
    yield
    seen.add([tenant, requestContext.get('tenant')])
  })
  app.get('/', { config: { deps: { dep } } }, async () => 'text')
  app.get('/stream', { config: { deps: { dep } } }, async () => Readable.from(['text']))
  const address = await app.listen({ port: 0 })
  // Connections are kept, so that one request follows another on the same socket.
  for (const tenant of TENANTS) {
    for (const path of ['', 'stream']) {
      await (await fetch(`${address}/${path}`, { headers: { 'x-tenant': tenant } })).text()
    }
  }
  t.same(await seen.count(8), TENANTS.flatMap((tenant) => [[tenant, tenant], [tenant, tenant]]))
})
