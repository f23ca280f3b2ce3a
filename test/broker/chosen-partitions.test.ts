import t from 'tap'
import { testBroker } from '../../lib/testing/index.js'
import { createMemoryCluster, createMemoryTransport } from '../../lib/transport/memory/index.js'
import { useEnvironment } from '../support/environment.js'
import { build } from '../support/plugin-app.js'

const handler = (): void => {}
const CODE = 'FASTSTREAM_ERR_INVALID_OPTION'

t.test('partitions are whole numbers from 0 on, and at least one', async (t) => {
  const { broker } = await build(t)
  for (const [partitions, message] of [
    [[], /must have a partition at least/], [[-1], /at least 0/], [[0.5], /whole number/], [['0'], /whole number/],
    [0, /must be a list/], [null, /must be a list/]
  ] as const) {
    t.throws(() => broker.subscriber('orders', { partitions: partitions as never }, handler), {
      code: CODE, message: new RegExp(`'partitions' .*${message.source}`)
    })
  }
})

t.test('a group with members is refused, whichever subscriber comes first', async (t) => {
  for (const order of [[0, 1], [1, 0]]) {
    const app = await build(t, { groupId: 'shop' })
    const declare = [
      () => app.broker.subscriber('orders', { partitions: [0] }, function byHand () {}),
      () => app.broker.subscriber('returns', function member () {})
    ]
    for (const i of order) declare[i]!()
    await t.rejects(async () => { await app.ready() }, {
      code: CODE,
      message: /'partitions' need a group without members, and the subscriber 'member' .* joins 'shop': .* 'byHand'/
    })
  }
})

t.test('the partitions of a topic have one subscriber per group', async (t) => {
  const twice = await build(t, { groupId: 'shop' })
  twice.broker.subscriber('orders', { partitions: [0, 1] }, handler)
  twice.broker.subscriber('orders', { partitions: [1, 2] }, handler)
  await t.rejects(async () => { await twice.ready() }, { code: 'FASTSTREAM_ERR_DUPLICATE_SUBSCRIBER' })
  const filtered = await build(t, { groupId: 'shop' })
  filtered.broker.subscriber('orders', { partitions: [0, 1], filter: () => true }, handler)
  filtered.broker.subscriber('orders', { partitions: [1, 2] }, handler)
  await t.rejects(async () => { await filtered.ready() }, {
    code: 'FASTSTREAM_ERR_GROUP_CLASH', message: /'partitions'/
  })
})

t.test('subscribers of other partitions have consumers and options of their own', async (t) => {
  const app = await build(t, { groupId: 'shop' })
  const seen: string[] = []
  const see = (name: string) => (value: unknown) => { seen.push(`${name} ${String(value)}`) }
  app.broker.subscriber('orders', { partitions: [0], filter: ({ value }) => value === 'a' }, see('first'))
  app.broker.subscriber('orders', { partitions: [0] }, see('rest'))
  app.broker.subscriber('orders', { partitions: [1, 2], fetch: { maxWait: 1 } }, see('other'))
  const broker = await testBroker(app)
  for (const [value, partition] of [['a', 0], ['b', 0], ['c', 1], ['d', 2]] as const) {
    await broker.publish('orders', value, { partition })
  }
  await broker.settled()
  t.same(seen.sort(), ['first a', 'other c', 'other d', 'rest b'])
})

t.test('cases share a consumer, by hand and without a group', async (t) => {
  for (const options of [{ partitions: [0] }, { groupId: null }]) {
    const app = await build(t)
    const seen: unknown[] = []
    app.broker.subscriber('orders', {
      ...options,
      by: ({ value }) => String(value),
      cases: { a: { handler: (value) => { seen.push(value) } }, b: { handler: (value) => { seen.push(value) } } }
    })
    const broker = await testBroker(app)
    for (const value of ['a', 'b']) await broker.publish('orders', value, { partition: 0 })
    await broker.settled()
    t.same(seen, ['a', 'b'])
    t.same(broker.errors, [])
  }
})

t.test('subscribers without a group each get all messages of their topic', async (t) => {
  const app = await build(t)
  const seen: string[] = []
  for (const name of ['one', 'two']) {
    app.broker.subscriber('orders', { groupId: null }, (value) => { seen.push(`${name} ${String(value)}`) })
  }
  const broker = await testBroker(app)
  await broker.publish('orders', 'a')
  await broker.settled()
  t.same(seen.sort(), ['one a', 'two a'])
})

t.test('partitions that a topic does not have fail the start', async (t) => {
  async function start (partitions: number[]): Promise<void> {
    const cluster = createMemoryCluster()
    cluster.createTopics([{ topic: 'orders', partitions: 2, replicas: 1 }])
    const app = await build(t, { groupId: 'shop' })
    useEnvironment(app, { createTransport: async () => createMemoryTransport({ cluster }) })
    app.broker.subscriber('returns', { groupId: 'all' }, handler)
    app.broker.subscriber('orders', { partitions }, function take () {})
    await app.ready()
  }
  await start([0, 1])
  for (const partitions of [[2], [0, 2], [3]]) {
    await t.rejects(start(partitions), {
      code: CODE,
      message: `option 'partitions' must exist: 'orders' has 2, counted from 0, and no partition ${partitions.at(-1)}` +
        " (subscriber 'take' of 'orders' in scope 'fastify')"
    })
  }
})

t.test('options of members of a group are refused', async (t) => {
  const app = await build(t, { groupId: 'shop' })
  app.broker.subscriber('orders', { partitions: [0], sessionTimeout: 10_000 }, handler)
  await t.rejects(async () => { await app.ready() }, {
    code: CODE, message: /'sessionTimeout' has no effect with 'partitions'/
  })
})

t.test('the document says which partitions are read', async (t) => {
  const app = await build(t)
  app.broker.subscriber('orders', { partitions: [0, 2] }, function take () {})
  await testBroker(app)
  t.match(app.asyncapi(), { operations: { take: { 'x-kafka-consumer': { partitions: [0, 2] } } } })
  t.equal(app.broker.health().subscribers[0]?.groupId, null, 'without a group')
})
