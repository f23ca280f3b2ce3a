import t from 'tap'
import { StopConsume, type MessageStory } from '../../../index.js'
import { brokersOf } from '../../../lib/broker/app-brokers.js'
import { testBroker } from '../../../lib/testing/index.js'
import { hear } from '../../support/hear.js'
import { gate } from '../../support/inbox.js'
import { turn } from '../../support/manual-clock.js'
import { build } from '../../support/plugin-app.js'

const texts = (story: MessageStory | undefined): string[] | undefined => story?.steps.map(({ text }) => text)

t.test('a message tells of its attempts, its failures and what its handler published', async (t) => {
  const app = await build(t, { groupId: 'shop' })
  app.broker.publisher('invoices')
  let attempts = 0
  app.broker.subscriber('orders', async function take (_, { broker }) {
    if (++attempts === 1) throw new Error('no stock')
    await broker.publish('invoices', 1, { partition: 0 })
  })
  const tests = await testBroker(app, { allowFailures: true })
  const { offset } = await app.broker.publish('orders', 1, { partition: 2, correlationId: 'c-1' })
  await tests.settled()
  const story = app.broker.explain('orders', 2, offset)
  t.match(story, { topic: 'orders', partition: 2, offset: 0n, cause: undefined, correlationId: 'c-1' })
  t.same(texts(story), [
    'published by this process', 'attempt 1 began', 'failed (handler): no stock', 'will be handled again in 0 ms',
    'attempt 2 began', 'acknowledged'
  ])
  t.match(story?.steps[1], { at: Date, channel: 'faststream.message.started', groupId: 'shop', subscriber: 'take' })
  t.match(story?.published, [{ topic: 'invoices', partition: 0, offset: 0n }])
  const invoice = app.broker.explain('invoices', 0, 0n)
  t.match(invoice, { cause: { topic: 'orders', partition: 2, offset: 0n }, correlationId: 'c-1' })

  const text = /^orders\[2\] 0, correlation id c-1\n {2}\d{4}-.* published by this process\n {2}.* \[shop, take\] attempt 1/
  t.match(String(story), text)
  t.match(String(invoice), /^invoices\[0\] 0, published because of orders\[2\] 0, correlation id c-1\n/)
  t.match(JSON.parse(JSON.stringify(story)), { offset: '0', published: [{ topic: 'invoices', offset: '0' }] })
  t.match(JSON.parse(JSON.stringify(invoice)), { cause: { topic: 'orders', partition: 2, offset: '0' } })
})

t.test('a dead letter is caused by its message, in whichever group', async (t) => {
  const app = await build(t, { groupId: 'shop', retry: { retries: 0 } })
  app.broker.subscriber('orders', { groupId: null }, () => { throw new Error('a\nb') })
  const tests = await testBroker(app, { allowFailures: true })
  await app.broker.publish('orders', 1, { partition: 0 })
  await tests.settled()
  const story = app.broker.explain('orders', 0, 0n)
  t.same(texts(story)?.slice(2), ['failed (retries-exhausted): a b', 'moved to orders.dlq', 'dead-lettered'])
  t.match(String(story), /\[no group, orders\]/)
  const [{ topic, partition, offset }] = story!.published as [{ topic: string, partition: number, offset: bigint }]
  t.equal(topic, 'orders.dlq')
  t.match(app.broker.explain(topic, partition, offset), { cause: { topic: 'orders', partition: 0, offset: 0n } })
})

t.test('a publish that fails adds nothing, and an unknown message has no story', async (t) => {
  const app = await build(t, { groupId: 'shop' })
  app.broker.publisher('orders')
  await testBroker(app, { allowFailures: true })
  await t.rejects(app.broker.publish('orders', 1, { partition: 9 }))
  t.equal(app.broker.explain('orders', 9, 0n), undefined)
})

t.test('a message says why it was redelivered: its handler outlived the drain of a rebalance', async (t) => {
  const app = await build(t, { groupId: 'shop' })
  const ended = gate()
  app.broker.subscriber('orders', async function take () { await ended.opened })
  const started = hear(t, 'faststream.message.started')
  const tests = await testBroker(app, { allowFailures: true })
  await app.broker.publish('orders', 1, { partition: 0 })
  await app.broker.publish('orders', 1, { partition: 1 })
  while (started.length < 2) await turn()
  const { events } = brokersOf(app).byName.get('default')!
  const { identity } = events
  const place = { ...identity, groupId: 'shop', subscriber: 'take', topic: 'orders', partition: 0, offset: 0n }
  const unsettled = [{ topic: 'orders', partition: 0, offset: 0n }]
  events.drainTimedOut.emit({ ...identity, groupId: 'shop', reason: 'rebalance', timeout: 8000, unsettled })
  events.unsettled.emit(place)
  events.rebalanced.emit({ ...identity, groupId: 'other', reason: 'lost', duration: 1, partitions: [] })
  events.rebalanced.emit({ ...identity, groupId: 'shop', reason: 'revoked', duration: 1, partitions: [] })
  events.started.emit({ ...place, attempt: 1 })
  t.same(texts(app.broker.explain('orders', 0, 0n)), [
    'published by this process', 'attempt 1 began', 'did not end within 8000 ms of a rebalance',
    'not settled: to be redelivered', 'the group has rebalanced (revoked)',
    'attempt 1 began: the message was redelivered'
  ])
  t.same(texts(app.broker.explain('orders', 1, 0n))?.slice(-1), ['the group has rebalanced (revoked)'])
  ended.open()
  await tests.settled()
  events.rebalanced.emit({ ...identity, groupId: 'shop', reason: 'revoked', duration: 1, partitions: [] })
  t.same(texts(app.broker.explain('orders', 1, 0n))?.slice(-1), ['acknowledged'], 'it is settled')
})

t.test('a message of a subscriber that stops says so', async (t) => {
  const app = await build(t, { groupId: 'shop', explain: true })
  app.broker.subscriber('orders', () => { throw new StopConsume() })
  await app.ready()
  await app.broker.publish('orders', 1, { partition: 0 })
  while (texts(app.broker.explain('orders', 0, 0n))?.includes('its subscriber has stopped') !== true) await turn()
  t.ok(texts(app.broker.explain('orders', 0, 0n))?.includes('not settled: to be redelivered'))
})

t.test('a message of another process tells only of what happened here', async (t) => {
  const app = await build(t, { groupId: 'shop', explain: true })
  await testBroker(app, { allowFailures: true })
  const { events } = brokersOf(app).byName.get('default')!
  const place = { ...events.identity, groupId: 'shop', subscriber: 'take', topic: 'orders', partition: 0, offset: 7n }
  events.started.emit({ ...place, attempt: 1 })
  t.match(String(app.broker.explain('orders', 0, 7n)), /^orders\[0\] 7\n {2}\S+ \[shop, take\] attempt 1 began$/)
  t.match(app.broker.explain('orders', 0, 7n), { cause: undefined, correlationId: undefined, published: [] })
})

t.test('a handler that is late says so', async (t) => {
  const app = await build(t, { groupId: 'shop', handlerTimeout: 1, retry: { retries: 0 } })
  const ended = gate()
  app.broker.subscriber('orders', async () => { await ended.opened })
  const late = hear(t, 'faststream.message.late')
  const tests = await testBroker(app, { allowFailures: true })
  await app.broker.publish('orders', 1, { partition: 0 })
  while (late.length === 0) await turn()
  ended.open()
  await tests.settled()
  t.ok(texts(app.broker.explain('orders', 0, 0n))?.includes('still runs after 1 ms'))
})

t.test('the newest 1000 messages are known, and of each a bounded number of steps', async (t) => {
  const app = await build(t, { groupId: 'shop', retry: { retries: 60 } })
  app.broker.publisher('invoices')
  app.broker.subscriber('orders', () => { throw new Error('always') })
  const tests = await testBroker(app, { allowFailures: true })
  await app.broker.publish('orders', 1, { partition: 0 })
  await tests.settled()
  const told = texts(app.broker.explain('orders', 0, 0n))!
  t.equal(told.length, 100)
  t.same([told[0], told.at(-1)], ['published by this process', 'dead-lettered'])
  await Promise.all(Array.from({ length: 1001 }, () => app.broker.publish('invoices', 1, { partition: 0 })))
  t.equal(app.broker.explain('orders', 0, 0n), undefined)
  t.equal(app.broker.explain('invoices', 0, 0n), undefined)
  t.ok(app.broker.explain('invoices', 0, 1000n))
})

t.test('without the option nothing is remembered, and explain() names the cure', async (t) => {
  const app = await build(t, { groupId: 'shop' })
  await app.ready()
  t.throws(() => app.broker.explain('orders', 0, 0n), {
    code: 'FASTSTREAM_ERR_EXPLAIN', message: "no message is remembered: give the plugin the option 'explain: true'"
  })
  const explain = app.broker.explain as (...args: unknown[]) => unknown
  t.throws(() => explain('', 0, 0n), { message: /'topic' must be a string/ })
  t.throws(() => explain('orders', -1, 0n), { message: /'partition' must be a number of at least 0/ })
  t.throws(() => explain('orders', 0, 0), { message: "option 'offset' must be a bigint" })
  t.throws(() => explain('orders', 0, 0n, 1), { code: 'FASTSTREAM_ERR_INVALID_ARGUMENTS' })
})
