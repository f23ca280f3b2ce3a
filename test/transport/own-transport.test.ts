import Fastify, { type FastifyInstance } from 'fastify'
import t, { type Test } from 'tap'
import faststreamPlugin, {
  GenerationLostError, SendError, type FaststreamOptions, type Transport, type TransportOptions
} from '../../index.js'
import { createMemoryCluster, createMemoryTransport } from '../../lib/transport/memory/index.js'
import { Inbox } from '../support/inbox.js'

function memory (): Transport {
  return createMemoryTransport({ cluster: createMemoryCluster() })
}

async function build (t: Test, options: FaststreamOptions): Promise<FastifyInstance> {
  const app = Fastify()
  t.teardown(() => app.close())
  await app.register(faststreamPlugin, { groupId: 'shop', ...options })
  return app
}

/** What an app publishes to itself comes back. */
async function comesBack (app: FastifyInstance): Promise<unknown> {
  const inbox = new Inbox<unknown>()
  app.broker.subscriber('orders', (order) => { inbox.add(order) })
  await app.ready()
  await app.broker.publish('orders', 42)
  return (await inbox.count(1))[0]
}

t.test('a transport may be an object, which the app closes', async (t) => {
  const transport = memory()
  let closed = 0
  const app = await build(t, { transport: { ...transport, close () { closed++; return transport.close() } } })
  t.equal(await comesBack(app), 42)
  await app.close()
  t.equal(closed, 1)
})

t.test('a transport may be a function, which gets the options that a transport needs', async (t) => {
  const got: TransportOptions[] = []
  const sasl = { mechanism: 'plain', username: 'shop', password: 'secret' } as const
  const app = await build(t, {
    brokers: 'a:1, b:2',
    clientId: 'shop-1',
    ssl: true,
    sasl,
    connectTimeout: 1234,
    transport: (options) => { got.push(options); return memory() }
  })
  t.equal(got.length, 0, 'it is called when the app becomes ready')
  t.equal(await comesBack(app), 42)
  t.match(got, [{ brokers: ['a:1', 'b:2'], clientId: 'shop-1', ssl: true, sasl, connectTimeout: 1234 }])
  t.doesNotThrow(() => { got[0]?.log.info({}, 'said by the transport') })
})

t.test('a function may take its time, and need no brokers', async (t) => {
  const app = await build(t, { transport: async ({ brokers }) => { t.same(brokers, []); return memory() } })
  t.equal(await comesBack(app), 42)
})

t.test('in the background each try at the start has its own transport, and a failed one is closed', async (t) => {
  const made: string[] = []
  const app = await build(t, {
    startup: 'background',
    transport () {
      const own = memory()
      const number = made.push('made')
      const close = (): Promise<void> => { made[number - 1] = 'closed'; return own.close() }
      return { ...own, close, connect: () => number === 1 ? Promise.reject(new Error('not yet')) : own.connect() }
    }
  })
  const inbox = new Inbox<unknown>()
  app.broker.subscriber('orders', (order) => { inbox.add(order) })
  await app.ready()
  let sent = false
  while (!sent) {
    sent = await app.broker.publish('orders', 42).then(
      () => true, () => new Promise((resolve) => { setImmediate(resolve, false) })
    )
  }
  t.same(await inbox.count(1), [42])
  t.same(made, ['closed', 'made'])
})

t.test('a transport of an app needs a group, as a real cluster does', async (t) => {
  const app = Fastify()
  t.teardown(() => app.close())
  await app.register(faststreamPlugin, { transport: memory() })
  app.broker.subscriber('orders', () => {})
  await t.rejects(async () => { await app.ready() }, { code: 'FASTSTREAM_ERR_GROUP_REQUIRED' })
})

t.test('what is no transport is refused when the plugin is registered', async (t) => {
  const { consumer, producer, ...half } = memory()
  class Own { readonly name = 'own' }
  const cases: ReadonlyArray<readonly [transport: unknown, message: RegExp, options?: FaststreamOptions]> = [
    ['pigeon', /'transport' must be one of 'kafkajs', 'memory'/],
    [{}, /'transport' must be an object with the methods connect, describeTopics, .* it has none of these/],
    [null, /'transport' must be an object with the methods/],
    [7, /'transport' must be an object with the methods/],
    [half, /it has no consumer, no producer$/],
    [{ ...memory(), close: true }, /it has no close$/],
    [Own, /'transport' must not be a class: write a function that uses new Own\(\)/],
    [function * () {}, /'transport' must not be a generator function/],
    [memory(), /'transport' must be a function with startup 'background'/, { startup: 'background' }]
  ]
  for (const [transport, message, options] of cases) {
    const app = Fastify()
    t.teardown(() => app.close().catch(() => {}))
    await t.rejects(
      async () => { await app.register(faststreamPlugin, { ...options, transport: transport as Transport }) },
      { code: 'FASTSTREAM_ERR_INVALID_OPTION', message }
    )
  }
})

t.test('what a function returns is checked when the app becomes ready', async (t) => {
  for (const wrong of [undefined, 'memory', { name: 'half' }]) {
    const app = await build(t, { transport: () => wrong as unknown as Transport })
    await t.rejects(async () => { await app.ready() }, {
      code: 'FASTSTREAM_ERR_INVALID_OPTION', message: /'transport\(options\)' must be an object with the methods/
    })
  }
  const thrown = new Error('no licence')
  const app = await build(t, { transport () { throw thrown } })
  await t.rejects(async () => { await app.ready() }, thrown)
})

t.test('the errors that a transport rejects with are those that the package exports', async (t) => {
  const own = memory()
  const app = await build(t, {
    transport: {
      ...own,
      producer: () => ({
        partitionCount: () => 1,
        send: () => Promise.reject(new SendError('full', 'not-sent', 'refused')),
        async close () {}
      })
    }
  })
  await app.ready()
  await t.rejects(app.broker.publish('orders', 1), { code: 'FASTSTREAM_ERR_PUBLISH_REFUSED', outcome: 'not-sent' })
  t.match(new GenerationLostError('moved on'), { name: 'GenerationLostError', message: 'moved on' })
})
