import t from 'tap'
import { Type } from '@sinclair/typebox'
import {
  dependency, KafkaRouter, StopConsume, type Message, type SubscriberWithoutHandler
} from '../../index.js'
import { testBroker } from '../../lib/testing/index.js'
import { useEnvironment } from '../support/environment.js'
import { Inbox } from '../support/inbox.js'
import { build } from '../support/plugin-app.js'

const handler = (): void => {}
const CALL = 'FASTSTREAM_ERR_SUBSCRIBER_CALL'
const OPTION = 'FASTSTREAM_ERR_INVALID_OPTION'

t.test('a handler is required before ready(), and of a router', async (t) => {
  const app = await build(t)
  const missing = { code: OPTION, message: /'handler' must be a function.*without a handler declare it after ready/ }
  t.throws(() => app.broker.subscriber('orders'), missing)
  t.throws(() => app.broker.subscriber('orders', {}), missing)
  t.throws(() => new KafkaRouter().subscriber('orders'), missing)
})

t.test('a subscriber that was declared before ready() lives as long as its app', async (t) => {
  const app = await build(t)
  const subscriber = app.broker.subscriber('orders', handler)
  const both = app.broker.subscriber(['orders', 'returns'], { groupId: 'both' }, handler)
  await testBroker(app)
  const refused = (call: string) => ({
    code: CALL, message: new RegExp(`^${call}\\(\\) of the subscriber of 'orders' .* before ready\\(\\)`)
  })
  await t.rejects(subscriber.start(), refused('start'))
  await t.rejects(subscriber.stop(), refused('stop'))
  await t.rejects(subscriber.seek('start'), refused('seek'))
  await t.rejects(subscriber[Symbol.asyncDispose](), refused('stop'))
  await t.rejects(both.start(), { code: CALL, message: /of the subscriber of 'orders, returns'/ })
})

t.test('messages are read by hand where there is no handler, and while the subscriber runs', async (t) => {
  const app = await build(t)
  await testBroker(app)
  const handled = app.broker.subscriber('orders', handler) as SubscriberWithoutHandler<Message>
  await handled.start()
  await t.rejects(handled.getOne(), { code: CALL, message: /getOne\(\) of .* it has a handler/ })
  t.throws(() => handled[Symbol.asyncIterator](), { code: CALL, message: /for await of .* it has a handler/ })
  const orders = app.broker.subscriber('orders')
  const idle = { code: CALL, message: /it does not run: await start\(\) first/ }
  await t.rejects(orders.getOne(), idle)
  await t.rejects(orders.seek('end'), { code: CALL, message: /^seek\(\) of .* it does not run/ })
  await orders.stop()
  await orders.start()
  t.equal(await orders.getOne({ timeout: 0 }), null)
  await orders.stop()
  await orders.stop()
  await t.rejects(orders.getOne(), idle)
  await t.rejects(orders.getOne({ timeout: -1 }), { code: OPTION })
  await t.rejects(orders.getOne({ wait: 1 } as object), { code: OPTION })
})

t.test('a place to read on from is checked', async (t) => {
  const app = await build(t)
  await testBroker(app)
  await using orders = await app.broker.subscriber('orders').start()
  for (const place of ['middle', 1, null, undefined]) {
    await t.rejects(orders.seek(place as never), { code: 'FASTSTREAM_ERR_INVALID_ARGUMENTS' })
  }
  const at = { topic: 'orders', partition: 0, offset: 0n }
  const dates = [{}, { timestamp: new Date(NaN) }]
  const wrong = [...dates, { ...at, offset: 0 }, { ...at, partition: -1 }, { ...at, topic: 'x' }]
  for (const place of wrong) {
    await t.rejects(orders.seek(place as never), { code: OPTION })
  }
})

t.test('a seek waits for the start that is under way, and fails with it', async (t) => {
  const app = await build(t)
  app.broker.publisher('orders')
  const broker = await testBroker(app)
  await broker.publish('orders', 1, { partition: 0 })
  const begun = async (): Promise<void> => { while (app.broker.health().subscribers.length === 0) await null }
  const orders = app.broker.subscriber('orders', { offsetReset: 'latest' })
  const starting = orders.start()
  await begun()
  await orders.seek('start')
  await starting
  t.equal((await orders.getOne())?.value, 1)
  await orders.stop()
  const missing = app.broker.subscriber('orders', { partitions: [5] })
  const refused = { code: OPTION, message: /no partition 5/ }
  const failing = t.rejects(missing.start(), refused)
  await begun()
  await Promise.all([failing, t.rejects(missing.seek('start'), refused)])
})

t.test('a seek is refused once stop() was called, also while it waits for the start', async (t) => {
  const app = await build(t)
  app.broker.publisher('orders')
  await testBroker(app)
  const orders = app.broker.subscriber('orders')
  const refused = { code: CALL, message: /^seek\(\) of .* it does not run/ }
  await orders.start()
  const stopping = orders.stop()
  await t.rejects(orders.seek('start'), refused)
  await stopping
  const starting = orders.start()
  const seeking = t.rejects(orders.seek('start'), refused)
  await Promise.all([starting, seeking, orders.stop()])
})

t.test('options that say how a handler is called are refused without one', async (t) => {
  const app = await build(t, { ackPolicy: 'ACK', concurrency: 3 })
  const publish = app.broker.publisher('invoices')
  await testBroker(app)
  const useless = [{ publish }, { filter: () => true }, { ordering: 'key' }, { concurrency: 1 }, { ackPolicy: 'ACK' }]
  for (const options of useless) {
    t.throws(() => app.broker.subscriber('orders', options as object), { code: OPTION }, Object.keys(options).join())
  }
  const reply: object = { schema: { reply: { type: 'string' } } }
  t.throws(() => app.broker.subscriber('orders', reply), { code: OPTION, message: /'schema\.reply' has no effect/ })
  t.throws(() => app.broker.subscriber('no topic'), { code: 'FASTSTREAM_ERR_INVALID_TOPIC' })
  await using orders = await app.broker.subscriber('orders').start()
  await app.broker.publish('orders', 1)
  t.equal((await orders.getOne())?.ack(), true, 'an inherited policy of handlers settles nothing by itself')
})

t.test('a broker that closes, or is not there, starts nothing', async (t) => {
  const app = await build(t)
  await testBroker(app)
  const orders = app.broker.subscriber('orders')
  await orders.start()
  const reading = (async () => { for await (const message of orders) t.fail(String(message.offset)) })()
  const waiting = orders.getOne({ timeout: 20_000 })
  await app.close()
  await reading
  t.equal(await waiting, null)
  t.equal(await orders.getOne(), null)
  await orders.stop()
  await t.rejects(orders.start(), { code: 'FASTSTREAM_ERR_NOT_READY', message: /the broker is closed/ })
  t.throws(() => app.broker.subscriber('orders'), { code: 'FASTSTREAM_ERR_NOT_READY' })
})

t.test('starts and stops at once are one, and come one after the other', async (t) => {
  const app = await build(t)
  await testBroker(app)
  const orders = app.broker.subscriber('orders')
  t.same(await Promise.all([orders.start(), orders.start()]), [orders, orders])
  const stopped = [orders.stop(), orders.stop()]
  await orders.start()
  await Promise.all(stopped)
  await app.broker.publish('orders', 1)
  t.equal((await orders.getOne())?.value, 1)
  const starting = orders.stop().then(() => orders.start())
  await starting
  t.equal(app.broker.health().subscribers.length, 1)
  await orders.stop()
  t.equal(app.broker.health().subscribers.length, 0)
})

t.test('in a group of the app it shares the consumer, and must read other topics', async (t) => {
  const app = await build(t, { groupId: 'shop' })
  const seen = new Inbox<unknown>()
  app.broker.subscriber('orders', (value) => { seen.add(['orders', value]) })
  const broker = await testBroker(app)
  const twice = app.broker.subscriber('orders', { groupId: 'shop' })
  await t.rejects(twice.start(), { code: 'FASTSTREAM_ERR_DUPLICATE_SUBSCRIBER' })
  await t.rejects(twice.start(), { code: 'FASTSTREAM_ERR_DUPLICATE_SUBSCRIBER' })
  const clash = app.broker.subscriber('returns', { groupId: 'shop', offsetReset: 'latest' })
  await t.rejects(clash.start(), { code: 'FASTSTREAM_ERR_GROUP_CLASH' })
  const returns = app.broker.subscriber('returns', { groupId: 'shop' }, (value) => { seen.add(['returns', value]) })
  await returns.start()
  for (const topic of ['orders', 'returns']) await broker.publish(topic, 1)
  t.same([...await seen.count(2)].sort(), [['orders', 1], ['returns', 1]])
  await returns.stop()
  await broker.publish('orders', 2)
  t.same((await seen.count(3)).slice(2), [['orders', 2]])
  await using read = await app.broker.subscriber('returns', { groupId: 'shop' }).start()
  await broker.publish('returns', 2)
  t.equal((await read.getOne())?.value, 2)
})

t.test('beside other groups, other partitions and readers without a group it reads the same topic', async (t) => {
  const app = await build(t, { groupId: 'shop' })
  app.broker.subscriber('orders', { partitions: [0] }, handler)
  const broker = await testBroker(app)
  const readers = [
    await app.broker.subscriber('orders', { groupId: 'other' }).start(),
    await app.broker.subscriber('orders', { groupId: 'shop', partitions: [1] }).start(),
    await app.broker.subscriber('orders').start(),
    await app.broker.subscriber('orders').start()
  ]
  await broker.publish('orders', 1, { partition: 1 })
  for (const reader of readers) t.equal((await reader.getOne())?.value, 1)
})

t.test('it takes no messages that a filter of the app leaves', async (t) => {
  const app = await build(t, { groupId: 'shop' })
  app.broker.subscriber('orders', { filter: ({ value }) => value === 1 }, handler)
  await testBroker(app)
  const rest = app.broker.subscriber('orders', { groupId: 'shop' }, handler)
  await t.rejects(rest.start(), { code: 'FASTSTREAM_ERR_DUPLICATE_SUBSCRIBER', message: /'orders'.*'shop'/ })
  t.equal(app.broker.health().subscribers.length, 1)
})

t.test('cases, filters and patterns come and go, too', async (t) => {
  const app = await build(t)
  const broker = await testBroker(app)
  const seen = new Inbox<unknown>()
  const events = app.broker.subscriber('events', {
    groupId: 'events',
    by: ({ value }) => String(value),
    cases: { a: { handler: (value) => { seen.add(value) } }, b: { handler: (value) => { seen.add(value) } } }
  })
  await events.start()
  t.equal(app.broker.health().subscribers.length, 1)
  for (const value of ['a', 'b']) await broker.publish('events', value, { key: '1' })
  t.same(await seen.count(2), ['a', 'b'])
  const again = app.broker.subscriber('events', { groupId: 'events', filter: () => true }, handler)
  await t.rejects(again.start(), { code: 'FASTSTREAM_ERR_DUPLICATE_SUBSCRIBER' })
  await events.stop()
  await using pattern = await app.broker.subscriber('events{rest}').start()
  t.equal(await pattern.getOne({ timeout: 10 }), null)
  await again.start()
})

t.test('a start that fails can be repeated', async (t) => {
  const app = await build(t)
  await testBroker(app)
  const orders = app.broker.subscriber('orders', { partitions: [5] })
  const missing = { code: OPTION, message: /no partition 5/ }
  await t.rejects(orders.start(), missing)
  await t.rejects(orders.start(), missing)
  t.equal(app.broker.health().subscribers.length, 0)
  await orders.stop()
})

t.test('a schema needs compilers, which a scope has when it declared a schema at boot', async (t) => {
  const app = await build(t)
  const value = Type.Object({ id: Type.String() })
  app.register(async (scope) => {
    scope.broker.publisher('known', { schema: { value } })
  })
  let scoped: typeof app | undefined
  app.register(async (scope) => { scope.broker.publisher('of-scope', { schema: { value } }); scoped = scope })
  const broker = await testBroker(app)
  t.throws(() => app.broker.subscriber('orders', { schema: { value } }), { code: 'FASTSTREAM_ERR_ALREADY_STARTED' })
  await using orders = await scoped!.broker.subscriber('orders', { schema: { value } }).start()
  for (const value of [{}, { id: '1' }]) await broker.publish('orders', value, { key: '1' })
  const message = await orders.getOne()
  t.same(message?.value, { id: '1' })
  message?.ack()
  t.match(broker.errors, [{ stage: 'validate' }])
})

t.test('dependencies live until the decision, and middlewares are around the reading', async (t) => {
  const events: string[] = []
  const app = await build(t, {
    middlewares: [{
      async consumeScope (next, { value }) {
        events.push(`begin ${value}`)
        const result = await next()
        events.push(`end ${value}`)
        return result
      }
    }]
  })
  const connection = dependency(async function * connection () { yield 'open'; events.push('closed') })
  const broker = await testBroker(app)
  await using orders = await app.broker.subscriber('orders', { groupId: 'a', deps: { connection } }).start()
  await broker.publish('orders', 1)
  const message = await orders.getOne()
  t.same([message?.deps.connection, ...events], ['open', 'begin 1'])
  message?.ack()
  await broker.settled()
  t.same(events, ['begin 1', 'end 1', 'closed'])
})

t.test('a message that is not settled in time is handed over once more', async (t) => {
  const app = await build(t, { retry: { delay: 0 } })
  await testBroker(app)
  await using orders = await app.broker.subscriber('orders', { handlerTimeout: 20, ackPolicy: 'MANUAL' }).start()
  await app.broker.publish('orders', 1)
  const first = await orders.getOne()
  const second = await orders.getOne()
  t.same([first?.attempt, second?.attempt], [1, 2])
  t.same([first?.signal.aborted, first?.ack(), second?.ack()], [true, false, true])
})

t.test('no more messages are unsettled than the buffer holds', async (t) => {
  const app = await build(t, { buffer: { messages: 2 } })
  await testBroker(app)
  await using orders = await app.broker.subscriber('orders').start()
  for (const value of [1, 2, 3]) {
    await app.broker.publish('orders', value, { partition: 0 })
    if (value < 3) t.equal((await orders.getOne())?.value, value)
  }
  t.equal(await orders.getOne({ timeout: 20 }), null)
})

t.test('pause() keeps messages back, and a middleware may stop the reading', async (t) => {
  const app = await build(t, {
    middlewares: [{
      onReceive ({ rawHeaders }) { if (rawHeaders.some(([name]) => name === 'stop')) throw new StopConsume() }
    }]
  })
  await testBroker(app)
  const orders = await app.broker.subscriber('orders').start()
  orders.pause()
  await app.broker.publish('orders', 1)
  t.equal(await orders.getOne({ timeout: 10 }), null)
  orders.resume()
  t.equal((await orders.getOne())?.value, 1)
  await app.broker.publish('orders', 2, { headers: { stop: '1' } })
  t.equal(await orders.getOne({ timeout: 20_000 }), null, 'the subscriber has stopped')
  await orders.stop()
})

t.test('a subscriber that is read by hand is healthy also while no code asks for its messages', async (t) => {
  const app = await build(t)
  await testBroker(app)
  await using orders = await app.broker.subscriber('orders', { stuckAfter: 1, handlerTimeout: 1 }).start()
  await app.broker.publish('orders', 1)
  const stalled = () => app.broker.health().subscribers[0]!.partitions.some(({ stalledFor }) => stalledFor > 1)
  while (!stalled()) await new Promise(setImmediate)
  t.equal(app.broker.health().healthy, true)
  t.equal((await orders.getOne())?.value, 1)
})

t.test('health and topics: it is there while it runs, and not in the document', async (t) => {
  const app = await build(t)
  app.broker.publisher('orders')
  await testBroker(app)
  const { operations } = app.asyncapi()
  const orders = await app.broker.subscriber('orders').start()
  t.match(app.broker.health(), { healthy: true, subscribers: [{ name: 'orders', groupId: null, state: 'reading' }] })
  t.same(app.asyncapi().operations, operations)
  await orders.stop()
  t.same(app.broker.health().subscribers, [])
})

t.test('in an app that is only looked at it starts, seeks and stops, and reads nothing', async (t) => {
  const app = await build(t)
  useEnvironment(app, { isInspected: true })
  app.broker.publisher('orders')
  await app.ready()
  const orders = app.broker.subscriber('orders')
  await orders.start()
  await orders.seek('start')
  await app.broker.publish('orders', 1)
  t.equal(await orders.getOne({ timeout: 10 }), null)
  await orders.stop()
  t.same(app.broker.health().subscribers, [])
})

t.test('what it reads of a dead-letter topic is a dead letter', async (t) => {
  const app = await build(t)
  app.broker.subscriber('orders', { deadLetter: { topic: 'failed' }, retry: { retries: 0 } }, () => {
    throw new Error('no')
  })
  const broker = await testBroker(app, { allowFailures: true })
  await using failed = await app.broker.subscriber('failed').start()
  await broker.publish('orders', 1)
  t.match((await failed.getOne())?.deadLetter, { topic: 'orders', error: { message: 'no' } })
})

t.test('once it has stopped, none of its messages is handled', async (t) => {
  const app = await build(t)
  app.broker.publisher('orders')
  await testBroker(app)
  const seen = new Inbox<unknown>()
  const orders = await app.broker.subscriber('orders', (value) => { seen.add(value) }).start()
  await app.broker.publish('orders', 1)
  await seen.count(1)
  await orders.stop()
  await app.broker.publish('orders', 2)
  for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate)
  t.same(seen.items, [1])
})

t.test('with ACK_FIRST a message is acknowledged before code gets it', async (t) => {
  const app = await build(t)
  app.broker.publisher('orders')
  await testBroker(app)
  await using orders = await app.broker.subscriber('orders', { ackPolicy: 'ACK_FIRST' }).start()
  for (const value of [1, 2]) await app.broker.publish('orders', value, { partition: 0 })
  for (const value of [1, 2]) {
    const message = await orders.getOne()
    t.same([message?.value, message?.ack()], [value, false])
  }
})
