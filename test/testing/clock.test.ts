import { performance } from 'node:perf_hooks'
import t, { type Test } from 'tap'
import Fastify from 'fastify'
import faststreamPlugin, { type FaststreamOptions } from '../../index.js'
import { testBroker } from '../../lib/testing/index.js'
import { milliseconds, VirtualClock } from '../../lib/testing/virtual-clock.js'
import { gate } from '../support/inbox.js'

async function build (t: Test, options: FaststreamOptions = {}) {
  const app = Fastify()
  t.teardown(() => app.close())
  await app.register(faststreamPlugin, { topicConfig: { partitions: 1 }, drainTimeout: 50, ...options })
  return app
}

const HOUR = 3_600_000

t.test('five retries of many minutes take no real time, with the pauses that are written', async (t) => {
  const app = await build(t, { retry: { retries: 5, delay: 60_000, factor: 2, maxDelay: HOUR, jitter: 0 } })
  const delays: number[] = []
  const onOrder = app.broker.subscriber('orders', (_, { attempt }) => { if (attempt <= 5) throw new Error('later') })
  const broker = await testBroker(app, { clock: 'automatic' })
  const began = performance.now()
  const from = broker.clock.now.getTime()
  const session = await broker.track(() => broker.publish('orders', 1))
  const took = performance.now() - began
  for (const line of session.story().matchAll(/again after (\d+) ms/g)) delays.push(Number(line[1]))
  t.same(delays, [60_000, 120_000, 240_000, 480_000, 960_000])
  t.equal(broker.handler(onOrder).calls.length, 6)
  t.ok(broker.clock.now.getTime() - from >= 1_860_000)
  t.ok(took < 2000, `${took} ms`)
})

t.test('settled(), called() and eventually() let an automatic clock pass, too', async (t) => {
  const app = await build(t, { retry: { retries: 1, delay: HOUR, jitter: 0 } })
  const onOrder = app.broker.subscriber('orders', (_, { attempt }) => { if (attempt === 1) throw new Error('later') })
  const broker = await testBroker(app, { clock: 'automatic' })
  await broker.publish('orders', 1)
  await broker.settled()
  await broker.publish('orders', 2)
  await broker.handler(onOrder).called({ times: 4 })
  await broker.publish('orders', 3)
  await broker.eventually(() => broker.assertHandled(onOrder, { value: 3, outcome: 'returned' }))
  t.equal(broker.handler(onOrder).calls.length, 6)
})

t.test('an automatic clock stands still while a handler runs', async (t) => {
  const app = await build(t, { handlerTimeout: 1000 })
  const { opened, open } = gate()
  const seen: boolean[] = []
  app.broker.subscriber('orders', async (_, { signal }) => {
    await opened
    seen.push(signal.aborted)
  })
  const broker = await testBroker(app, { clock: 'automatic' })
  await broker.publish('orders', 1)
  const settled = broker.settled()
  for (let turn = 0; turn < 100; turn++) await new Promise((resolve) => { setImmediate(resolve) })
  open()
  await settled
  t.same(seen, [false])
})

t.test('a manual clock moves only when it is advanced: retries and time-outs run in their order', async (t) => {
  const app = await build(t, { retry: { retries: 1, delay: 10_000, jitter: 0 }, handlerTimeout: 4000 })
  const order: string[] = []
  app.broker.subscriber('orders', (_, { attempt }) => {
    order.push(`orders ${attempt}`)
    if (attempt === 1) throw new Error('later')
  })
  app.broker.subscriber('slow', (_, { attempt, signal }) => new Promise<void>((resolve) => {
    if (attempt === 2) return resolve()
    signal.addEventListener('abort', () => {
      order.push('slow is late')
      resolve()
    })
  }))
  const broker = await testBroker(app, { clock: 'manual' })
  await broker.publish('orders', 1)
  await broker.publish('slow', 1)
  await broker.clock.advance('3 s')
  t.same(order, ['orders 1'])
  await broker.clock.advance(2000)
  t.same(order, ['orders 1', 'slow is late'])
  await broker.clock.advance('1 min')
  t.same(order, ['orders 1', 'slow is late', 'orders 2'])
  await broker.settled()
})

t.test('a clock without timers moves on', async (t) => {
  const clock = new VirtualClock(() => () => {})
  const from = clock.elapsed()
  await clock.advance(10)
  clock.jump()
  t.equal(clock.elapsed() - from, 10)
  clock.release()
  clock.release()
  await new Promise<void>((resolve) => { clock.schedule(0, resolve) })
})

t.test('durations are numbers of ms, or text with a unit', async (t) => {
  t.same([5, '5 ms', '1.5 s', '2min', '1 h', '1 d'].map((by) => milliseconds('by', by)), [
    5, 5, 1500, 120_000, HOUR, 24 * HOUR
  ])
  for (const by of [-1, NaN, Infinity, 'soon', '10', '-1 s', '1 year', null as never]) {
    t.throws(() => milliseconds('by', by), {
      code: 'FASTSTREAM_ERR_INVALID_OPTION', message: /'by' must be a number of ms/
    })
  }
  const app = await build(t)
  const broker = await testBroker(app)
  await t.rejects(broker.clock.advance('1 s'), { code: 'FASTSTREAM_ERR_TEST_BROKER', message: /clock: 'manual'/ })
  t.ok(Math.abs(broker.clock.now.getTime() - Date.now()) < 1000)
  await t.rejects(testBroker(await build(t), { clock: 'fast' as never }), { code: 'FASTSTREAM_ERR_INVALID_OPTION' })
})

t.test('real time goes on when the app closes', async (t) => {
  const app = await build(t, { drainTimeout: 100 })
  app.broker.subscriber('orders', () => new Promise(() => {}))
  const broker = await testBroker(app, { clock: 'manual' })
  await broker.publish('orders', 1)
  await broker.eventually(() => { if (broker.errors.length < 0) throw new Error('never') })
  await app.close()
  t.pass('it has closed')
})
