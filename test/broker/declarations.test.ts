import t from 'tap'
import type { FaststreamOptions } from '../../index.js'
import { createMemoryCluster, createMemoryTransport } from '../../lib/transport/memory/index.js'
import type { ConsumerOptions } from '../../lib/transport/transport.js'
import { Inbox } from '../support/inbox.js'
import { useEnvironment } from '../support/environment.js'
import { build } from '../support/plugin-app.js'

t.test('a tombstone is delivered where the schema takes null, and nowhere else', async (t) => {
  const app = await build(t)
  const inbox = new Inbox<unknown>()
  app.broker.subscriber(
    'open', { schema: { value: { type: ['string', 'null'] } } }, (value) => { inbox.add(['open', value]) }
  )
  app.broker.subscriber(
    'strict', { schema: { value: { type: 'string' } } }, (value) => { inbox.add(['strict', value]) }
  )
  app.broker.subscriber('strict.dlq', (value, { headers }) => { inbox.add([headers['x-dlq-stage'], value]) })
  await app.ready()
  await app.broker.publish('open', null)
  await inbox.count(1)
  await app.broker.publish('strict', null)
  t.same(await inbox.count(2), [['open', null], ['validate', null]])
})

t.test('a compiler set by hand is used, wherever in the scope it is set', async (t) => {
  const app = await build(t)
  const inbox = new Inbox<unknown>()
  app.register(async (scope) => {
    scope.broker.subscriber('custom', { schema: { value: { any: 'thing' } } }, (value) => { inbox.add(value) })
    scope.setValidatorCompiler(({ schema }) => (value) => ({ value: { schema, value } }))
  })
  await app.ready()
  await app.broker.publish('custom', 7)
  t.same(await inbox.count(1), [{ schema: { any: 'thing' }, value: 7 }])
})

t.test('a serializer set by hand is made for values that have a schema, and for no others', async (t) => {
  const app = await build(t)
  const made: unknown[] = []
  const value = { type: 'object' }
  app.setSerializerCompiler(({ schema }) => {
    made.push(schema)
    return JSON.stringify
  })
  app.broker.publisher('orders', { schema: { value } })
  app.broker.publisher('keyed', { schema: { key: { type: 'string' } } })
  await app.ready()
  t.same(made.filter((schema) => schema === undefined || schema === value), [value])
})

t.test('a schema that cannot be compiled fails the start and says where', async (t) => {
  const app = await build(t)
  app.broker.subscriber('orders', { schema: { value: { $ref: 'missing#' } } }, () => {})
  await t.rejects(async () => { await app.ready() }, {
    code: 'FASTSTREAM_ERR_SCHEMA_BUILD', message: /value schema of 'orders'/
  })
  await app.close()

  const both = await build(t, { asyncapi: false })
  both.broker.subscriber(['orders', 'returns'], { schema: { value: { $ref: 'missing#' } } }, () => {})
  await t.rejects(async () => { await both.ready() }, {
    code: 'FASTSTREAM_ERR_SCHEMA_BUILD', message: /value schema of 'orders, returns'/
  })

  const other = await build(t)
  other.broker.publisher('orders', { schema: { key: { $ref: 'missing#' } } })
  await t.rejects(async () => { await other.ready() }, {
    code: 'FASTSTREAM_ERR_SCHEMA_BUILD', message: /key schema of 'orders'/
  })
})

t.test('declarations are checked where they are made', async (t) => {
  const app = await build(t, { brokers: ['localhost:1'] })
  const { broker } = app
  const wrong: Array<[string, () => unknown, { code: string, message?: RegExp }]> = [
    [
      'an empty group',
      () => broker.subscriber('orders', { groupId: '' }, () => {}),
      { code: 'FASTSTREAM_ERR_INVALID_OPTION' }
    ],
    [
      'a bad topic',
      () => broker.subscriber('a b', { groupId: 'g' }, () => {}),
      { code: 'FASTSTREAM_ERR_INVALID_TOPIC' }
    ],
    [
      'no topic',
      () => broker.subscriber([], { groupId: 'g' }, () => {}),
      { code: 'FASTSTREAM_ERR_INVALID_OPTION', message: /'topics'/ }
    ],
    [
      'no handler',
      () => broker.subscriber('orders', { groupId: 'g' }, undefined as never),
      { code: 'FASTSTREAM_ERR_INVALID_OPTION', message: /'handler'/ }
    ],
    [
      'an unknown option',
      () => broker.subscriber('orders', { group: 'g' } as object, () => {}),
      { code: 'FASTSTREAM_ERR_INVALID_OPTION', message: /'group' is not known/ }
    ],
    [
      'an unknown part',
      () => broker.subscriber('orders', { groupId: 'g', schema: { body: {} } } as object, () => {}),
      { code: 'FASTSTREAM_ERR_INVALID_OPTION', message: /'schema.body'/ }
    ],
    [
      'what is no publisher',
      () => broker.subscriber('orders', { groupId: 'g', publish: 'invoices' } as object, () => {}),
      { code: 'FASTSTREAM_ERR_INVALID_OPTION', message: /'publish'/ }
    ],
    [
      'no concurrency',
      () => broker.subscriber('orders', { groupId: 'g', concurrency: 0 }, () => {}),
      { code: 'FASTSTREAM_ERR_INVALID_OPTION' }
    ],
    ['a bad topic to publish to', () => broker.publisher('..'), { code: 'FASTSTREAM_ERR_INVALID_TOPIC' }],
    [
      'a bad key',
      () => broker.publisher('orders', { key: 1 } as object),
      { code: 'FASTSTREAM_ERR_INVALID_OPTION', message: /'key'/ }
    ]
  ]
  for (const [title, declare, error] of wrong) t.throws(declare, error, title)
})

t.test('a subscriber needs a group on a real cluster', async (t) => {
  const app = await build(t, { brokers: ['localhost:1'] })
  app.broker.subscriber('orders', function take () {})
  await t.rejects(async () => { await app.ready() }, {
    code: 'FASTSTREAM_ERR_GROUP_REQUIRED', message: /^subscriber 'take' of 'orders' in scope 'fastify' has no group/
  })
})

t.test('one topic has one subscriber in a group', async (t) => {
  const app = await build(t)
  app.broker.subscriber(['a', 'b'], function both () {})
  app.broker.subscriber('b', () => {})
  await t.rejects(async () => { await app.ready() }, {
    code: 'FASTSTREAM_ERR_DUPLICATE_SUBSCRIBER',
    message: /'b' .*'fastify-faststream' \(subscriber 'both' of 'a, b' in scope 'fastify'; subscriber of 'b' in scope/
  })
  const other = await build(t)
  other.broker.subscriber(['a', 'b'], () => {})
  other.broker.subscriber('b', { groupId: 'other' }, () => {})
  await other.ready()
})

t.test('options after ready come too late', async (t) => {
  const app = await build(t)
  await app.ready()
  t.throws(() => app.broker.options({ tags: ['late'] }), {
    code: 'FASTSTREAM_ERR_ALREADY_STARTED', message: /options of 'fastify'/
  })
})

t.test('what a subscriber says wins over what the plugin says', async (t) => {
  const app = await build(t)
  const inbox = new Inbox<unknown>()
  app.broker.subscriber(
    'odd',
    {
      schema: { headers: { type: 'object', required: ['tenant'] } }, deadLetter: { topic: 'bin' }, retry: { retries: 0 }
    },
    () => { throw new Error('no') }
  )
  app.broker.subscriber('bin', (value, { headers }) => { inbox.add([value, headers['x-dlq-stage']]) })
  await app.ready()
  await app.broker.publish('odd', 1)
  await inbox.count(1)
  await app.broker.publish('odd', 2, { headers: { tenant: 'a' } })
  t.same(await inbox.count(2), [[1, 'validate'], [2, 'retries-exhausted']])
})

t.test("the plugin's bodyLimit holds for subscribers that have none of their own", async (t) => {
  const app = await build(t, { bodyLimit: 1000 })
  const [handled, dead] = [new Inbox<unknown>(), new Inbox<unknown>()]
  app.broker.subscriber('orders', (value) => { handled.add(value) })
  app.broker.subscriber('images', { bodyLimit: 5000 }, (value) => { handled.add(value) })
  app.broker.subscriber(['orders.dlq', 'images.dlq'], (_value, { topic, deadLetter }) => {
    dead.add([topic, deadLetter?.valueOmitted])
  })
  await app.ready()
  const large = 'x'.repeat(2000)
  for (const topic of ['orders', 'images']) await app.broker.publish(topic, large)
  t.same(await handled.count(1), [large])
  t.same(await dead.count(1), [['orders.dlq', true]])
})

t.test('how long the group waits for a member, and the name of a static one, reach the transport', async (t) => {
  async function optionsOf (options: FaststreamOptions): Promise<readonly ConsumerOptions[]> {
    const app = await build(t, options)
    const given: ConsumerOptions[] = []
    const memory = createMemoryTransport({ cluster: createMemoryCluster() })
    useEnvironment(app, {
      createTransport: async () => ({
        ...memory,
        consumer (options, listener) {
          given.push(options)
          return memory.consumer(options, listener)
        }
      })
    })
    app.broker.subscriber('orders', () => {})
    await app.ready()
    return given
  }
  t.match(
    await optionsOf({ sessionTimeout: 7000, rebalanceTimeout: 20_000, groupInstanceId: 'pod-1' }),
    [{ sessionTimeout: 7000, rebalanceTimeout: 20_000, groupInstanceId: 'pod-1' }]
  )
  const [byDefault] = await optionsOf({})
  t.match(byDefault, { sessionTimeout: 30_000, rebalanceTimeout: 60_000 })
  t.notOk('groupInstanceId' in byDefault!)
})
