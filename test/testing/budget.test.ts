import t from 'tap'
import Fastify from 'fastify'
import faststreamPlugin from '../../index.js'
import { Budget } from '../../lib/testing/budget.js'
import { testBroker } from '../../lib/testing/index.js'
import { Recorder } from '../../lib/testing/recorder.js'
import { until } from '../../lib/testing/waiting.js'
import { buildShop } from '../support/shop.js'
import { gate } from '../support/inbox.js'

t.test('a step has its own time, or what is left of that of the whole test', async (t) => {
  t.same([new Budget(undefined).of(undefined), new Budget(undefined).of(7)], [5000, 7])
  const budget = new Budget(60_000)
  t.ok(budget.of(undefined) > 5000 && budget.of(undefined) <= 60_000)
  t.equal(budget.of(7), 7)
  t.equal(new Budget(0).of(7), 0)
  t.throws(() => budget.of(-1), { code: 'FASTSTREAM_ERR_INVALID_OPTION' })
  t.throws(() => new Budget(-1), { code: 'FASTSTREAM_ERR_INVALID_OPTION' })
})

t.test('boot, calls, waiting and close have one time together', async (t) => {
  const { app: slow } = await buildShop(t)
  const { opened, open } = gate()
  slow.addHook('onReady', async () => { await opened })
  await t.rejects(testBroker(slow, { timeout: 50 }), {
    code: 'FASTSTREAM_ERR_NOT_SETTLED', message: /after 50 ms: the apps are not ready/
  })
  open()
  const app = Fastify()
  await app.register(faststreamPlugin, { drainTimeout: 4000 })
  app.broker.subscriber('orders', () => new Promise(() => {}))
  const broker = await testBroker(app, { timeout: 3000 })
  await t.rejects(broker.track(() => broker.publish('orders', 1), { timeout: 500 }), {
    code: 'FASTSTREAM_ERR_NOT_SETTLED', message: /after 500 ms/
  })
  await t.rejects(app.close(), {
    message: /after 3000 ms: an app does not close\nmessage .*\norders\[\d\] 0 .*the handler\n/
  })
  await app.close()
})

t.test('what is checked after each change is not checked again when it holds', async (t) => {
  const recorder = new Recorder()
  let checks = 0
  const held = until(recorder, 1000, () => {
    recorder.changed()
    return ++checks
  })
  t.equal(await held, 1)
  await new Promise((resolve) => { setImmediate(resolve) })
  t.equal(checks, 1)
})

t.test('a boot that fails in time is seen as it is', async (t) => {
  const { app } = await buildShop(t)
  app.addHook('onReady', async () => { throw new Error('no database') })
  await t.rejects(testBroker(app, { timeout: 5000 }), { message: 'no database' })
})
