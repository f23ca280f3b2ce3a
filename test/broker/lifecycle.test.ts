import t, { type Test } from 'tap'
import type { FaststreamOptions } from '../../index.js'
import { testBroker } from '../../lib/testing/index.js'
import { createMemoryCluster, createMemoryTransport } from '../../lib/transport/memory/index.js'
import { eventually } from '../conformance/eventually.js'
import { useEnvironment } from '../support/environment.js'
import { gate, Inbox } from '../support/inbox.js'
import { memoryLog } from '../support/json-log.js'
import { ManualClock, turn } from '../support/manual-clock.js'
import { build } from '../support/plugin-app.js'

function messageOf (err: unknown): string {
  return String(Reflect.get(Object(err), 'message'))
}

/** An app with a manual clock, whose cluster is there from the try `reachable` on. */
async function timed (t: Test, options: FaststreamOptions = {}, reachable = 1) {
  const { stream, lines } = memoryLog()
  const server = { logger: { level: 'info', stream }, pluginTimeout: 3000 }
  const app = await build(t, { groupId: 'shop', ...options }, server)
  const clock = new ManualClock()
  const cluster = createMemoryCluster(clock)
  let tries = 0
  useEnvironment(app, {
    clock,
    async createTransport () {
      const transport = createMemoryTransport({ cluster })
      const connect = ++tries < reachable ? async () => { throw new Error('no answer') } : transport.connect
      return { ...transport, connect }
    }
  })
  const errors = () => lines.filter(({ level }) => level >= 40).map(({ msg, err }) => [msg, messageOf(err)] as const)
  return { app, clock, cluster, lines, errors }
}

t.test('a function of onStarted may publish, and is awaited by ready()', async (t) => {
  const app = await build(t)
  app.broker.publisher('apps')
  app.broker.onStarted(async () => {
    await turn()
    await app.broker.publish('apps', 'up')
  })
  const broker = await testBroker(app)
  t.match(broker.published('apps'), [{ value: 'up' }])
})

t.test('ready() rejects with the error of a function of onStarted, and no message is handled', async (t) => {
  const app = await build(t)
  app.broker.onStarted(() => { throw new Error('no licence') })
  app.broker.background('task', () => { t.fail('never runs') })
  await t.rejects(async () => { await app.ready() }, { message: 'no licence' })
  t.equal(app.broker.isStarted, false)
  t.match(app.broker.health().background, [{ name: 'task', state: 'waiting', lastError: undefined }])
})

t.test('Fastify bounds a function of onStarted as it bounds any hook', async (t) => {
  const app = await build(t, {}, { pluginTimeout: 200 })
  app.broker.onStarted(() => new Promise(() => {}))
  await t.rejects(async () => { await app.ready() }, { code: 'FST_ERR_HOOK_TIMEOUT', message: /onReady.*onStarted/ })
})

t.test('in the background a function of onStarted runs once the cluster is there, before any message', async (t) => {
  const { app, clock, cluster, lines } = await timed(t, { startup: 'background' }, 2)
  cluster.createTopics([{ topic: 'orders', partitions: 1, replicas: 1 }])
  cluster.append([{ topic: 'orders', partition: 0, key: null, value: Buffer.from('1'), headers: [], timestamp: 1 }])
  const steps = new Inbox<string>()
  const { opened, open } = gate()
  app.broker.onStarted(async function () {
    steps.add(`first begins, ${this === app}`)
    await opened
    steps.add('first ends')
  })
  app.broker.onStarted(() => { throw new Error('no licence') })
  app.broker.onStarted(async () => { steps.add('third') })
  app.broker.background('task', () => { steps.add('task') })
  app.broker.subscriber('orders', () => { steps.add('message') })
  await app.ready()
  await turn()
  t.same(steps.items, [])
  await clock.advance(1000)
  t.same(await steps.count(1), ['first begins, true'])
  t.equal(app.broker.isStarted, false)
  t.equal(app.broker.health().state, 'connected')
  open()
  await steps.count(5)
  t.same(steps.items.slice(1, 3), ['first ends', 'third'])
  t.same(steps.items.slice(3).sort(), ['message', 'task'])
  t.equal(app.broker.isStarted, true)
  t.match(app.broker.health(), { healthy: true, lastError: { message: 'no licence' } })
  t.match(lines.filter(({ msg }) => msg === 'a function of onStarted failed'), [{ err: { message: 'no licence' } }])
})

t.test('in the background a cluster that is there before the app is ready waits for the app', async (t) => {
  const { app, clock, cluster } = await timed(t, { startup: 'background' })
  cluster.createTopics([{ topic: 'orders', partitions: 1, replicas: 1 }])
  cluster.append([{ topic: 'orders', partition: 0, key: null, value: Buffer.from('1'), headers: [], timestamp: 1 }])
  const steps = new Inbox<string>()
  app.broker.subscriber('orders', () => { steps.add('message') })
  app.broker.onStarted(() => { steps.add('started') })
  app.addHook('onReady', async () => {
    while (app.broker.health().state !== 'connected') await clock.advance(1)
    await turn()
    t.equal(app.broker.isStarted, false)
    steps.add('ready')
  })
  await app.ready()
  await steps.count(3)
  t.same(steps.items, ['ready', 'started', 'message'])
})

t.test('in the background a function of onStarted that does not end keeps no message waiting for ever', async (t) => {
  const { app, clock, errors } = await timed(t, { startup: 'background' }, 2)
  app.broker.onStarted(() => new Promise(() => {}))
  await app.ready()
  await clock.advance(1000)
  await eventually(async () => app.broker.health().state === 'connected')
  t.equal(app.broker.isStarted, false)
  await clock.advance(3000)
  t.equal(app.broker.isStarted, true)
  t.match(errors().at(-1), ['a function of onStarted failed', /onStarted\(\) of broker 'default' .* within 3000 ms/])
  t.match(app.broker.health().lastError, { code: 'FASTSTREAM_ERR_HOOK_TIMEOUT' })
})

t.test('without a time-out of Fastify a function of onStarted may take its time, in the background, too', async (t) => {
  const app = await build(t, { groupId: 'shop', startup: 'background' }, { pluginTimeout: 0 })
  const clock = new ManualClock()
  const transport = createMemoryTransport({ cluster: createMemoryCluster(clock) })
  const { opened, open } = gate()
  useEnvironment(app, {
    clock, createTransport: async () => ({ ...transport, connect: () => opened })
  })
  const late = gate()
  app.broker.onStarted(() => late.opened)
  await app.ready()
  open()
  await clock.advance(1_000_000)
  t.equal(app.broker.isStarted, false)
  late.open()
  await turn()
  t.equal(app.broker.isStarted, true)
})

t.test('messages are handled while functions of onStopping run, and these may publish', async (t) => {
  const app = await build(t)
  const inbox = new Inbox<unknown>()
  app.broker.subscriber('orders', (value) => { inbox.add(value) })
  app.broker.onStopping(async () => {
    await app.broker.publish('orders', 'last')
    await inbox.count(1)
  })
  const broker = await testBroker(app)
  await app.close()
  t.same(inbox.items, ['last'])
  t.equal(broker.published('orders').length, 1)
})

t.test('functions of onStopping fail one by one, and the close goes on', async (t) => {
  const { app, clock, errors } = await timed(t, { drainTimeout: 1000 })
  const steps: string[] = []
  app.broker.onStopping(() => { throw new Error('no luck') })
  app.broker.onStopping(async () => { steps.push('second'); await new Promise(() => {}) })
  app.broker.onStopping(async () => { steps.push('third'); await new Promise(() => {}) })
  const { opened, open } = gate()
  const running = new Inbox<AbortSignal>()
  app.broker.subscriber('orders', async (_, { signal }) => { running.add(signal); await opened })
  await app.ready()
  await app.broker.publish('orders', 1)
  const [signal] = await running.count(1)
  const closed = app.close()
  await clock.advance(0)
  t.same(steps, ['second'])
  await clock.advance(501)
  t.same(steps, ['second', 'third'], 'they share half of drainTimeout')
  t.match(errors().map(([msg, message]) => [msg, message.replace(/\d+/, 'n')]), [
    ['a function of onStopping failed', 'no luck'],
    ['a function of onStopping failed', /onStopping\(\) of broker 'default' did not end within n ms/],
    ['a function of onStopping failed', /within n ms/]
  ])
  t.notOk(signal?.aborted)
  await clock.advance(499)
  t.ok(signal?.aborted, 'the handlers had the rest')
  open()
  await clock.advance(1000)
  await closed
  t.equal(app.broker.health().state, 'closed')
})

t.test('functions of onStopping do not run when the broker was never connected', async (t) => {
  const { app } = await timed(t, { startup: 'background' }, Infinity)
  app.broker.onStopping(() => { t.fail('never runs') })
  app.broker.background('task', () => { t.fail('never runs') })
  await app.ready()
  await app.close()
  t.equal(app.broker.health().state, 'closed')
})

t.test('what is declared too late is refused', async (t) => {
  const app = await build(t)
  const late: unknown[] = []
  app.addHook('onReady', async () => {
    for (const declare of ['onStarted', 'onStopping'] as const) {
      try { app.broker[declare](() => {}) } catch (error) { late.push(error) }
    }
    try { app.broker.background('late', () => {}) } catch (error) { late.push(error) }
  })
  await app.ready()
  t.match(late, [/a function of onStarted\(\)/, /a function of onStopping\(\)/, /a function of background\(\)/].map(
    (message) => ({ code: 'FASTSTREAM_ERR_ALREADY_STARTED', message })
  ))
})

t.test('a function of onStarted that another hook declares before the broker has started is too late', async (t) => {
  const { default: Fastify } = await import('fastify')
  const { faststreamPlugin } = await import('../../index.js')
  const app = Fastify()
  t.teardown(() => app.close())
  let late: unknown
  app.addHook('onReady', async () => {
    try { app.broker.onStarted(() => {}) } catch (error) { late = error }
  })
  await app.register(faststreamPlugin)
  await app.ready()
  const message = /^a function of onStarted\(\).* before ready\(\)/
  t.match(late, { code: 'FASTSTREAM_ERR_ALREADY_STARTED', message, cause: Error })
})

t.test('wrong arguments are refused', async (t) => {
  const app = await build(t)
  const { broker } = app
  const call = (name: 'onStarted' | 'onStopping' | 'background', ...args: unknown[]) => () => {
    Reflect.apply(broker[name], undefined, args)
  }
  const INVALID = { code: 'FASTSTREAM_ERR_INVALID_OPTION' }
  const SURPLUS = { code: 'FASTSTREAM_ERR_INVALID_ARGUMENTS' }
  const run = (): void => {}
  t.throws(call('onStarted'), { ...INVALID, message: /'onStarted' must be given a function/ })
  t.throws(call('onStopping', function * () {}), INVALID)
  t.throws(call('background', 'task', 1), { ...INVALID, message: /'background' must be given a function/ })
  t.throws(call('background', '', run), { ...INVALID, message: /'name'/ })
  t.throws(call('background', run, run), INVALID)
  for (const name of ['onStarted', 'onStopping'] as const) t.throws(call(name, run, run), SURPLUS)
  t.throws(call('background', 'task', run, run), SURPLUS)
  broker.background('task', run)
  t.throws(call('background', 'task', run), { ...INVALID, message: /^option 'name' 'task' is taken by another/ })
})

t.test('an app whose functions end in time logs no error, and leaves no timer', async (t) => {
  const { app, clock, errors } = await timed(t)
  const ran: string[] = []
  await app.ready()
  await app.close()
  t.equal(app.broker.health().lastError, undefined)
  const other = await timed(t)
  other.app.broker.onStarted(() => { ran.push('started') })
  other.app.broker.onStopping(() => { ran.push('stopping') })
  await other.app.ready()
  await other.app.close()
  t.same(ran, ['started', 'stopping'])
  t.same([...errors(), ...other.errors()], [])
  t.same([clock.waiting, other.clock.waiting], [0, 0])
})
