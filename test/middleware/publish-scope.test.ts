import { AsyncLocalStorage } from 'node:async_hooks'
import t, { type Test } from 'tap'
import type { FaststreamOptions, Middleware, PublishCommand } from '../../index.js'
import { testBroker } from '../../lib/testing/index.js'
import { gate } from '../support/inbox.js'
import { memoryLog } from '../support/json-log.js'
import { build as buildApp } from '../support/plugin-app.js'
import { make, Order, order } from '../support/publish-app.js'

type PublishScope = NonNullable<Middleware['publishScope']>

async function build (t: Test, publishScope: PublishScope, options: FaststreamOptions = {}) {
  const { stream, lines } = memoryLog()
  const app = await buildApp(t, { ...options, middlewares: [{ publishScope }] }, { logger: { stream } })
  app.broker.publisher('orders')
  return { app, lines }
}

t.test('every way to publish passes publishScope once, and dead letters do not', async (t) => {
  const commands: PublishCommand[] = []
  const collecting: Middleware = {
    publishScope: async (next, command) => { commands.push(command); return await next(command) }
  }
  const { app } = await make(t, { plugin: { middlewares: [collecting] } })
  const placed = app.broker.publisher('placed', { schema: { value: Order } })
  app.broker.publisher('from.handler')
  app.broker.subscriber('placed', { publish: [app.broker.publisher('a'), app.broker.publisher('b')] },
    async (value, message) => {
      await message.broker.publish('from.handler', value)
      return value
    })
  app.broker.subscriber('broken', () => { throw new Error('no') })
  app.post('/', async (request) => await request.broker.publish(placed, request.body))
  const broker = await testBroker(app)
  await placed.publish(order)
  await app.broker.publish(placed, order)
  await app.broker.publish('broken', 1)
  await app.inject({ method: 'POST', url: '/', payload: order })
  const page = await app.inject({ method: 'POST', url: '/asyncapi/publish/sendPlaced', payload: { value: order } })
  t.equal(page.statusCode, 200)
  await broker.settled()
  t.same(broker.errors.filter(({ topic }) => topic !== 'broken'), [])
  const topics = commands.map(({ topic }) => topic).sort()
  t.same(topics, [
    ...Array(4).fill('a'), ...Array(4).fill('b'), 'broken', ...Array(4).fill('from.handler'), ...Array(4).fill('placed')
  ])
  t.equal(broker.published('broken.dlq').length, 1)
  commands.length = 0
  await broker.publish('placed', order)
  await broker.settled()
  t.same(commands.map(({ topic }) => topic), ['from.handler', 'a', 'b'], 'what another program publishes does not pass')
})

t.test('a middleware changes value, key, headers, partition, timestamp and correlation id', async (t) => {
  const seen: PublishCommand[] = []
  const timestamp = new Date(5000)
  const { app } = await build(t, async (next, command) => {
    seen.push(command)
    return await next({
      ...command,
      value: { ...order, total: 10 },
      key: 'k',
      headers: { ...command.headers, tenant: 'a' },
      partition: 2,
      timestamp,
      correlationId: 'changed'
    })
  })
  const orders = app.broker.publisher('orders', { schema: { value: Order }, headers: { source: 'shop' } })
  const broker = await testBroker(app)
  await app.broker.publish(orders, { id: 1 }, { headers: { own: 'b' }, correlationId: 'first' })
  t.match(seen, [{ topic: 'orders', value: { id: 1 }, headers: { own: 'b' }, correlationId: 'first' }])
  t.match(broker.published('orders'), [{
    value: { id: '1', total: 10 },
    key: 'k',
    partition: 2,
    timestamp,
    headers: { own: 'b', tenant: 'a', source: 'shop', correlation_id: 'changed' }
  }])
})

t.test('what a middleware passes on is checked as what the app publishes', async (t) => {
  const changes: Array<(command: PublishCommand) => unknown> = [
    (command) => ({ ...command, value: { id: 1 } }),
    (command) => ({ ...command, partition: -1 }),
    (command) => ({ ...command, nope: 1 }),
    (command) => ({ ...command, topic: 'other' }),
    () => undefined
  ]
  const { app } = await build(t, async (next, command) => await next(changes.shift()!(command) as PublishCommand))
  const orders = app.broker.publisher('orders', { schema: { value: Order } })
  const broker = await testBroker(app)
  await t.rejects(orders.publish(order), { code: 'FASTSTREAM_ERR_INVALID_MESSAGE' })
  await t.rejects(orders.publish(order), { code: 'FASTSTREAM_ERR_INVALID_OPTION', message: /'partition'/ })
  await t.rejects(orders.publish(order), { code: 'FASTSTREAM_ERR_INVALID_OPTION', message: /'nope'/ })
  await t.rejects(orders.publish(order), { message: /'command.topic' must stay 'orders'/ })
  await t.rejects(orders.publish(order), { message: /'command' must be an object/ })
  await t.rejects(orders.publish(order, [] as never), { message: /'options' must be an object/ })
  t.same(broker.published('orders'), [])
})

t.test('a publish resolves to what is in the log, whatever its middleware returns', async (t) => {
  const made = { topic: 'invented', partition: 9, offset: 9n }
  const { app } = await build(t, async (next, command) => { await next(command); return made })
  const broker = await testBroker(app)
  app.broker.publish('orders', 1)
  const { topic, offset } = await app.broker.publish('orders', 2)
  t.equal(topic, 'orders')
  t.ok(offset < 2n)
  t.equal(broker.published('orders').length, 2)
})

t.test('a publish that failed rejects, whatever its middleware returns', async (t) => {
  const { app } = await build(t, async (next, command) => {
    try { return await next(command) } catch { return { topic: 'orders', partition: 0, offset: 0n } }
  })
  const orders = app.broker.publisher('orders', { schema: { value: Order } })
  await testBroker(app)
  await t.rejects(orders.publish({}), { code: 'FASTSTREAM_ERR_INVALID_MESSAGE' })
})

t.test('a publish whose middleware throws, or does not call next, rejects and sends nothing', async (t) => {
  const ways: PublishScope[] = [
    async () => { throw new Error('refused') },
    () => undefined as never,
    () => { throw new Error('refused at once') }
  ]
  const { app } = await build(t, (next, command) => ways.shift()!(next, command))
  const broker = await testBroker(app)
  await t.rejects(app.broker.publish('orders', 1), { message: 'refused' })
  await t.rejects(app.broker.publish('orders', 1), { code: 'FASTSTREAM_ERR_NEXT', message: /'publishScope'.*not sent/ })
  await t.rejects(app.broker.publish('orders', 1), { message: 'refused at once' })
  t.same(broker.published('orders'), [])
})

t.test('a second call of next sends nothing, and the publish rejects', async (t) => {
  let late: (() => Promise<unknown>) | undefined
  const { app } = await build(t, async (next, command) => {
    late = async () => await next(command)
    const stored = await next(command)
    if (command.value === 'twice') next(command)
    return stored
  })
  const broker = await testBroker(app)
  await t.rejects(app.broker.publish('orders', 'twice'), { code: 'FASTSTREAM_ERR_NEXT', message: /twice/ })
  await app.broker.publish('orders', 'once')
  await t.rejects(late!(), { code: 'FASTSTREAM_ERR_NEXT', message: /had ended/ })
  t.same(broker.published('orders').map(({ value }) => value).sort(), ['once', 'twice'])
})

t.test('a middleware that does not call next in time makes the publish fail, and later it sends nothing', async (t) => {
  const { opened, open } = gate()
  const ended = gate()
  const { app, lines } = await build(t, async (next, command) => {
    if (command.value !== 'slow') return await next(command)
    await opened
    try { return await next(command) } finally { ended.open() }
  }, { producer: { deadline: 30 } })
  const broker = await testBroker(app)
  const slow = app.broker.publish('orders', 'slow')
  const behind = app.broker.publish('orders', 'behind')
  await t.rejects(slow, {
    code: 'FASTSTREAM_ERR_PUBLISH_TIMEOUT', outcome: 'not-sent', message: /middleware has not called next/
  })
  t.match(await behind, { topic: 'orders' }, 'those behind it go on')
  open()
  await ended.opened
  while (!lines.some(({ msg }) => /after its time/.test(msg))) await new Promise((resolve) => { setImmediate(resolve) })
  t.match(lines.filter(({ msg }) => /after its time/.test(msg)), [{ topic: 'orders', level: 50 }])
  t.same(broker.published('orders').map(({ value }) => value), ['behind'])
})

t.test('a publish does not wait for a middleware that does not end after next', async (t) => {
  const { opened, open } = gate()
  const { app, lines } = await build(t, async (next, command) => {
    const stored = await next(command)
    await opened
    return stored
  }, { producer: { deadline: 30 } })
  const broker = await testBroker(app)
  t.match(await app.broker.publish('orders', 1), { topic: 'orders', offset: 0n })
  const line = lines.find(({ msg }) => msg === 'a middleware of a publish does not end')
  t.match(line, { topic: 'orders', timeout: 30 })
  t.equal(broker.published('orders').length, 1)
  open()
})

t.test('publishScope sees what its scope publishes, and what its publishers publish, once', async (t) => {
  const app = await buildApp(t)
  const calls: string[] = []
  const named = (name: string): Middleware => ({
    publishScope: async (next, command) => { calls.push(name); return await next(command) }
  })
  const called = (): string[] => calls.splice(0)
  app.broker.addMiddleware(named('root'))
  const outer = app.broker.publisher('outer')
  app.broker.subscriber('undeclared', () => {})
  let inner!: typeof outer
  let sibling!: typeof app
  await app.register(async (scope) => {
    scope.broker.addMiddleware(named('inner'))
    inner = scope.broker.publisher('inner')
    scope.broker.subscriber('orders', { publish: [outer, inner], middlewares: [named('subscriber')] },
      async (value, message) => {
        await message.broker.publish(outer, value)
        return value
      })
    scope.post('/', async (request) => await request.broker.publish(outer, 1))
  })
  await app.register(async (scope) => { scope.broker.addMiddleware(named('sibling')); sibling = scope })
  const broker = await testBroker(app)

  await outer.publish(1)
  t.same(called(), ['root'])
  await inner.publish(1)
  t.same(called(), ['root', 'inner'])
  await app.broker.publish(inner, 1)
  t.same(called(), ['root', 'inner'])
  await sibling.broker.publish(inner, 1)
  t.same(called(), ['root', 'sibling', 'inner'])
  await sibling.broker.publish('undeclared', 1)
  t.same(called(), ['root', 'sibling'])
  await app.inject({ method: 'POST', url: '/' })
  t.same(called(), ['root', 'inner'])
  await broker.publish('orders', 1)
  await broker.settled()
  const ofSubscriber = ['root', 'inner', 'subscriber']
  const [first, ...results] = [calls.slice(0, 3), ...calls.slice(3)]
  t.same(first, ofSubscriber, 'message.broker has the middlewares of its subscriber')
  t.same(results.sort(), [...ofSubscriber, ...ofSubscriber].sort())
})

t.test('publishScope runs in the async context of the caller', async (t) => {
  const storage = new AsyncLocalStorage<string>()
  const seen: unknown[] = []
  const { app } = await build(t, async (next, command) => {
    seen.push(storage.getStore())
    const stored = await next(command)
    seen.push(storage.getStore())
    return stored
  })
  await testBroker(app)
  await storage.run('request', () => app.broker.publish('orders', 1))
  t.same(seen, ['request', 'request'])
})
