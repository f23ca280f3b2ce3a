import t, { type Test } from 'tap'
import { Type } from '@sinclair/typebox'
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import { dependency, SkipMessage, type DeadLetter, type FaststreamOptions } from '../../index.js'
import { testBroker } from '../../lib/testing/index.js'
import { build as buildApp } from '../support/plugin-app.js'
import { Inbox } from '../support/inbox.js'

const Placed = Type.Object({ id: Type.String(), total: Type.Number() })
const Paid = Type.Object({ orderId: Type.String() })

async function build (t: Test, options: FaststreamOptions = {}) {
  const app = (await buildApp(t, options)).withTypeProvider<TypeBoxTypeProvider>()
  const seen = new Inbox<string>()
  const dead = new Inbox<DeadLetter>()
  app.broker.subscriber('events.dlq', { groupId: 'dead' }, (_, { deadLetter }) => { dead.add(deadLetter!) })
  return { app, seen, dead }
}

/** A message with its type in a header. */
const typed = (type: string) => ({ headers: { type } })

t.test('each message goes to the handler of its case, validated by its schema', async (t) => {
  const { app, seen, dead } = await build(t)
  app.broker.subscriber('events', {
    by: ({ headers }) => headers.type,
    cases: {
      placed: { schema: { value: Placed }, handler: ({ id, total }) => { seen.add(`placed ${id} ${total}`) } },
      paid: { schema: { value: Paid }, handler: ({ orderId }) => { seen.add(`paid ${orderId}`) } }
    }
  })
  const broker = await testBroker(app)
  await broker.publish('events', { id: 'a', total: 9 }, typed('placed'))
  await broker.publish('events', { orderId: 'a' }, typed('paid'))
  await broker.publish('events', { id: 'b' }, typed('placed'))
  await broker.settled()
  t.same([...seen.items].sort(), ['paid a', 'placed a 9'])
  t.match(dead.items, [{
    stage: 'validate', subscriber: 'events.placed', error: { code: 'FASTSTREAM_ERR_VALIDATION' }
  }])
})

t.test('the type may stand in the value or in the key, and be a number', async (t) => {
  const { app, seen } = await build(t)
  app.broker.subscriber('values', {
    by: ({ value }) => (value as { type: number }).type,
    cases: { 1: { handler: () => { seen.add('one') } }, 2: { handler: () => { seen.add('two') } } }
  })
  app.broker.subscriber('keys', {
    by: ({ key }) => key?.toString().split(':')[0],
    cases: { order: { handler: () => { seen.add('order') } } }
  })
  app.broker.subscriber('places', {
    by: ({ topic, partition, offset, timestamp, rawHeaders }) => {
      return [topic, partition, offset, timestamp?.getTime(), rawHeaders.length > 0].join(' ')
    },
    cases: { 'places 0 0 5 true': { handler: () => { seen.add('place') } } }
  })
  const broker = await testBroker(app)
  await broker.publish('values', { type: 2 })
  await broker.publish('values', { type: 1 })
  await broker.publish('keys', 'any', { key: 'order:1' })
  await broker.publish('places', 'any', { partition: 0, timestamp: new Date(5) })
  await broker.settled()
  t.same([...seen.items].sort(), ['one', 'order', 'place', 'two'])
})

t.test('a message without a case is a dead letter that shows what by returned', async (t) => {
  const { app, dead } = await build(t)
  app.broker.subscriber('events', { by: ({ headers }) => headers.type, cases: { placed: { handler () {} } } })
  const broker = await testBroker(app)
  await broker.publish('events', 1, typed('renamed'))
  await broker.publish('events', 2)
  await broker.publish('events', 3, typed('__proto__'))
  await broker.publish('events', 4, typed('x'.repeat(5000)))
  await broker.settled()
  const messages = dead.items.map(({ error }) => error.message)
  t.equal(messages.length, 4)
  const known = [/'by' returned 'renamed', and 'cases' has no such name/, /returned undefined/, /'__proto__'/]
  for (const expected of known) {
    t.ok(messages.some((message) => expected.test(message)), String(expected))
  }
  t.ok(messages.every((message) => message.length < 400))
  t.match(dead.items[0], { stage: 'deserialize', subscriber: 'events', error: { code: 'FASTSTREAM_ERR_UNMATCHED' } })
})

t.test('what by returns is a string or a number, and nothing else has a case', async (t) => {
  const { app, dead } = await build(t)
  const by = (({ value }: { value: unknown }) => value === 1 ? Promise.resolve('placed') : null) as never
  app.broker.subscriber('events', { by, cases: { placed: { handler () {} } } })
  const broker = await testBroker(app)
  for (const value of [1, 2]) await broker.publish('events', value, { partition: 0 })
  await broker.settled()
  t.match(dead.items, [
    { error: { message: /'by' returned a value of type object,/ } }, { error: { message: /'by' returned null,/ } }
  ])
})

t.test("with otherwise: 'skip' other messages are skipped, and told as such", async (t) => {
  const { app, seen, dead } = await build(t)
  const outcomes = new Inbox<string>()
  const { subscribe, unsubscribe } = await import('node:diagnostics_channel')
  const note = (event: unknown): void => {
    const { subscriber, outcome, offset } = event as { subscriber: string, outcome: string, offset: bigint }
    outcomes.add(`${subscriber} ${offset} ${outcome}`)
  }
  subscribe('faststream.message.settled', note)
  t.teardown(() => { unsubscribe('faststream.message.settled', note) })
  app.broker.subscriber('events', {
    by: ({ headers }) => headers.type,
    cases: { placed: { handler: (value) => { seen.add(String(value)) } } },
    otherwise: 'skip'
  })
  const broker = await testBroker(app)
  await broker.publish('events', 1, { ...typed('other'), partition: 0 })
  await broker.publish('events', 2, { ...typed('placed'), partition: 0 })
  await broker.settled()
  t.same(seen.items, ['2'])
  t.same(dead.items, [])
  t.same(broker.errors, [])
  t.same(outcomes.items, ['events 0 skipped', 'events.placed 1 acknowledged'])
})

t.test('a handler of all other messages gets the value as it was decoded', async (t) => {
  const { app, seen } = await build(t)
  app.broker.subscriber('events', {
    by: ({ headers }) => headers.type,
    cases: { placed: { schema: { value: Placed }, handler () {} } },
    otherwise (value, { headers }) { seen.add(`${headers.type} ${JSON.stringify(value)} ${this === app}`) }
  })
  const broker = await testBroker(app)
  await broker.publish('events', { free: true }, typed('other'))
  await broker.settled()
  t.same(seen.items, ['other {"free":true} true'])
  t.match(app.asyncapi(), { operations: { 'events.placed': {}, 'events.otherwise': {} } })
})

t.test('by that throws makes a dead letter, unless it skips the message', async (t) => {
  const { app, dead } = await build(t)
  app.broker.subscriber('events', {
    by: ({ headers }) => {
      if (headers.type === 'skip') throw new SkipMessage()
      throw new TypeError(`no ${headers.type}`)
    },
    cases: { placed: { handler () {} } }
  })
  const broker = await testBroker(app)
  await broker.publish('events', 1, typed('broken'))
  await broker.publish('events', 2, typed('skip'))
  await broker.settled()
  t.match(dead.items, [{
    stage: 'deserialize',
    error: {
      code: 'FASTSTREAM_ERR_UNMATCHED',
      message: /'by' threw: no broken/,
      cause: { name: 'TypeError', message: 'no broken' }
    }
  }])
})

t.test('a value is decoded when by reads it: what is skipped by its headers may have any size', async (t) => {
  const { app, seen, dead } = await build(t, { bodyLimit: 1000 })
  app.broker.subscriber('events', {
    by: (message) => message.headers.type ?? (message.value as { type: string }).type,
    cases: { placed: { handler: () => { seen.add('placed') } } },
    otherwise: 'skip'
  })
  const broker = await testBroker(app)
  await broker.publish('events', 'x'.repeat(2000), typed('large'))
  await broker.publish('events', 'x'.repeat(2000))
  await broker.publish('events', { type: 'placed' })
  await broker.publish('events', 'x'.repeat(2000), typed('placed'))
  await broker.settled()
  t.same(seen.items, ['placed'])
  t.match(dead.items.map(({ error, subscriber }) => [subscriber, error.code]).sort(), [
    ['events', 'FASTSTREAM_ERR_DECODE'], ['events.placed', 'FASTSTREAM_ERR_DECODE']
  ])
  t.equal(dead.items.length, 2)
})

t.test('a subscriber with a codec is asked by headers: its value is decoded later', async (t) => {
  const { app, seen, dead } = await build(t)
  app.broker.subscriber('events', {
    codec: 'text',
    by: (message) => message.headers.type ?? String(message.value),
    cases: { note: { handler: (value) => { seen.add(String(value)) } } }
  })
  const broker = await testBroker(app)
  await broker.publish('events', 'read', typed('note'))
  await broker.publish('events', 'note')
  await broker.settled()
  t.same(seen.items, ['read'])
  t.match(dead.items, [{ error: { code: 'FASTSTREAM_ERR_DECODE', message: /'by' and 'filter' are asked before it/ } }])
})

t.test('by is asked once for a message, and each attempt has a value of its own', async (t) => {
  const { app } = await build(t, { retry: { retries: 2, delay: 0 } })
  let asked = 0
  const values: unknown[] = []
  app.broker.subscriber('events', {
    by: ({ value }) => { asked++; return (value as { type: string }).type },
    cases: {
      placed: {
        handler (value) {
          values.push({ ...value as object })
          Object.assign(value as object, { spoilt: true })
          if (values.length < 3) throw new Error('again')
        }
      }
    }
  })
  const broker = await testBroker(app)
  await broker.publish('events', { type: 'placed' })
  await broker.settled()
  t.equal(asked, 1)
  t.same(values, Array(3).fill({ type: 'placed' }))
})

t.test('each case has its dependencies and publishers; the options are those of the subscriber', async (t) => {
  const { app, seen } = await build(t)
  const tenant = dependency(() => 'tenant of the case')
  const receipts = app.broker.publisher('receipts')
  app.broker.subscriber('events', {
    groupId: 'own',
    partitions: [0, 1, 2],
    ackPolicy: 'ACK',
    deadLetter: false,
    by: ({ headers }) => headers.type,
    cases: {
      placed: { deps: { tenant }, handler: (_, { deps }) => { seen.add(deps.tenant) } },
      paid: { publish: receipts, handler: () => ({ receipt: 1 }) },
      failed: { handler: () => { throw new Error('once') } }
    }
  })
  const broker = await testBroker(app)
  for (const type of ['placed', 'paid', 'failed']) await broker.publish('events', 1, typed(type))
  await broker.settled()
  t.same(seen.items, ['tenant of the case'])
  t.match(broker.published('receipts'), [{ value: { receipt: 1 } }])
  t.match(broker.errors, [{ attempt: 1, error: { message: 'once' } }], 'ACK retries nothing')
})

t.test('a subscriber with cases is one subscriber: one handle, one line of health, one queue', async (t) => {
  const { app } = await build(t, { groupId: 'shop' })
  const order: string[] = []
  const events = app.broker.subscriber('events', {
    by: ({ headers }) => headers.type,
    cases: {
      slow: { handler: async () => { await new Promise((resolve) => setImmediate(resolve)); order.push('slow') } },
      fast: { handler: () => { order.push('fast') } },
      other: { handler () {} }
    }
  })
  t.match(events, { topics: ['events'], groupId: 'shop' })
  const broker = await testBroker(app)
  for (const type of ['slow', 'fast', 'slow']) await broker.publish('events', 1, { ...typed(type), partition: 0 })
  await broker.settled()
  t.same(order, ['slow', 'fast', 'slow'], 'messages keep the order of their partition')
  t.same(app.broker.health().subscribers.map(({ name }) => name), ['events.dlq', 'events'])
  t.ok(app.broker.health().healthy)
})

t.test('impossible cases are refused with the cure', async (t) => {
  const { app } = await build(t)
  const by = () => 'a'
  const cases = { a: { handler () {} } }
  for (const [options, message] of [
    [{ by, cases: {} }, /'cases' must name each type/],
    [{ by, cases: [] }, /'cases' must name each type/],
    [{ by }, /'cases' must name each type/],
    [{ cases }, /'by' must be a function of the message/],
    [{ by, cases: { a: {} } }, /'cases.a.handler' must be a function/],
    [{ by, cases: { a: { handler () {}, retry: {} } } }, /'cases.a.retry' is not known: there are handler, schema/],
    [{ by, cases, retries: 1 }, /'retries' is not known: there are by, cases, otherwise/],
    [{ by, cases, schema: {} }, /'schema' is not known/],
    [{ by, cases, filter: () => true }, /'filter' is not known/],
    [{ by, cases, otherwise: 'ignore' }, /'otherwise' must be one of 'dead-letter', 'skip'/],
    [{ by, cases, otherwise: 1 }, /'otherwise' must be 'dead-letter', 'skip' or a handler/]
  ] as const) {
    t.throws(() => app.broker.subscriber('events', options as never), {
      code: 'FASTSTREAM_ERR_INVALID_OPTION', message
    })
  }
  t.throws(() => app.broker.subscriber('events', { by, cases } as never, () => {}), {
    code: 'FASTSTREAM_ERR_INVALID_ARGUMENTS', message: /each case has a handler of its own/
  })
})
