import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import t, { type Test } from 'tap'
import { SkipMessage, StopConsume, type DeadLetter, type FaststreamOptions } from '../../index.js'
import { testBroker } from '../../lib/testing/index.js'
import { build as buildApp } from '../support/plugin-app.js'
import { hear } from '../support/hear.js'
import { gate, Inbox } from '../support/inbox.js'

async function build (t: Test, options: FaststreamOptions = {}) {
  const app = await buildApp(t, { groupId: 'shop', ...options })
  const seen = new Inbox<string>()
  const dead = new Inbox<DeadLetter>()
  app.broker.subscriber('events.dlq', { groupId: 'dead' }, (_, { deadLetter }) => { dead.add(deadLetter!) })
  return { app, seen, dead }
}

t.test('a message goes to the first subscriber whose filter takes it, the last one has none', async (t) => {
  const { app, seen, dead } = await build(t)
  const asked: string[] = []
  const filter = (name: string, takes: (value: number) => boolean) => ({ value }: { value: unknown }) => {
    asked.push(`${name} ${value}`)
    return takes(value as number)
  }
  app.broker.subscriber('events', { filter: filter('even', (n) => n % 2 === 0) }, (n) => { seen.add(`even ${n}`) })
  app.broker.subscriber('events', { filter: filter('large', (n) => n > 10) }, (n) => { seen.add(`large ${n}`) })
  app.broker.subscriber('events', (n) => { seen.add(`rest ${n}`) })
  const broker = await testBroker(app)
  for (const n of [12, 13, 1]) await broker.publish('events', n, { partition: 0 })
  await broker.settled()
  t.same(seen.items, ['even 12', 'large 13', 'rest 1'])
  t.same(asked, ['even 12', 'even 13', 'large 13', 'even 1', 'large 1'])
  t.same(dead.items, [])
})

t.test('a message that no filter takes is a dead letter of the first subscriber', async (t) => {
  const { app, dead } = await build(t)
  app.broker.subscriber('events', { filter: () => false }, function first () {})
  app.broker.subscriber('events', { filter: () => false }, function second () {})
  const broker = await testBroker(app)
  await broker.publish('events', 1)
  await broker.settled()
  t.match(dead.items, [{
    stage: 'deserialize',
    subscriber: 'first, second',
    error: {
      code: 'FASTSTREAM_ERR_UNMATCHED', message: "no subscriber takes the message of 'events': no filter takes it"
    }
  }])
})

t.test('a dead letter that no filter takes keeps its first origin', async (t) => {
  const app = await buildApp(t, { groupId: 'shop', retry: { retries: 0 } })
  const last = new Inbox<DeadLetter>()
  app.broker.subscriber('events', () => { throw new Error('no') })
  app.broker.subscriber('events.dlq', { filter: () => false, deadLetter: { topic: 'last' } }, () => {})
  app.broker.subscriber('last', (_, { deadLetter }) => { last.add(deadLetter!) })
  const broker = await testBroker(app)
  await broker.publish('events', 1)
  await broker.settled()
  t.match(last.items, [{ topic: /^events$/, error: { code: 'FASTSTREAM_ERR_UNMATCHED' } }])
})

t.test('a filter that throws, or returns no boolean, makes a dead letter; one may skip', async (t) => {
  const { app, dead, seen } = await build(t)
  const filter = ({ value }: { value: unknown }): boolean => {
    if (value === 'throw') throw new Error('broken')
    if (value === 'skip') throw new SkipMessage()
    return value as boolean
  }
  app.broker.subscriber('events', { filter }, () => {})
  app.broker.subscriber('events', (value) => { seen.add(String(value)) })
  const broker = await testBroker(app)
  for (const value of ['throw', 'skip', 'text']) await broker.publish('events', value)
  await broker.settled()
  t.same(dead.items.map(({ error }) => error.message).sort(), [
    "no subscriber takes the message of 'events': 'filter' must return true or false, and returned a value of type string",
    "no subscriber takes the message of 'events': 'filter' threw: broken"
  ])
  t.same(seen.items, [])
})

t.test('each subscriber of a topic has its own policy, retries and dead letters', async (t) => {
  const { app, dead, seen } = await build(t)
  const fail = (): never => { throw new Error('always') }
  app.broker.subscriber('events', {
    filter: ({ value }) => value === 1, retry: { retries: 1, delay: 0 }
  }, fail)
  app.broker.subscriber('events', { filter: ({ value }) => value === 2, ackPolicy: 'ACK' }, fail)
  app.broker.subscriber('events', { deadLetter: { topic: 'other.dlq' }, retry: { retries: 0 } }, fail)
  app.broker.subscriber('other.dlq', { groupId: 'dead' }, (value) => { seen.add(`dead ${value}`) })
  const broker = await testBroker(app)
  for (const value of [1, 2, 3]) await broker.publish('events', value)
  await broker.settled()
  t.match(dead.items, [{ attempts: 2, stage: 'retries-exhausted' }])
  t.equal(dead.items.length, 1)
  const health = app.broker.health().subscribers.filter(({ topics }) => topics.includes('events'))
  t.match(health, Array(3).fill({ lastError: { message: 'always' } }))
  t.same(seen.items, ['dead 3'])
})

t.test('subscribers that share a topic agree on what its queue needs', async (t) => {
  const filter = (): boolean => true
  const own = { ordering: 'key', concurrency: 2 } as const
  const clash = (option: string) => ({
    code: 'FASTSTREAM_ERR_GROUP_CLASH', message: new RegExp(`group 'shop' has different values of '${option}'`)
  })
  for (const [topics, options, error] of [
    ['events', own, clash('topics')],
    [['more', 'events'], { concurrency: 2 }, clash('ordering')],
    [['more', 'events'], { ordering: 'key' }, clash('concurrency')],
    [['more', 'events'], { ...own, listener: { onLost () {} } }, clash('listener')]
  ] as const) {
    const { app } = await build(t)
    app.broker.subscriber(['events', 'more'], { filter, ...own }, () => {})
    app.broker.subscriber(topics, options, () => {})
    await t.rejects(testBroker(app), error)
  }
  const { app } = await build(t)
  app.broker.subscriber(['events', 'more'], { filter, ...own }, () => {})
  app.broker.subscriber(['more', 'events'], own, () => {})
  t.throws(() => app.broker.subscriber('events', { filter: 'yes' as never }, () => {}), {
    code: 'FASTSTREAM_ERR_INVALID_OPTION', message: /'filter' must be a function of the message/
  })
  await testBroker(app)
})

t.test('a subscriber without a filter is the last one of its topic', async (t) => {
  const { app } = await build(t)
  app.broker.subscriber('events', () => {})
  app.broker.subscriber('events', { filter: () => true }, () => {})
  await t.rejects(testBroker(app), { code: 'FASTSTREAM_ERR_DUPLICATE_SUBSCRIBER', message: /'filter'/ })
})

t.test('a subscriber with cases may be the last of a topic, behind filters', async (t) => {
  const { app, seen } = await build(t)
  app.broker.subscriber('events', { filter: ({ headers }) => headers.test === 'yes' }, () => { seen.add('test') })
  app.broker.subscriber('events', {
    by: ({ headers }) => headers.type, cases: { a: { handler: () => { seen.add('a') } } }, otherwise: 'skip'
  })
  const broker = await testBroker(app)
  await broker.publish('events', 1, { headers: { test: 'yes', type: 'a' } })
  await broker.publish('events', 2, { headers: { type: 'a' } })
  await broker.publish('events', 3, { headers: { type: 'b' } })
  await broker.settled()
  t.same([...seen.items].sort(), ['a', 'test'])
  t.same(app.broker.health().subscribers.map(({ topics }) => topics), [['events.dlq'], ['events'], ['events']])
})

t.test('a filter may read what a later subscriber has room for', async (t) => {
  const { app, seen, dead } = await build(t)
  const filter = ({ value }: { value: unknown }): boolean => String(value).length < 5
  app.broker.subscriber('events', { bodyLimit: 10, filter }, () => { seen.add('short') })
  app.broker.subscriber('events', { bodyLimit: 1000 }, () => { seen.add('long') })
  const broker = await testBroker(app)
  await broker.publish('events', 'x'.repeat(100))
  await broker.settled()
  t.same([seen.items, dead.items], [['long'], []])
})

t.test('without a group a filter leaves the rest to none: those messages are dead letters, too', async (t) => {
  const { app, dead } = await build(t)
  app.broker.subscriber('events', { groupId: null, filter: () => false }, () => {})
  app.broker.subscriber('events', { groupId: null }, () => {})
  const broker = await testBroker(app)
  await broker.publish('events', 1)
  await broker.settled()
  t.equal(dead.items.length, 1)
})

t.test('health and stops are those of the queue', async (t) => {
  const { app } = await build(t)
  const entered = new Inbox<string>()
  app.broker.subscriber('events', { filter: ({ value }) => value === 'stop' }, function first () {
    entered.add('first')
    throw new StopConsume()
  })
  app.broker.subscriber('events', function second () { entered.add('second') })
  const broker = await testBroker(app)
  await broker.publish('events', 'go', { partition: 0 })
  await entered.count(1)
  const states = () => app.broker.health().subscribers.slice(1).map(({ name, state }) => `${name} ${state}`)
  t.same(states(), ['first reading', 'second reading'])
  await broker.publish('events', 'stop', { partition: 0 })
  await entered.count(2)
  await new Promise((resolve) => { setImmediate(resolve) })
  t.same(states().map((state) => state.split(' ')[1]).filter((state) => state === 'reading'), [])
})

t.test('no filter is asked about a message that was redriven for another group', async (t) => {
  const { app, seen, dead } = await build(t)
  const asked: unknown[] = []
  app.broker.subscriber('events', { filter: ({ value }) => asked.push(value) > 0 }, (n) => { seen.add(`${n}`) })
  app.broker.subscriber('events', (n) => { seen.add(`rest ${n}`) })
  const broker = await testBroker(app)
  const settled = hear(t, 'faststream.message.settled')
  for (const [n, group] of ['billing', 'shop'].entries()) {
    await broker.publish('events', n, { partition: 0, headers: { 'x-dlq-redrive-group': group } })
  }
  await broker.settled()
  t.same([asked, seen.items, dead.items], [[1], ['1'], []])
  t.same(settled.map(({ outcome }) => outcome), ['skipped', 'acknowledged'])
})

t.test('subscribers that share a topic wait for the results of each other', async (t) => {
  const { app } = await build(t)
  const events: string[] = []
  const settled = hear(t, 'faststream.message.settled')
  const out = app.broker.publisher('out', { partition: 0 })
  const isEven = ({ value }: { value: unknown }): boolean => Number(value) % 2 === 0
  const failed = gate()
  app.broker.subscriber('events', { filter: isEven, publish: out }, async (n) => {
    await failed.opened
    return `even ${n}`
  })
  app.broker.subscriber('events', { publish: out }, (n) => `rest ${n}`)
  app.broker.subscriber('out', { groupId: 'out' }, (value) => { events.push(String(value)) })
  const broker = await testBroker(app, { allowFailures: true })
  broker.fault({ on: 'publish', topic: 'out', times: 1, error: new Error('down') })
  const open = (): void => { failed.open() }
  subscribe('faststream.message.publish-failed', open)
  t.teardown(() => unsubscribe('faststream.message.publish-failed', open))
  await Promise.all([1, 2, 3].map((n) => broker.publish('events', n, { partition: 0 })))
  await broker.settled()
  t.same(events, ['rest 1', 'even 2', 'rest 3'])
  const places = settled.filter((event) => event.topic === 'events').map(({ offset }) => Number(offset))
  t.same(places, [0, 1, 2])
})
