import t from 'tap'
import { testBroker } from '../../lib/testing/index.js'
import { createMemoryCluster, createMemoryTransport } from '../../lib/transport/memory/index.js'
import { eventually } from '../conformance/eventually.js'
import { useEnvironment } from '../support/environment.js'
import { Inbox } from '../support/inbox.js'
import { memoryLog } from '../support/json-log.js'
import { ManualClock, turn } from '../support/manual-clock.js'
import { build } from '../support/plugin-app.js'

t.test('a subscriber is paused and resumed by its handle, which may be taken apart', async (t) => {
  const app = await build(t)
  const inbox = new Inbox<unknown>()
  const subscriber = app.broker.subscriber('orders', (value) => { inbox.add(value) })
  const { pause, resume } = subscriber
  t.equal(subscriber.isPaused, false)
  pause()
  pause()
  t.equal(subscriber.isPaused, true)
  const broker = await testBroker(app)
  await broker.publish('orders', 1)
  await t.rejects(broker.settled({ timeout: 50 }), { code: 'FASTSTREAM_ERR_NOT_SETTLED' })
  t.same(inbox.items, [])
  t.match(app.broker.health(), { healthy: true, subscribers: [{ state: 'paused', lag: 1 }] })
  resume()
  resume()
  t.equal(subscriber.isPaused, false)
  await broker.settled()
  t.same(inbox.items, [1])
})

t.test('pause() and resume() take no arguments', async (t) => {
  const app = await build(t)
  const subscriber = app.broker.subscriber('orders', () => {})
  for (const name of ['pause', 'resume'] as const) {
    t.throws(() => { Reflect.apply(subscriber[name], undefined, [1000]) }, { code: 'FASTSTREAM_ERR_INVALID_ARGUMENTS' })
  }
  t.equal(subscriber.isPaused, false)
})

t.test('a pause outlives the connections of a start in the background, and is logged once', async (t) => {
  const { stream, lines } = memoryLog()
  const app = await build(t, { startup: 'background' }, { logger: { level: 'info', stream } })
  const clock = new ManualClock()
  const cluster = createMemoryCluster(clock)
  let tries = 0
  useEnvironment(app, {
    clock,
    async createTransport () {
      const transport = createMemoryTransport({ cluster })
      const connect = ++tries === 1 ? async () => { throw new Error('no answer') } : transport.connect
      return { ...transport, connect }
    }
  })
  const inbox = new Inbox<unknown>()
  const subscriber = app.broker.subscriber('orders', (value) => { inbox.add(value) })
  subscriber.pause()
  await app.ready()
  await clock.advance(2000)
  await turn()
  t.match(app.broker.health(), { healthy: true, state: 'connected', subscribers: [{ state: 'paused' }] })
  await app.broker.publish('orders', 1)
  await turn()
  t.same(inbox.items, [])
  subscriber.resume()
  t.same(await inbox.count(1), [1])
  t.same(lines.map(({ msg }) => msg).filter((msg) => /paused|resumed/.test(msg)), [
    'the subscriber is paused', 'the subscriber is resumed'
  ])
})

t.test('a failing message waits for the resume with its retries, and none of them is lost', async (t) => {
  const app = await build(t, { retry: { retries: 1, delay: 1 } })
  const attempts = new Inbox<number>()
  const subscriber = app.broker.subscriber('orders', (_, { attempt }) => {
    attempts.add(attempt)
    if (attempt === 1) {
      subscriber.pause()
      throw new Error('the database is down')
    }
  })
  const broker = await testBroker(app)
  await broker.publish('orders', 1)
  await attempts.count(1)
  await eventually(async () => broker.errors.length === 1)
  await t.rejects(broker.settled({ timeout: 50 }), { code: 'FASTSTREAM_ERR_NOT_SETTLED' })
  t.same(attempts.items, [1])
  subscriber.resume()
  await broker.settled()
  t.same(attempts.items, [1, 2])
  t.same(broker.published('orders.dlq'), [])
})

t.test('a subscriber that is paused is closed as any other, and a pause after the close does nothing', async (t) => {
  const app = await build(t)
  const subscriber = app.broker.subscriber('orders', () => {})
  await testBroker(app)
  subscriber.pause()
  await app.close()
  subscriber.resume()
  subscriber.pause()
  t.match(app.broker.health(), { state: 'closed', subscribers: [{ state: 'closed' }] })
})
