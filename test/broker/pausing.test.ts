import t from 'tap'
import { declareSubscriber } from '../../lib/broker/declaration.js'
import type { SubscriberPlaces, SubscriberSource } from '../../lib/broker/handles.js'
import { SubscriberHandle } from '../../lib/broker/subscriber-handle.js'
import { Places } from '../../lib/broker/places.js'
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

t.test('a subscriber is paused by the topics that it reads, which may have a prefix', async (t) => {
  const app = await build(t)
  const inbox = new Inbox<unknown>()
  const subscriber = app.broker.subscriber('orders', (value) => { inbox.add(value) })
  subscriber.pause()
  app.broker.options({ topicPrefix: 'eu.' })
  const broker = await testBroker(app)
  t.same(app.broker.topics(), ['eu.orders', 'eu.orders.dlq'])
  await broker.publish('eu.orders', 1)
  t.match(app.broker.health(), { subscribers: [{ state: 'paused' }] })
  t.same(inbox.items, [])
  subscriber.resume()
  t.same(await inbox.count(1), [1])
  subscriber.pause()
  t.match(app.broker.health(), { subscribers: [{ state: 'paused' }] })
})

t.test('a subscriber of a router is paused in all of its places, and nowhere without one', async (t) => {
  const app = await build(t)
  const declaration = declareSubscriber(app, 'orders', {}, () => {})
  const paused = new Set<string>()
  const sourceOf = (name: string): SubscriberSource => ({
    topicsOf: () => ['orders'],
    groupIdOf: () => null,
    reads: () => true,
    skipTo: () => {},
    paused: {
      pause: () => { paused.add(name) }, resume: () => { paused.delete(name) }, has: () => paused.has(name)
    } as unknown as SubscriberSource['paused'],
    dynamic: {} as SubscriberSource['dynamic']
  })
  const places: SubscriberPlaces = new Places('orders')
  const subscriber = new SubscriberHandle(declaration, places)
  const NOT_INCLUDED = { code: 'FASTSTREAM_ERR_ROUTER_HANDLE' }
  t.throws(() => { subscriber.pause() }, NOT_INCLUDED)
  t.throws(() => { subscriber.resume() }, NOT_INCLUDED)
  t.throws(() => subscriber.isPaused, NOT_INCLUDED)
  for (const name of ['one', 'other']) places.add({ declaration, source: sourceOf(name) })
  subscriber.pause()
  t.same([...paused], ['one', 'other'])
  t.equal(subscriber.isPaused, true)
  paused.delete('other')
  t.equal(subscriber.isPaused, false)
  subscriber.resume()
  t.same([...paused], [])
})

t.test('subscribers that share a topic by a filter stand still together, until none of them is paused', async (t) => {
  const app = await build(t)
  const seen: string[] = []
  const [first, second] = [
    app.broker.subscriber('events', { filter: ({ headers }) => headers.type === 'a' }, () => { seen.push('a') }),
    app.broker.subscriber('events', () => { seen.push('b') })
  ]
  const other = app.broker.subscriber('events', { groupId: 'other', deadLetter: false }, () => { seen.push('other') })
  const broker = await testBroker(app)
  for (const subscriber of [first, second, other]) subscriber.pause()
  for (const type of ['a', 'b']) await broker.publish('events', 1, { headers: { type } })
  const states = () => app.broker.health().subscribers.map(({ state }) => state)
  first.resume()
  t.same(states(), ['paused', 'paused', 'paused'])
  t.same([first.isPaused, second.isPaused], [false, true])
  second.resume()
  t.same(states(), ['reading', 'reading', 'paused'])
  await eventually(async () => seen.length === 2)
  other.resume()
  await broker.settled()
  t.same(seen.sort(), ['a', 'b', 'other', 'other'])
})

t.test('a subscriber may be paused and resumed before there is a group', async (t) => {
  const app = await build(t)
  const orders = app.broker.subscriber('orders', () => {})
  orders.pause()
  orders.resume()
  t.equal(orders.isPaused, false)
})
