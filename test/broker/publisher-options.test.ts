import t from 'tap'
import { testBroker } from '../../lib/testing/index.js'
import { build } from '../support/plugin-app.js'

t.test('a partition is constant or computed, and that of the publish wins', async (t) => {
  const app = await build(t)
  const constant = app.broker.publisher('constant', { partition: 0, key: 'foobar' })
  const computed = app.broker.publisher('computed', { partition: (value) => Number(value) })
  const broker = await testBroker(app)
  t.equal((await constant.publish('a')).partition, 0, 'the key alone would have chosen 2')
  t.equal((await constant.publish('b', { partition: 1 })).partition, 1)
  t.same([(await computed.publish(2)).partition, (await computed.publish(1)).partition], [2, 1])
  t.equal((await computed.publish(1, { partition: 0 })).partition, 0)
  t.equal((await computed.publish(null, { partition: 2, key: 'k' })).partition, 2)
  t.equal(broker.published('computed').length, 4)
})

t.test('a computed partition that is none is an error, and nothing is sent', async (t) => {
  const app = await build(t)
  const answers: Record<string, () => unknown> = {
    undefined: () => undefined,
    promise: async () => { throw new Error('late') },
    beyond: () => 3,
    text: () => '0',
    below: () => -1,
    throws: () => { throw new Error('top secret') },
    coded: () => { throw Object.assign(new Error('no tenant'), { code: 'NO_TENANT', statusCode: 400 }) }
  }
  const odd = app.broker.publisher('odd', { partition: (value) => answers[String(value)]?.() as number })
  const broker = await testBroker(app)
  const wrong: Array<[value: string | null, code: string, message: RegExp]> = [
    ['undefined', 'FASTSTREAM_ERR_PARTITION', /function 'partition' of publisher\('odd'\) returned undefined/],
    ['promise', 'FASTSTREAM_ERR_PARTITION', /a promise, which is not awaited: return the number of a partition/],
    ['beyond', 'FASTSTREAM_ERR_UNKNOWN_PARTITION', /no partition 3: it has 3/],
    ['text', 'FASTSTREAM_ERR_UNKNOWN_PARTITION', /no partition/],
    ['below', 'FASTSTREAM_ERR_UNKNOWN_PARTITION', /no partition -1/],
    ['throws', 'FASTSTREAM_ERR_PARTITION', /threw an error, which is the cause of this one$/],
    ['coded', 'NO_TENANT', /no tenant/],
    [null, 'FASTSTREAM_ERR_PARTITION', /a tombstone has no value to compute it from: give the option 'partition'/]
  ]
  for (const [value, code, message] of wrong) await t.rejects(odd.publish(value), { code, message }, String(value))
  t.same(broker.published('odd'), [])
})

t.test('a result without a partition makes a dead letter, which needs no partitioner', async (t) => {
  const partitioner = (): number => 99
  const app = await build(t, { producer: { partitioner } })
  const out = app.broker.publisher('out')
  app.broker.subscriber('in', { publish: out }, (value) => value)
  const broker = await testBroker(app)
  await broker.publish('in', 'one', { partition: 0 })
  await broker.settled()
  t.match(broker.errors, [{ stage: 'publish', attempt: 1, error: { code: 'FASTSTREAM_ERR_PARTITION' } }])
  t.match(broker.published('in.dlq'), [{ value: 'one' }])
  t.same(broker.published('out'), [])
})

t.test('the partitioner of a publisher comes before that of the plugin', async (t) => {
  const app = await build(t, { producer: { partitioner: () => 2 } })
  const own = app.broker.publisher('own', { partitioner: () => 1 })
  const plain = app.broker.publisher('plain')
  await testBroker(app)
  t.equal((await own.publish(1)).partition, 1)
  t.equal((await plain.publish(1)).partition, 2)
  t.equal((await app.broker.publish('own', 1)).partition, 1)
  app.broker.publisher('undeclared')
})

t.test('a publish to a topic without a publisher uses the partitioner of the plugin', async (t) => {
  const app = await build(t, { producer: { partitioner: () => 2 } })
  app.broker.subscriber('read', () => {})
  await testBroker(app)
  for (let i = 0; i < 2; i++) t.equal((await app.broker.publish('read', i)).partition, 2)
})

t.test('replyTo is a header of every message', async (t) => {
  const app = await build(t)
  const orders = app.broker.publisher('orders', { replyTo: 'replies', partition: 0 })
  const plain = app.broker.publisher('plain')
  const broker = await testBroker(app)
  await orders.publish({ id: 1 })
  await orders.publish(null)
  await orders.publish({ id: 2 }, { headers: { reply_to: 'mine' } })
  await plain.publish(1)
  t.same(broker.published('orders').map(({ headers }) => headers['reply_to']), ['replies', 'replies', 'mine'])
  t.notOk('reply_to' in (broker.published('plain')[0]?.headers ?? {}))
})

t.test('headers of the user win over each automatic one', async (t) => {
  const app = await build(t)
  const automatic = { correlation_id: 'mine', 'content-type': 'text/csv', reply_to: 'there' }
  const own = app.broker.publisher('own', { headers: automatic, replyTo: 'replies', partition: 0 })
  const computed = app.broker.publisher('computed', { headers: () => automatic, replyTo: 'replies', partition: 0 })
  const broker = await testBroker(app)
  for (const [publisher, topic] of [[own, 'own'], [computed, 'computed']] as const) {
    await publisher.publish('a,b', { correlationId: 'option' })
    await publisher.publish('a,b', { headers: { correlation_id: ['1', '2'], 'content-type': null, reply_to: 'call' } })
    const headers = broker.published(topic).map(({ rawHeaders }) => {
      return rawHeaders.map(([name, value]) => `${name}: ${value}`).sort()
    })
    t.same(headers, [
      ['content-type: text/csv', 'correlation_id: mine', 'reply_to: there'],
      ['content-type: null', 'correlation_id: 1', 'correlation_id: 2', 'reply_to: call']
    ])
  }
})

t.test('several publishers belong to one subscriber, and one publisher to several', async (t) => {
  const app = await build(t)
  const [one, two] = [app.broker.publisher('one'), app.broker.publisher('two', { replyTo: 'replies' })]
  app.broker.subscriber('a', { publish: [one, two] }, (value) => `a${value}`)
  app.broker.subscriber('b', { publish: two }, (value) => `b${value}`)
  const broker = await testBroker(app)
  await broker.publish('a', 1)
  await broker.publish('b', 2)
  await broker.settled()
  const values = (topic: string): unknown[] => broker.published(topic).map(({ value }) => value).sort()
  t.same([values('one'), values('two')], [['a1'], ['a1', 'b2']])
})

t.test('wrong options of a publisher are refused with the cure', async (t) => {
  const { broker } = await build(t)
  const wrong: Array<[options: object, message: RegExp, code?: string]> = [
    [{ partition: -1 }, /'partition' must be a number of at least 0/],
    [{ partition: 0.5 }, /'partition' must be a whole number/],
    [{ partition: '0' }, /'partition' must be a number or a function of the value/],
    [{ partitioner: 1 }, /'partitioner' must be a function of \{ topic, key, partitions \}/],
    [{ partition: 0, partitioner: () => 0 }, /'partitioner' must not be given with 'partition'/],
    [{ replyTo: 'a b' }, /it is the option 'replyTo'/, 'FASTSTREAM_ERR_INVALID_TOPIC'],
    [{ constructor: 1 }, /there are schema, key, headers, codec, partition, partitioner, replyTo/]
  ]
  for (const [options, message, code = 'FASTSTREAM_ERR_INVALID_OPTION'] of wrong) {
    t.throws(() => broker.publisher('orders', options), { code, message }, JSON.stringify(options))
  }
})

t.test('a message with reply_to is answered by nothing but the publishers of its subscriber', async (t) => {
  const app = await build(t)
  const out = app.broker.publisher('out')
  app.broker.publisher('replies')
  app.broker.subscriber('in', { publish: out }, (value) => value)
  const broker = await testBroker(app)
  await broker.publish('in', 1, { headers: { reply_to: 'replies' } })
  await broker.settled()
  t.equal(broker.published('out').length, 1)
  t.same(broker.published('replies'), [])
})

t.test('options that a publisher inherits are checked where it is declared', async (t) => {
  const app = await build(t)
  for (const options of [{ codec: 'xml' }, { includeInSchema: 'no' }, { tags: 'orders' }]) {
    t.throws(() => app.broker.publisher('orders', options as object), { code: 'FASTSTREAM_ERR_INVALID_OPTION' })
  }
})
