import t from 'tap'
import Fastify from 'fastify'
import { faststreamPlugin } from '../../index.js'
import { brokersOf } from '../../lib/broker/app-brokers.js'
import { createMemoryCluster, createMemoryTransport } from '../../lib/transport/memory/index.js'
import type { Transport } from '../../lib/transport/transport.js'
import { Inbox, gate } from '../support/inbox.js'
import { turn } from '../support/manual-clock.js'
import { memoryLog } from '../support/json-log.js'
import { useEnvironment } from '../support/environment.js'
import { build } from '../support/plugin-app.js'

t.test('messages flow after the last onReady hook, and not when one of them failed', async (t) => {
  const app = await build(t)
  let handled = 0
  app.broker.subscriber('orders', () => { handled++ })
  app.addHook('onReady', async () => { await app.broker.publish('orders', 1) })
  app.addHook('onReady', async () => { throw new Error('no database') })
  await t.rejects(async () => { await app.ready() }, { message: 'no database' })
  await app.close()
  t.equal(handled, 0)
})

t.test('in a child scope messages flow as well, after the last onReady hook of the app', async (t) => {
  const app = Fastify()
  t.teardown(() => app.close())
  const inbox = new Inbox<unknown>()
  const steps: string[] = []
  app.register(async (scope) => {
    await scope.register(faststreamPlugin)
    scope.broker.subscriber('orders', (value) => { steps.push('handled'); inbox.add(value) })
    scope.addHook('onReady', async () => { await scope.broker.publish('orders', 1) })
  })
  app.register(async (sibling) => {
    sibling.addHook('onReady', async () => {
      await turn()
      steps.push('database')
    })
  })
  await app.ready()
  t.same(await inbox.count(1), [1])
  t.same(steps, ['database', 'handled'])
})

t.test('ready() rejects in time without a cluster, names the brokers and leaves nothing open', async (t) => {
  const app = await build(t, { brokers: ['127.0.0.1:1'], groupId: 'g', connectTimeout: 2000 })
  app.broker.subscriber('orders', () => {})
  const before = Date.now()
  await t.rejects(async () => { await app.ready() }, { code: 'FASTSTREAM_ERR_CONNECT', message: /127\.0\.0\.1:1/ })
  // Before the time-out of the hook, 10 s, which knows no broker.
  t.ok(Date.now() - before < 9000)
  await app.close()
  // A test that fails here runs out of time.
  while (process.getActiveResourcesInfo().includes('TCPSocketWrap')) await new Promise(setImmediate)
})

t.test('a start that does not end is given up, naming the step', async (t) => {
  const app = await build(t, { connectTimeout: 20 })
  let closed = 0
  useEnvironment(app, {
    createTransport: async () => ({
      name: 'mute', connect: () => new Promise(() => {}), close: async () => { closed++ }
    }) as unknown as Transport
  })
  await t.rejects(async () => { await app.ready() }, {
    code: 'FASTSTREAM_ERR_START_TIMEOUT', message: /within 20 ms \(connecting\)/
  })
  t.equal(closed, 1)
})

t.test('loading time counts against connectTimeout, so that the hook does not time out first', async (t) => {
  const app = await build(t, { connectTimeout: 1000 })
  let latest = 0
  let deadline = Infinity
  useEnvironment(app, {
    createTransport: async () => {
      latest = performance.now() + 900
      while (performance.now() < latest - 890);
      return {
        ...createMemoryTransport({ cluster: createMemoryCluster() }),
        connect: async (by?: number) => { deadline = by ?? Infinity }
      }
    }
  })
  await app.ready()
  t.ok(deadline <= latest)
  t.ok(deadline > latest - 900, 'it is not over when the connection begins')
})

t.test('a group that waits for dead members does not keep the app from starting', async (t) => {
  const { stream, lines } = memoryLog()
  const app = await build(t, { connectTimeout: 1000 }, { logger: { level: 'warn', stream } })
  let refuse = (_: Error): void => {}
  useEnvironment(app, {
    createTransport: async () => ({
      ...createMemoryTransport({ cluster: createMemoryCluster() }),
      consumer: () => ({
        start: () => new Promise((resolve, reject) => { refuse = reject }),
        stop () {},
        close: async () => { refuse(new Error('closed')) }
      })
    }) as unknown as Transport
  })
  app.broker.subscriber('orders', () => {})
  await app.ready()
  await app.broker.publish('orders', 1)
  refuse(new Error('not authorized'))
  await turn()
  t.match(lines, [
    { level: 40, msg: /^groups are not joined yet/, broker: 'default', timeout: 1000 },
    { level: 50, msg: /^groups could not be joined/, err: { message: 'not authorized' } }
  ])

  const closing = await build(t, { connectTimeout: 500 }, { logger: { level: 'error', stream } })
  useEnvironment(closing, brokersOf(app).environment)
  closing.broker.subscriber('orders', () => {})
  await closing.ready()
  await closing.close()
  t.equal(lines.length, 2, 'what ends because the app closes is no error')
})

t.test('a start that was given up goes no step further when the cluster answers at last', async (t) => {
  const steps = ['connect', 'checkRights', 'describeTopics', 'createTopics']
  for (const [i, late] of steps.slice(0, -1).entries()) {
    const app = await build(t, { connectTimeout: 20 })
    const { opened, open } = gate()
    const called: string[] = []
    const step = (name: string) => async () => {
      called.push(name)
      if (name === late) await opened
      return new Map()
    }
    useEnvironment(app, {
      createTransport: async () => ({
        name: 'late', ...Object.fromEntries(steps.map((name) => [name, step(name)])), close: async () => {}
      }) as unknown as Transport
    })
    app.broker.publisher('orders')
    await t.rejects(async () => { await app.ready() }, { code: 'FASTSTREAM_ERR_START_TIMEOUT' })
    open()
    await turn()
    t.same(called, steps.slice(0, i + 1))
  }
})

t.test("a declaration in another plugin's onReady hook, before ours, comes too late as well", async (t) => {
  const app = Fastify()
  t.teardown(() => app.close())
  app.addHook('onReady', async () => {
    t.throws(
      () => app.broker.subscriber('orders', () => { t.fail('it is not there') }),
      { code: 'FASTSTREAM_ERR_ALREADY_STARTED' }
    )
  })
  await app.register(faststreamPlugin)
  await app.ready()
  await t.rejects(app.broker.publish('orders', 1), { code: 'FASTSTREAM_ERR_UNKNOWN_TOPIC' })
})
