import t from 'tap'
import Fastify, { type FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { dependency, faststreamPlugin, KafkaRouter, type Subscriber } from '../../index.js'
import { declareSubscriber } from '../../lib/broker/declaration.js'
import { layerOf } from '../../lib/broker/layers.js'
import { Registry } from '../../lib/broker/registry.js'
import { normaliseOptions } from '../../lib/options/plugin-options.js'
import { testBroker } from '../../lib/testing/index.js'
import { build } from '../support/plugin-app.js'

/** Three values of each inherited option. */
const VALUES: Readonly<Record<string, readonly [outer: unknown, inner: unknown, own: unknown]>> = {
  groupId: ['a', 'b', 'c'],
  offsetReset: ['latest', 'fail', 'earliest'],
  handlerTimeout: [1, 2, 3],
  stuckAfter: [1, 2, 3],
  bodyLimit: [1, 2, 3],
  retry: [{ retries: 1 }, { retries: 2 }, { retries: 3 }],
  deadLetter: [{ topic: 'a' }, { topic: 'b' }, { topic: 'c' }],
  ackPolicy: ['ACK', 'MANUAL', 'ACK_FIRST'],
  ordering: ['key', 'none', 'partition'],
  concurrency: [1, 2, 3],
  messageLogLevel: ['info', 'silent', 'debug'],
  includeInSchema: [false, true, false],
  topicPrefix: ['a.', 'b.', 'c.'],
  tags: [['a'], ['b'], ['c']],
  middlewares: [[{ onReceive () {} }], [{ afterProcessed () {} }], [{ consumeScope: (next: Function) => next() }]]
}

/** What a subscriber of a child scope has of options of its parent, its own scope and itself. */
async function inheritedBy (option: string, layers: readonly unknown[], order: 'before' | 'after') {
  const [outer, inner, own] = layers.map((value) => value === undefined ? {} : { [option]: value })
  const app = Fastify()
  const registry = new Registry(normaliseOptions({}, 0), app)
  app.register(async (scope) => {
    const add = () => { registry.addSubscriber(declareSubscriber(scope, 'orders', own!, function take () {})) }
    if (order === 'after') add()
    registry.addLayer(scope, layerOf(inner!))
    registry.addLayer(app, layerOf(outer!))
    if (order === 'before') add()
  })
  await app.ready()
  const [settings] = registry.subscribers
  await app.close()
  const value: unknown = Reflect.get(settings!, option)
  return typeof value === 'function' ? value('orders') : value
}

for (const [option, [outer, inner, own]] of Object.entries(VALUES)) {
  t.test(`${option}: the nearest layer wins, whatever the order`, async (t) => {
    const resolved = (value: unknown) => option === 'deadLetter' ? (value as { topic: string }).topic : value
    for (const order of ['before', 'after'] as const) {
      if (option === 'topicPrefix') {
        t.equal(await inheritedBy(option, [outer, inner, undefined], order), 'a.b.')
        continue
      }
      if (option === 'tags' || option === 'middlewares') {
        t.same(await inheritedBy(option, [outer, inner, own], order), [outer, inner, own].flat())
        continue
      }
      t.match(await inheritedBy(option, [outer, inner, own], order), resolved(own) as string)
      t.match(await inheritedBy(option, [outer, inner, undefined], order), resolved(inner) as string)
      t.match(await inheritedBy(option, [outer, undefined, undefined], order), resolved(outer) as string)
      t.match(await inheritedBy(option, [undefined, inner, undefined], order), resolved(inner) as string)
    }
  })
}

t.test('members of retry are inherited one by one', async (t) => {
  t.match(
    await inheritedBy('retry', [{ retries: 9, delay: 7 }, { retries: 8 }, { jitter: 0 }], 'after'),
    { retries: 8, delay: 7, jitter: 0, factor: 2 }
  )
})

t.test('a plain plugin takes the topicPrefix of register, and its routes take the prefix', async (t) => {
  const app = await build(t)
  const handled: unknown[] = []
  async function ordersPlugin (scope: FastifyInstance) {
    const invoices = scope.broker.publisher('invoices')
    scope.post('/orders', async (request) => {
      await request.broker.publish(placed, request.body)
      return 'placed'
    })
    const placed = scope.broker.publisher('orders')
    scope.broker.subscriber('orders', { publish: invoices }, function take (order, { topic }) {
      handled.push([this.prefix, topic, order])
      if (order === 'bad') throw new Error('bad')
      return order
    })
  }
  app.register(ordersPlugin, { prefix: '/eu', topicPrefix: 'eu.' })
  app.register(ordersPlugin, { prefix: '/us', topicPrefix: 'us.' })
  app.register(ordersPlugin)
  const broker = await testBroker(app)
  t.equal((await app.inject({ method: 'POST', url: '/eu/orders', payload: { id: 1 } })).body, 'placed')
  t.equal((await app.inject({ method: 'POST', url: '/us/orders', payload: { id: 2 } })).body, 'placed')
  t.equal((await app.inject({ method: 'POST', url: '/orders', payload: { id: 3 } })).body, 'placed')
  await broker.publish('eu.orders', 'bad')
  await broker.settled()
  t.same(broker.published('eu.invoices').map(({ value }) => value), [{ id: 1 }])
  t.same(broker.published('us.invoices').map(({ value }) => value), [{ id: 2 }])
  t.same(broker.published('invoices').map(({ value }) => value), [{ id: 3 }])
  t.same(broker.published('eu.orders.dlq').map(({ value }) => value), ['bad'])
  t.same(handled.slice(0, 3), [
    ['/eu', 'eu.orders', { id: 1 }], ['/us', 'us.orders', { id: 2 }], ['', 'orders', { id: 3 }]
  ])
})

t.test('prefixes of the plugin and of all scopes follow one another', async (t) => {
  const app = await build(t, { topicPrefix: 'staging.' })
  let orders: Subscriber | undefined
  app.register(async (scope) => {
    scope.register(async (child) => {
      orders = child.broker.subscriber(['orders', 'returns'], () => {})
      t.same(orders.topics, ['staging.eu.shop.orders', 'staging.eu.shop.returns'], 'as far as it is declared')
      t.equal(child.broker.publisher('invoices').topic, 'staging.eu.shop.invoices')
      child.broker.options({ topicPrefix: 'late.' })
    }, { topicPrefix: 'shop.' })
  }, { topicPrefix: 'eu.' })
  t.equal(app.broker.publisher('all').topic, 'staging.all')
  await app.ready()
  t.same(orders?.topics, ['staging.eu.shop.late.orders', 'staging.eu.shop.late.returns'])
  t.same(app.broker.health().subscribers.map(({ name, topics }) => [name, topics]), [
    ['staging.eu.shop.late.orders,staging.eu.shop.late.returns', orders?.topics]
  ])
})

t.test('the options of a scope leave its parent and its siblings alone', async (t) => {
  const app = await build(t)
  const root = app.broker.subscriber('root', () => {})
  const groups: Array<string | null> = []
  app.register(async (scope) => {
    scope.broker.options({ groupId: 'inner', topicPrefix: 'inner.' })
    scope.broker.subscriber('a', () => {})
  })
  app.register(async (sibling) => {
    const { topics, groupId } = sibling.broker.subscriber('b', () => {})
    groups.push(...topics, groupId)
  })
  await app.ready()
  t.same([...root.topics, root.groupId, ...groups], ['root', 'fastify-faststream', 'b', 'fastify-faststream'])
  t.same(app.broker.health().subscribers.map(({ topics, groupId }) => [...topics, groupId]), [
    ['root', 'fastify-faststream'], ['inner.a', 'inner'], ['b', 'fastify-faststream']
  ])
})

t.test('of two calls in one scope the later one is nearer', async (t) => {
  const app = await build(t)
  const orders = app.broker.options({ groupId: 'one' }).options({ groupId: 'two' }).subscriber('orders', () => {})
  await app.ready()
  t.equal(orders.groupId, 'two')
})

t.test('a group that is named after its subscribers is enough for a real cluster', async (t) => {
  const app = await build(t, { brokers: ['localhost:1'] })
  const orders = app.broker.subscriber('orders', () => {})
  t.equal(orders.groupId, null)
  t.match(app.broker.health().subscribers, [{ topics: ['orders'], groupId: null }])
  app.broker.options({ groupId: 'shop' })
  t.equal(orders.groupId, 'shop')
  await testBroker(app)
})

t.test('subscribers of one topic may get different groups later', async (t) => {
  const app = await build(t)
  app.broker.subscriber('orders', () => {})
  app.register(async (scope) => {
    scope.broker.subscriber('orders', () => {})
    scope.broker.options({ groupId: 'audit' })
  })
  await app.ready()
  t.same(app.broker.health().subscribers.map(({ groupId }) => groupId), ['fastify-faststream', 'audit'])
})

t.test('dependencies of all scopes are there; of those with one name the nearest is', async (t) => {
  const app = await build(t)
  const made = (name: string) => dependency(name, () => name)
  const [outer, inner, own, given] = [made('outer'), made('inner'), made('own'), made('given')]
  const seen: unknown[] = []
  app.register(async (scope) => {
    scope.withDeps({ given })
    scope.register(async (child) => {
      const broker = child.broker.options({ deps: { b: inner, c: inner } })
      broker.subscriber('orders', { deps: { c: own } }, (_, { deps }) => { seen.push({ ...deps }) })
    })
    scope.broker.options({ deps: { given: outer } })
  })
  app.broker.options({ deps: { a: outer, b: outer, c: outer } })
  const broker = await testBroker(app, { overrides: [[outer, () => 'fake']] })
  await broker.publish('orders', 1)
  await broker.settled()
  t.same(seen, [{ a: 'fake', b: 'inner', c: 'own', given: 'fake' }])
})

t.test('the document shows prefixes and tags, and leaves out what a scope hides', async (t) => {
  const app = await build(t, { tags: ['shop'] })
  app.register(async (scope) => {
    scope.broker.options({ tags: ['eu', 'orders'] })
    const invoices = scope.broker.publisher('invoices', { tags: ['money'] })
    scope.broker.subscriber('orders', { tags: ['orders', 'own'], publish: invoices }, function take () {})
  }, { topicPrefix: 'eu.' })
  app.register(async (scope) => {
    scope.broker.options({ includeInSchema: false })
    scope.broker.publisher('hidden')
    scope.broker.publisher('shown', { includeInSchema: true })
    scope.broker.subscriber('hidden', () => {})
  })
  await testBroker(app)
  const { channels, operations } = app.asyncapi()
  t.same(Object.keys(channels), ['eu.invoices', 'eu.orders', 'eu.orders.dlq', 'shown'])
  const tags = (...names: string[]) => names.map((name) => ({ name }))
  t.match(operations, {
    take: { channel: { $ref: '#/channels/eu.orders' }, tags: tags('shop', 'eu', 'orders', 'own') },
    sendEuInvoices: { channel: { $ref: '#/channels/eu.invoices' }, tags: tags('shop', 'eu', 'orders', 'money') }
  })
  t.same(operations.take?.['x-publishes'], [{ $ref: '#/channels/eu.invoices' }])
})

t.test('publish() takes whole topics, and says so where a publisher would be left out', async (t) => {
  const app = await build(t)
  const schema = { value: { type: 'string' } }
  let scope: FastifyInstance | undefined
  app.register(async (prefixed) => {
    prefixed.broker.publisher('orders', { schema })
    prefixed.broker.publisher('invoices', { schema })
    prefixed.register(async (child) => { scope = child })
  }, { topicPrefix: 'eu.' })
  app.broker.publisher('invoices')
  const broker = await testBroker(app)
  await scope?.broker.publish('eu.orders', 'a')
  await t.rejects(scope!.broker.publish('eu.orders', 1), { code: 'FASTSTREAM_ERR_INVALID_MESSAGE' })
  await t.rejects(scope!.broker.publish('orders', 'a'), {
    code: 'FASTSTREAM_ERR_INVALID_OPTION', message: /'publisher' must be the whole topic 'eu.orders'/
  })
  await t.rejects(scope!.broker.publish('others', 'a'), { code: 'FASTSTREAM_ERR_UNKNOWN_TOPIC' })
  await scope?.broker.publish('invoices', 1)
  await t.rejects(app.broker.publish('orders', 1), { code: 'FASTSTREAM_ERR_UNKNOWN_TOPIC' })
  t.same(broker.published('eu.orders').map(({ value }) => value), ['a'])
  t.same(broker.published('invoices').map(({ value }) => value), [1])
})

t.test('the publisher of a router with a prefix does not take publishes to the topic without the prefix', async (t) => {
  const app = await build(t)
  const router = new KafkaRouter({ prefix: 'eu.' })
  router.publisher('orders')
  app.broker.includeRouter(router)
  app.broker.subscriber('orders', () => {})
  const broker = await testBroker(app)
  for (const topic of ['orders', 'eu.orders']) await app.broker.publish(topic, topic)
  t.same(['orders', 'eu.orders'].map((topic) => broker.published(topic).length), [1, 1])
})

t.test('register gives its prefix to every broker of the scope, options() to its own broker', async (t) => {
  const app = await build(t)
  await app.register(faststreamPlugin, { name: 'billing', topicPrefix: 'billing.' })
  const topics: string[] = []
  app.register(async (scope) => {
    scope.broker.options({ topicPrefix: 'own.' })
    const { billing } = scope.brokers as unknown as Record<'billing', FastifyInstance['broker']>
    topics.push(scope.broker.publisher('a').topic, billing.publisher('a').topic)
  }, { topicPrefix: 'eu.' })
  await app.ready()
  t.same(topics, ['eu.own.a', 'billing.eu.a'])
})

t.test('a plugin without a scope of its own gives its options to the scope that registers it', async (t) => {
  const app = await build(t)
  app.register(async (scope) => {
    await scope.register(fp(async (same: FastifyInstance, { topicPrefix }: { topicPrefix: string }) => {
      same.broker.options({ topicPrefix })
    }), { topicPrefix: 'eu.' })
    t.equal(scope.broker.publisher('orders').topic, 'eu.orders')
  })
  await app.ready()
  t.equal(app.broker.name, 'default')
})

t.test('what is wrong is refused where it is written', async (t) => {
  const app = await build(t)
  const wrong: Array<[options: object, message: RegExp]> = [
    [{ prefix: 'eu.' }, /'prefix' is not known here. FastStream's 'prefix': use 'topicPrefix' of/],
    [{ nope: 1 }, /'nope' is not known: there are groupId, .*topicPrefix, tags, deps/],
    [{ name: 'billing' }, /'name' is not known/],
    [{ concurrency: 0 }, /'concurrency' must be/],
    [{ tags: 'eu' }, /'tags' must be a list/],
    [{ tags: [''] }, /'tags' must be a string/],
    [{ topicPrefix: '/eu' }, /'topicPrefix' must be text of the characters/],
    [{ topicPrefix: 7 }, /'topicPrefix' must be text/],
    [{ deps: { a: 1 } }, /'deps.a' must be what dependency\(\) returned/]
  ]
  for (const [options, message] of wrong) {
    t.throws(() => app.broker.options(options), { code: 'FASTSTREAM_ERR_INVALID_OPTION', message })
  }
  t.throws(() => { Reflect.apply(app.broker.options, undefined, [{}, 1]) }, {
    code: 'FASTSTREAM_ERR_INVALID_ARGUMENTS'
  })
  const ofSubscriber = { topicPrefix: 'eu.' } as object
  t.throws(() => app.broker.subscriber('orders', ofSubscriber, () => {}), {
    code: 'FASTSTREAM_ERR_INVALID_OPTION', message: /'topicPrefix' is not known/
  })
  t.throws(() => app.broker.publisher('orders', ofSubscriber), { code: 'FASTSTREAM_ERR_INVALID_OPTION' })
  t.throws(() => app.broker.publisher('orders', { tags: ['', 'a'] }), { code: 'FASTSTREAM_ERR_INVALID_OPTION' })
  await t.rejects(async () => { await app.register(async () => {}, { topicPrefix: 'no space' }) }, {
    code: 'FASTSTREAM_ERR_INVALID_OPTION', message: /'topicPrefix'/
  })
})

t.test('a topic that is too long with its prefix is refused at the start, with its place', async (t) => {
  const long = 'x'.repeat(245)
  const wrong: Array<[declare: (scope: FastifyInstance) => void, message: RegExp]> = [
    [
      (scope) => { scope.broker.subscriber('orders', function take () {}) },
      /has 251 characters .*topicPrefix 'x+', for the subscriber 'take' of 'x+orders' in scope 'billingPlugin'/
    ],
    [(scope) => { scope.broker.publisher('orders') }, /topicPrefix 'x+', for the publisher in scope 'billingPlugin'/]
  ]
  for (const [declare, message] of wrong) {
    const app = await build(t)
    app.register(async function billingPlugin (scope) { declare(scope) }, { topicPrefix: long })
    await t.rejects(async () => { await app.ready() }, { code: 'FASTSTREAM_ERR_INVALID_TOPIC', message })
  }
})

t.test('options after ready, or in an onReady hook, come too late', async (t) => {
  const app = await build(t)
  let late: unknown
  const earlier = Fastify()
  t.teardown(() => earlier.close())
  earlier.addHook('onReady', async () => {
    try { earlier.broker.options({ tags: ['a'] }) } catch (error) { late = error }
  })
  await earlier.register(faststreamPlugin)
  await earlier.ready()
  t.match(late, { code: 'FASTSTREAM_ERR_ALREADY_STARTED', message: /^options of 'fastify' is declared too late/ })
  await app.ready()
  t.throws(() => app.broker.options({ tags: ['a'] }), { code: 'FASTSTREAM_ERR_ALREADY_STARTED' })
})
