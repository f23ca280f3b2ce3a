import Fastify from 'fastify'
import t, { type Test } from 'tap'
import faststreamPlugin, { dependency, type FaststreamOptions } from '../../index.js'
import { testBroker } from '../../lib/testing/index.js'
import { gate, Inbox } from '../support/inbox.js'

/** An app with a transaction that tells what becomes of it, in tests without Kafka. */
async function build (t: Test, options: FaststreamOptions = {}) {
  const app = Fastify()
  t.teardown(() => app.close())
  await app.register(faststreamPlugin, options)
  const inbox = new Inbox<string>()
  let made = 0
  const tx = dependency(async function * tx () {
    const id = ++made
    inbox.add(`begin ${id}`)
    try {
      yield { id }
      inbox.add(`commit ${id}`)
    } catch (error) {
      inbox.add(`rollback ${id}: ${(error as Error).message}`)
      throw error
    }
  })
  return { app, events: inbox.items, inbox, tx }
}

t.test('a message gets its dependencies, and they are cleaned up before its result is published', async (t) => {
  const { app, events, tx } = await build(t)
  const results = app.broker.publisher('results', { key: () => { events.push('published'); return null } })
  app.broker.subscriber('orders', { deps: { tx }, publish: results }, async (value, { deps }) => {
    events.push(`handler ${deps.tx.id}`)
    return value
  })
  const broker = await testBroker(app)
  await broker.publish('orders', 1)
  await broker.settled()
  t.same(events, ['begin 1', 'handler 1', 'commit 1', 'published'])
})

t.test('a clean-up that fails is a failure: nothing is published, and the retry has new ones', async (t) => {
  const { app, events, tx } = await build(t)
  let runs = 0
  const commit = dependency({ tx }, async function * commit () {
    yield
    if (++runs === 1) throw new Error('no connection')
  })
  app.broker.subscriber(
    'orders', { deps: { tx, commit }, publish: app.broker.publisher('results') }, (value, { deps }) => deps.tx.id
  )
  const broker = await testBroker(app)
  await broker.publish('orders', 1)
  await broker.settled()
  t.same(events, ['begin 1', 'rollback 1: no connection', 'begin 2', 'commit 2'])
  t.match(broker.published('results'), [{ value: 2 }])
  t.match(broker.errors, [{ stage: 'handler', attempt: 1, error: { message: 'no connection' } }])
})

t.test('a handler and a factory that fail roll back, are tried again, and end in the dead-letter topic', async (t) => {
  const { app, events, tx } = await build(t, { retry: { retries: 1 } })
  const session = dependency({ tx }, (_, { header }) => {
    if (header('X-Session') === undefined) throw new Error('no session')
  })
  app.broker.subscriber('orders', { deps: { tx } }, () => { throw new Error('no stock') })
  app.broker.subscriber('private', { deps: { session } }, () => {})
  const broker = await testBroker(app)
  await broker.publish('orders', 1)
  await broker.settled()
  t.same(events.splice(0), ['begin 1', 'rollback 1: no stock', 'begin 2', 'rollback 2: no stock'])
  await broker.publish('private', 1, { partition: 0 })
  await broker.publish('private', 1, { partition: 0, headers: { 'x-session': 's' } })
  await broker.settled()
  t.same(events, ['begin 3', 'rollback 3: no session', 'begin 4', 'rollback 4: no session', 'begin 5', 'commit 5'])
  t.equal(broker.published('orders.dlq').length, 1)
  t.equal(broker.published('private.dlq').length, 1)
})

t.test('nothing is made for a message that cannot be decoded or does not match', async (t) => {
  const { app, events, tx } = await build(t)
  app.broker.subscriber('orders', { schema: { value: { type: 'number' } }, deps: { tx } }, () => {})
  const broker = await testBroker(app)
  await broker.publish('orders', Buffer.from('{'))
  await broker.publish('orders', { no: 'number' })
  await broker.settled()
  t.same(events, [])
})

t.test('the failure of the handler comes first, when its clean-up fails, too', async (t) => {
  const { app } = await build(t, { retry: { retries: 0 } })
  const failing = dependency(function * () { try { yield } catch { throw new Error('no connection') } })
  app.broker.subscriber('orders', { deps: { failing } }, () => { throw new Error('no stock') })
  const broker = await testBroker(app)
  await broker.publish('orders', 1)
  await broker.settled()
  t.match(broker.errors, [{ error: { message: 'no stock' } }])
})

t.test('a handler that had its time is rolled back when it has ended', async (t) => {
  const { app, inbox, tx } = await build(t, { handlerTimeout: 20, retry: { retries: 0 } })
  const signal = dependency((_, { signal }) => signal)
  app.broker.subscriber('orders', { deps: { tx, signal } }, async (value, { deps }) => {
    await new Promise((resolve) => { deps.signal.addEventListener('abort', resolve) })
  })
  const broker = await testBroker(app)
  await broker.publish('orders', 1)
  await broker.settled()
  t.match(inbox.items, ['begin 1', /^rollback 1: the handler did not end within 20 ms/])
})

t.test('a handler whose time was over before its dependencies were there is not run', async (t) => {
  const { app, inbox } = await build(t, { handlerTimeout: 20, retry: { retries: 0 } })
  const slow = dependency(async (_, { signal }) => {
    await new Promise((resolve) => { signal.addEventListener('abort', resolve) })
  })
  app.broker.subscriber('orders', { deps: { slow } }, () => { inbox.add('handler') })
  const broker = await testBroker(app)
  await broker.publish('orders', 1)
  await broker.settled()
  t.same(inbox.items, [])
  t.match(broker.errors, [{ error: { code: 'FASTSTREAM_ERR_HANDLER_TIMEOUT' } }])
})

t.test('a dependency that is resolved on demand is made once and cleaned up', async (t) => {
  const { app, events, tx } = await build(t)
  app.broker.subscriber('orders', async (value, message) => {
    t.same(message.deps, {})
    t.equal(await message.resolve(tx), await message.resolve(tx))
    await t.rejects(message.resolve('tx' as never), { code: 'FASTSTREAM_ERR_INVALID_OPTION' })
  })
  const broker = await testBroker(app)
  await broker.publish('orders', 1)
  await broker.settled()
  t.same(events, ['begin 1', 'commit 1'])
})

t.test('messages at the same time share nothing', async (t) => {
  const { app, inbox, tx } = await build(t, { topicConfig: { partitions: 2 } })
  const { opened, open } = gate()
  app.broker.subscriber('orders', { deps: { tx } }, async () => { inbox.add('handler'); await opened })
  const broker = await testBroker(app)
  for (const partition of [0, 1]) await broker.publish('orders', 1, { partition })
  await inbox.until((items) => items.filter((item) => item === 'handler').length === 2)
  open()
  await broker.settled()
  t.same([...inbox.items].sort(), ['begin 1', 'begin 2', 'commit 1', 'commit 2', 'handler', 'handler'])
})

t.test('one declaration serves routes and subscribers, and the context knows the message', async (t) => {
  const { app } = await build(t)
  const seen: unknown[] = []
  const about = dependency((_, { app, broker, correlationId, header, log, source }) => ({
    prefix: app.prefix,
    correlationId,
    header: header('X-Tenant'),
    none: header('none'),
    kind: source.kind,
    topic: source.kind === 'message' ? source.message.topic : '',
    log,
    broker
  }))
  await app.register(async (plain) => {
    const scope = plain.withDeps({ about })
    scope.broker.subscriber('orders', (value, { deps, log, broker }) => {
      const { log: itsLog, broker: itsBroker, ...rest } = deps.about
      seen.push(rest, itsLog === log, itsBroker === broker)
    })
    scope.get('/x', async ({ deps }) => deps.about.kind)
  }, { prefix: '/in' })
  const broker = await testBroker(app)
  await broker.publish('orders', 1, { correlationId: 'c', headers: { 'x-tenant': ['a', 'b'] } })
  await broker.settled()
  t.same(seen, [
    { prefix: '/in', correlationId: 'c', header: 'b', none: undefined, kind: 'message', topic: 'orders' }, true, true
  ])
  t.equal((await app.inject('/in/x')).body, 'http')
})

t.test('tests replace a dependency, for requests and messages alike', async (t) => {
  const { app } = await build(t)
  const client = dependency(() => 'real')
  const orders = dependency({ client }, ({ client }) => `orders of ${client}`)
  const seen: unknown[] = []
  app.get('/x', { config: { deps: { orders } } }, async ({ deps }) => deps.orders)
  app.broker.subscriber('orders', { deps: { orders } }, (value, { deps }) => { seen.push(deps.orders) })
  const broker = await testBroker(app, { overrides: [[client, () => 'fake']] })
  t.equal((await app.inject('/x')).body, 'orders of fake')
  await broker.publish('orders', 1)
  await broker.settled()
  t.same(seen, ['orders of fake'])
  broker.override(orders, dependency(() => 'no orders'))
  t.equal((await app.inject('/x')).body, 'no orders')

  const unused = dependency('unused', () => 1)
  t.throws(() => broker.override(unused, () => 2), { code: 'FASTSTREAM_ERR_TEST_BROKER', message: /'unused'/ })
  t.throws(() => broker.override(client, dependency({ orders }, ({ orders }) => orders)), {
    code: 'FASTSTREAM_ERR_TEST_BROKER', message: /stands in for the dependency 'anonymous' needs it/
  })
  t.throws(() => broker.override('client' as never, () => 2), { code: 'FASTSTREAM_ERR_INVALID_OPTION' })
})

t.test('overrides that need each other are an error', async (t) => {
  const { app } = await build(t)
  const left = dependency('left', () => 1)
  const right = dependency('right', () => 2)
  app.get('/x', { config: { deps: { left, right } } }, async ({ deps }) => deps.left + deps.right)
  const ofRight = dependency('ofRight', { right }, ({ right }) => right)
  const ofLeft = dependency('ofLeft', { left }, ({ left }) => left)
  await t.rejects(testBroker(app, { overrides: [[left, ofRight], [right, ofLeft]] }), {
    code: 'FASTSTREAM_ERR_TEST_BROKER', message: /stands in for the dependency 'right' needs it/
  })
})

t.test('an override of what nothing uses is an error, also from the beginning', async (t) => {
  const { app } = await build(t)
  await t.rejects(testBroker(app, { overrides: [[dependency('unused', () => 1), () => 2]] }), {
    code: 'FASTSTREAM_ERR_TEST_BROKER', message: /'unused'/
  })
})

t.test('another app with the same dependency is not touched', async (t) => {
  const client = dependency(() => 'real')
  const bodies: string[] = []
  for (const overrides of [[[client, () => 'fake']], []] as const) {
    const { app } = await build(t)
    app.get('/x', { config: { deps: { client } } }, async ({ deps }) => deps.client)
    await testBroker(app, { overrides: [...overrides] as never })
    bodies.push((await app.inject('/x')).body)
  }
  t.same(bodies, ['fake', 'real'])
})
