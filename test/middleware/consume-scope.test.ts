import { AsyncLocalStorage } from 'node:async_hooks'
import t, { type Test } from 'tap'
import {
  NackMessage, RejectMessage, SkipMessage, StopConsume, type FaststreamOptions, type Message, type Middleware
} from '../../index.js'
import { testBroker } from '../../lib/testing/index.js'
import { hear } from '../support/hear.js'
import { gate } from '../support/inbox.js'
import { memoryLog } from '../support/json-log.js'
import { build } from '../support/plugin-app.js'

const ONCE = { retry: { retries: 0 } }

/** An app whose handler returns `handled` and its value, within a middleware around it. */
async function around (
  t: Test, consumeScope: NonNullable<Middleware['consumeScope']>,
  { handler = (value) => `handled ${String(value)}`, ...options }: FaststreamOptions & {
    handler?: (value: unknown, message: Message) => unknown
  } = {}
) {
  const { stream, lines } = memoryLog()
  const app = await build(t, { ...ONCE, ...options, middlewares: [{ consumeScope }] }, { logger: { stream } })
  const handled: unknown[] = []
  app.broker.subscriber('orders', { publish: app.broker.publisher('results') }, (value, message) => {
    handled.push(value)
    return handler(value, message)
  })
  const settled = hear(t, 'faststream.message.settled')
  const broker = await testBroker(app)
  await broker.publish('orders', 1)
  await broker.settled()
  const outcomes = settled.filter(({ topic }) => topic === 'orders').map(({ outcome }) => outcome)
  const results = broker.published('results').map(({ value }) => value)
  const failures = broker.errors.map(({ error }) => error)
  return { app, broker, handled, outcomes, results, failures, lines }
}

t.test('what consumeScope returns is the result of the handler', async (t) => {
  const { results, handled } = await around(t, async (next) => `changed ${String(await next())}`)
  t.same(handled, [1])
  t.same(results, ['changed handled 1'])
})

t.test('without next the handler does not run, and the message is settled as after a success', async (t) => {
  const answered = await around(t, () => 'from the cache')
  t.same(answered.handled, [])
  t.same(answered.results, ['from the cache'])
  t.same(answered.outcomes, ['acknowledged'])
  const dropped = await around(t, () => undefined)
  t.same([dropped.handled, dropped.results, dropped.outcomes], [[], [], ['acknowledged']])
})

t.test('a middleware may handle the error of the handler', async (t) => {
  const { results, outcomes } = await around(t, async (next) => {
    try { return await next() } catch (error) { return `instead of ${(error as Error).message}` }
  }, { handler: () => { throw new Error('no') } })
  t.same(results, ['instead of no'])
  t.same(outcomes, ['acknowledged'])
})

t.test('a second call of next does not run the handler again, and fails the attempt', async (t) => {
  const retrying: Middleware['consumeScope'] = async (next) => {
    try { return await next() } catch { return await next() }
  }
  const { handled, failures, outcomes } = await around(t, retrying, { handler: () => { throw new Error('no') } })
  t.same(handled, [1])
  t.match(failures, [{ code: 'FASTSTREAM_ERR_NEXT', message: /'consumeScope' once.*twice.*'retry'/ }])
  t.same(outcomes, ['dead-lettered'])
  const floating = await around(t, async (next) => {
    const result = await next()
    next()
    return result
  })
  t.match(floating.failures, [{ code: 'FASTSTREAM_ERR_NEXT' }], 'also a call that is not awaited')
  t.same(floating.results, [])
})

t.test('a handler that the middleware does not await ends before its message is settled', async (t) => {
  const { opened, open } = gate()
  const events: string[] = []
  const { results, outcomes } = await around(t, (next) => {
    next()
    setImmediate(() => { events.push('handler goes on'); open() })
    return 'returned early'
  }, {
    handler: async () => {
      await opened
      events.push('handler has ended')
    }
  })
  t.same(events, ['handler goes on', 'handler has ended'])
  t.same([results, outcomes], [['returned early'], ['acknowledged']])
})

t.test('the error of a handler that the middleware does not await fails the attempt', async (t) => {
  const later = async () => {
    await new Promise((resolve) => { setImmediate(resolve) })
    throw new Error('late')
  }
  const returned = await around(t, (next) => { next() }, { handler: later })
  t.match(returned.failures, [{ message: 'late' }])
  const thrown = await around(t, (next) => { next(); throw new Error('of the middleware') }, { handler: later })
  t.match(thrown.failures, [{ message: 'of the middleware' }])
  t.same(thrown.outcomes, ['dead-lettered'])
})

t.test('a call of next after the end of the middleware does not run the handler', async (t) => {
  const kept: Array<() => Promise<unknown>> = []
  const { handled } = await around(t, (next) => { kept.push(next) })
  await t.rejects(kept[0]!(), { code: 'FASTSTREAM_ERR_NEXT', message: /when it had ended/ })
  // Not awaited: it must not end the process.
  kept[0]!()
  t.same(handled, [])
})

t.test('an error of a middleware counts as one of the handler', async (t) => {
  const { failures, outcomes, handled, broker } = await around(t, () => { throw new Error('no') }, {
    retry: { retries: 2 }
  })
  t.equal(failures.length, 3)
  t.match(broker.errors.at(-1), { stage: 'retries-exhausted' })
  t.same([outcomes, handled], [['dead-lettered'], []])
})

t.test('the decisions of a handler may be thrown by a middleware', async (t) => {
  const skipped = await around(t, () => { throw new SkipMessage() })
  t.same([skipped.outcomes, skipped.handled], [['skipped'], []])
  const rejected = await around(t, () => { throw new RejectMessage('not here') })
  t.match(rejected.broker.errors, [{ stage: 'rejected', error: { message: 'not here' } }])
  const again = await around(t, async (next, { attempt }) => {
    if (attempt < 3) throw new NackMessage({ delay: 0 })
    return await next()
  })
  t.same([again.results, again.outcomes], [['handled 1'], ['acknowledged']])
})

t.test('a middleware that stops the subscriber leaves its message unsettled', async (t) => {
  const app = await build(t, { middlewares: [{ consumeScope () { throw new StopConsume() } }] })
  app.broker.subscriber('orders', () => {})
  const seen: unknown[] = []
  app.broker.addMiddleware({ afterProcessed: (error) => { seen.push(error) } })
  const unsettled = hear(t, 'faststream.message.unsettled')
  const settled = hear(t, 'faststream.message.settled')
  const broker = await testBroker(app)
  await broker.publish('orders', 1)
  await broker.settled()
  t.ok(seen[0] instanceof StopConsume)
  t.same([unsettled.length, settled.length], [1, 0])
  t.match(app.broker.health().subscribers, [{ state: 'stopped' }])
})

t.test('a middleware that exceeds handlerTimeout fails its attempt, and its handler is not begun', async (t) => {
  const { handled, failures } = await around(t, async (next, { signal }) => {
    await new Promise((resolve) => { signal.addEventListener('abort', resolve) })
    return await next()
  }, { handlerTimeout: 20 })
  t.match(failures, [{ code: 'FASTSTREAM_ERR_HANDLER_TIMEOUT' }])
  t.same(handled, [])
})

t.test('a middleware gives its async context to the handler, and to no other message', async (t) => {
  const storage = new AsyncLocalStorage<unknown>()
  const app = await build(t)
  const seen: unknown[] = []
  app.broker.insertMiddleware({
    onReceive: () => { seen.push(['received', storage.getStore()]) },
    consumeScope: (next, { value }) => storage.run(value, next)
  })
  app.broker.addMiddleware({ consumeScope: async (next) => { storage.enterWith('entered'); return await next() } })
  app.broker.subscriber('orders', (value) => { seen.push([value, storage.getStore()]) })
  const broker = await testBroker(app)
  await storage.run('publisher', async () => { await broker.publish('orders', 1) })
  await broker.publish('orders', 2)
  await broker.settled()
  t.same(seen.filter(([what]: any) => what !== 'received'), [[1, 'entered'], [2, 'entered']])
  t.same(seen.filter(([what]: any) => what === 'received'), [['received', undefined], ['received', undefined]])
})
