import t, { type Test } from 'tap'
import { createMemoryCluster, createMemoryTransport } from '../../lib/transport/memory/index.js'
import type { Transport } from '../../lib/transport/transport.js'
import { useEnvironment } from '../support/environment.js'
import { ManualClock } from '../support/manual-clock.js'
import { build } from '../support/plugin-app.js'

async function withTransport (t: Test, members: Partial<Transport>, options = {}) {
  const app = await build(t, { groupId: 'shop', ...options })
  const clock = new ManualClock()
  const transport = createMemoryTransport({ cluster: createMemoryCluster(clock) })
  useEnvironment(app, { clock, createTransport: async () => ({ ...transport, ...members }) })
  return { app, clock }
}

t.test('topics() has every topic that the app declares, sorted and once', async (t) => {
  const app = await build(t)
  t.same(app.broker.topics(), [])
  app.broker.subscriber(['returns', 'orders'], () => {})
  app.broker.subscriber('audit', { groupId: 'audit', deadLetter: false }, () => {})
  app.broker.publisher('invoices')
  app.broker.publisher('orders')
  const { topics } = app.broker
  t.same(topics(), ['audit', 'invoices', 'orders', 'orders.dlq', 'returns', 'returns.dlq'])
})

t.test('a cluster that answers is pinged, from ready() to close()', async (t) => {
  const deadlines: number[] = []
  const { app, clock } = await withTransport(t, { ping: async (deadline) => { deadlines.push(deadline) } })
  t.equal(await app.broker.ping(), false)
  await app.ready()
  t.equal(await app.broker.ping(), true)
  t.equal(await app.broker.ping({ timeout: 100 }), true)
  t.same(deadlines, [clock.elapsed() + 5000, clock.elapsed() + 100])
  await app.close()
  t.equal(await app.broker.ping(), false)
  t.equal(deadlines.length, 2)
})

t.test('the in-memory cluster answers', async (t) => {
  const { app } = await withTransport(t, {})
  await app.ready()
  t.equal(await app.broker.ping(), true)
})

t.test('a transport without a ping is asked for the topics of the app', async (t) => {
  const asked: unknown[] = []
  const transport = createMemoryTransport({ cluster: createMemoryCluster() })
  const describeTopics: Transport['describeTopics'] = (topics) => {
    asked.push(topics)
    return transport.describeTopics(topics)
  }
  const { app } = await withTransport(t, { ping: undefined, describeTopics } as Partial<Transport>)
  app.broker.publisher('invoices')
  await app.ready()
  asked.length = 0
  t.equal(await app.broker.ping(), true)
  t.same(asked, [['invoices']])
})

t.test('a cluster that does not answer in time, or answers with an error, is false', async (t) => {
  let answer: () => Promise<void> = () => new Promise(() => {})
  const { app, clock } = await withTransport(t, { ping: () => answer() })
  await app.ready()
  const late = app.broker.ping({ timeout: 1000 })
  await clock.advance(1000)
  t.equal(await late, false)
  answer = async () => { throw new Error('no answer') }
  t.equal(await app.broker.ping(), false)
})

t.test('an answer that is read when its time is over came too late', async (t) => {
  let held = 0
  const { app, clock } = await withTransport(t, { ping: async () => { held = wait } })
  // The event loop is held, so that no timer fires.
  clock.elapsed = () => clock.now() + held
  let wait = 999
  await app.ready()
  t.equal(await app.broker.ping({ timeout: 1000 }), true)
  held = 0
  wait = 1000
  t.equal(await app.broker.ping({ timeout: 1000 }), false)
})

t.test('a cluster that is not there yet is pinged, too', async (t) => {
  const connect = async (): Promise<void> => { throw new Error('no answer') }
  const { app } = await withTransport(t, { connect, ping: connect }, { startup: 'background' })
  await app.ready()
  t.equal(app.broker.health().state, 'connecting')
  t.equal(await app.broker.ping(), false)
})

t.test('ping() checks its options', async (t) => {
  const { app } = await withTransport(t, {})
  const ping = (...args: unknown[]) => Reflect.apply(app.broker.ping, undefined, args) as Promise<boolean>
  await t.rejects(ping({ timeout: -1 }), { code: 'FASTSTREAM_ERR_INVALID_OPTION', message: /'timeout'/ })
  await t.rejects(ping({ time: 1 }), { code: 'FASTSTREAM_ERR_INVALID_OPTION', message: /'time' is not known/ })
  await t.rejects(ping(500), { code: 'FASTSTREAM_ERR_INVALID_OPTION' })
  await t.rejects(ping({}, 1), { code: 'FASTSTREAM_ERR_INVALID_ARGUMENTS' })
})
