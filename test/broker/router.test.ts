import { inspect } from 'node:util'
import t, { type Test } from 'tap'
import Fastify, { type FastifyInstance } from 'fastify'
import { dependency, faststreamPlugin, KafkaRouter, response, route, type IncludeOptions } from '../../index.js'
import { testBroker } from '../../lib/testing/index.js'
import { build } from '../support/plugin-app.js'

/** The topics and settings that an app has of its subscribers. */
async function subscribersOf (app: FastifyInstance) {
  await app.ready()
  return app.broker.health().subscribers.map(({ name, topics, groupId }) => ({ name, topics, groupId }))
}

async function topicsOf (app: FastifyInstance) {
  return (await subscribersOf(app)).flatMap(({ topics }) => topics)
}

/** What the document says of the one subscriber's consumer. */
function consumerOf (app: FastifyInstance) {
  const { operations } = app.asyncapi()
  const [consumer] = Object.values(operations).flatMap((operation) => operation['x-kafka-consumer'] ?? [])
  return consumer as Record<string, unknown>
}

t.test('subscribers and publishers of a router have its prefix, and its HTTP scope does not', async (t) => {
  const app = await build(t)
  const router = new KafkaRouter({ prefix: 'eu.' })
  const seen: unknown[] = []
  const invoices = router.publisher('invoices', { schema: { value: { type: 'object' } } })
  router.subscriber('orders', { publish: invoices }, async function take (order, { topic, broker }) {
    seen.push([topic, this.prefix, order])
    await broker.publish(audit, 'seen')
    return response({ order }, { key: 'k' })
  })
  const audit = router.publisher('audit')
  app.register(async (scope) => {
    scope.broker.includeRouter(router)
    scope.post('/', async (request) => (await request.broker.publish(audit, 'by http')).topic)
  }, { prefix: '/http' })
  const broker = await testBroker(app)
  await broker.publish('eu.orders', 1)
  t.equal((await app.inject({ method: 'POST', url: '/http/' })).body, 'eu.audit')
  await audit.publish('by itself')
  await broker.publish(invoices, {})
  await broker.settled()
  t.same(seen, [['eu.orders', '/http', 1]])
  t.match(broker.published('eu.invoices'), [{}, {}])
  t.same(broker.published('eu.audit').map(({ value }) => value).sort(), ['by http', 'by itself', 'seen'])
  t.same(broker.errors, [])
  t.equal(invoices.topic, 'eu.invoices')
})

t.test('prefixes of broker, scope, inclusion and routers follow one another', async (t) => {
  const app = await build(t, { topicPrefix: '1.' })
  const [outer, inner] = [new KafkaRouter({ prefix: '4.' }), new KafkaRouter({ prefix: '6.' })]
  outer.includeRouter(inner, { prefix: '5.' })
  inner.subscriber('in', { publish: inner.publisher('out') }, (value) => value)
  app.register(async (scope) => { scope.broker.includeRouter(outer, { prefix: '3.' }) }, { topicPrefix: '2.' })
  const broker = await testBroker(app)
  await broker.publish('1.2.3.4.5.6.in', 1)
  await broker.settled()
  t.match(broker.published('1.2.3.4.5.6.out'), [{ value: 1 }])
})

t.test('a router takes what is added to it after it was included, at any depth', async (t) => {
  const app = await build(t)
  const [outer, inner] = [new KafkaRouter({ prefix: 'a.' }), new KafkaRouter({ prefix: 'b.' })]
  app.broker.includeRouter(outer)
  outer.subscriber('one', () => {})
  outer.includeRouter(inner)
  inner.subscriber('two', () => {})
  const third = new KafkaRouter({ prefix: 'c.' })
  third.subscriber('three', () => {})
  inner.includeRouter(third)
  t.same(await topicsOf(app), ['a.one', 'a.b.two', 'a.b.c.three'])
})

/** Options of each place, from the outermost to the innermost. */
type Place = 'broker' | 'scope' | 'include' | 'router' | 'include inner' | 'inner router' | 'subscriber'
const PLACES: readonly Place[] = [
  'broker', 'scope', 'include', 'router', 'include inner', 'inner router', 'subscriber'
]

/** Builds an app with options in some places. FastStream freezes a policy when a subscriber is declared. */
async function layered (
  t: Test, options: Partial<Record<Place, IncludeOptions>>, order: 'declared first' | 'declared last'
) {
  const app = await build(t, options.broker)
  const [outer, inner] = [new KafkaRouter(options.router), new KafkaRouter(options['inner router'])]
  const declare = () => { inner.subscriber('orders', options.subscriber ?? {}, function take () {}) }
  app.register(async (scope) => {
    if (order === 'declared first') declare()
    outer.includeRouter(inner, options['include inner'])
    scope.broker.includeRouter(outer, options.include)
    scope.broker.options(options.scope ?? {})
    if (order === 'declared last') declare()
  })
  await testBroker(app)
  return app
}

for (const order of ['declared first', 'declared last'] as const) {
  t.test(`the nearest place wins, a subscriber being ${order}`, async (t) => {
    for (const place of PLACES) {
      // Every place around it says something else.
      const around = PLACES.slice(0, PLACES.indexOf(place))
      const options = Object.fromEntries([
        ...around.map((each) => [each, { ackPolicy: 'ACK', ordering: 'key' }] as const),
        [place, { ackPolicy: 'MANUAL', ordering: 'none', groupId: place }] as const
      ])
      const app = await layered(t, options, order)
      t.match(consumerOf(app), { ackPolicy: 'MANUAL', ordering: 'none' }, place)
      t.match(app.broker.health().subscribers, [{ groupId: place, name: 'take' }])
    }
  })
}

t.test('members of retry come from several places', async (t) => {
  const app = await build(t, { retry: { delay: 0, jitter: 0 } })
  const router = new KafkaRouter({ retry: { retries: 2 }, deadLetter: { topic: 'dead' } })
  const attempts: number[] = []
  router.subscriber('orders', { retry: { delay: 1 } }, (_, { attempt }) => {
    attempts.push(attempt)
    throw new Error('no')
  })
  app.broker.includeRouter(router, { retry: { retries: 9 } })
  const broker = await testBroker(app)
  await broker.publish('orders', 1)
  await broker.settled()
  t.same(attempts, [1, 2, 3])
  t.equal(broker.published('dead').length, 1)
})

t.test('dependencies of all places are there, the outermost first; the nearest of a name is', async (t) => {
  const app = await build(t)
  const made: string[] = []
  const dep = (name: string) => dependency(name, () => { made.push(name); return name })
  const router = new KafkaRouter({ deps: { b: dep('router b'), c: dep('router c') } })
  const seen: unknown[] = []
  router.subscriber('orders', { deps: { c: dep('own c') } }, (_, { deps }) => { seen.push({ ...deps }) })
  const scope = dep('scope a')
  app.broker.options({ deps: { a: scope } })
  app.broker.includeRouter(router, { deps: { a: dep('include a'), b: dep('include b'), d: dep('include d') } })
  const broker = await testBroker(app)
  await broker.publish('orders', 1)
  await broker.settled()
  t.same(seen, [{ a: 'include a', b: 'router b', c: 'own c', d: 'include d' }])
  t.same(made, ['include a', 'router b', 'include d', 'own c'])
})

t.test('the document shows tags of all places, and leaves out what a router hides', async (t) => {
  const app = await build(t, { tags: ['broker'] })
  const router = new KafkaRouter({ prefix: 'eu.', tags: ['router'] })
  router.subscriber('orders', { tags: ['own'], publish: router.publisher('invoices') }, function take () {})
  const hidden = new KafkaRouter({ includeInSchema: false, routers: [new KafkaRouter()] })
  hidden.publisher('hidden')
  hidden.publisher('shown', { includeInSchema: true })
  app.broker.options({ tags: ['scope'] })
  app.broker.includeRouter(router, { tags: ['include'] })
  app.broker.includeRouter(hidden)
  await testBroker(app)
  const { operations, channels } = app.asyncapi()
  const tags = (...names: string[]) => names.map((name) => ({ name }))
  t.match(operations, {
    take: {
      tags: tags('broker', 'scope', 'include', 'router', 'own'), 'x-publishes': [{ $ref: '#/channels/eu.invoices' }]
    },
    sendEuInvoices: { tags: tags('broker', 'scope', 'include', 'router') }
  })
  t.same(Object.keys(channels), ['eu.invoices', 'eu.orders', 'eu.orders.dlq', 'shown'])
})

t.test('routers and deferred handlers are given to the constructor', async (t) => {
  const app = await build(t)
  const results = new KafkaRouter({ prefix: 'out.' })
  const done = results.publisher('done')
  async function take (this: FastifyInstance, value: unknown) { return [value, this.broker.name] }
  const orders = route(['orders', 'returns'], take, { publish: done, groupId: 'own' })
  const router = new KafkaRouter({ prefix: 'eu.', handlers: [orders, route('plain', take)], routers: [results] })
  router.route('later', take, { publish: done })
  app.broker.includeRouter(router)
  const broker = await testBroker(app)
  await broker.publish('eu.orders', 1)
  await broker.publish('eu.later', 2)
  await broker.settled()
  t.same(broker.published('eu.out.done').map(({ value }) => value).sort(), [[1, 'default'], [2, 'default']])
  t.same(await subscribersOf(app), [
    { name: 'take', topics: ['eu.orders', 'eu.returns'], groupId: 'own' },
    { name: 'take', topics: ['eu.plain'], groupId: 'fastify-faststream' },
    { name: 'take', topics: ['eu.later'], groupId: 'fastify-faststream' }
  ])
  t.same(orders.topics, ['orders', 'returns'])
  t.equal(inspect(orders), "KafkaRoute { topics: [ 'orders', 'returns' ] }")
  t.equal(route.withTypeProvider(), route)
  t.equal(router.withTypeProvider(), router)
})

t.test('including a router twice is like once', async (t) => {
  const app = await build(t)
  const [outer, inner] = [new KafkaRouter({ prefix: 'a.' }), new KafkaRouter({ prefix: 'b.' })]
  const dep = dependency(() => 1)
  const overrides = { prefix: 'c.', tags: ['t'], deps: { dep }, retry: { retryOn: () => true } }
  outer.includeRouter(inner, overrides)
  inner.subscriber('orders', () => {})
  outer.includeRouter(inner, { ...overrides })
  app.broker.includeRouter(outer)
  app.broker.includeRouter(outer, {})
  t.same(await topicsOf(app), ['a.c.b.orders'])
})

t.test('a router that is included elsewhere in the app is included there, too', async (t) => {
  const app = await build(t)
  await app.register(faststreamPlugin, { name: 'billing' })
  const router = new KafkaRouter()
  const places: unknown[] = []
  const done = router.publisher('done')
  router.subscriber('orders', { publish: done }, async function take (_, { topic, broker }) {
    await broker.publish(done, 'by hand')
    places.push(topic)
    return 'result'
  })
  async function shop (scope: FastifyInstance) {
    scope.broker.includeRouter(router)
    scope.post('/', async (request) => (await request.broker.publish(done, 'by http')).topic)
    scope.get('/', async () => (await scope.broker.publish(done, 'by scope')).topic)
  }
  app.register(shop, { prefix: '/eu', topicPrefix: 'eu.' })
  app.register(shop, { prefix: '/us', topicPrefix: 'us.' })
  const broker = await testBroker(app)
  await broker.publish('eu.orders', 1)
  await broker.publish('us.orders', 1)
  await broker.settled()
  t.equal((await app.inject({ method: 'POST', url: '/us/' })).body, 'us.done')
  t.equal((await app.inject({ url: '/eu/' })).body, 'eu.done')
  t.same(broker.published('eu.done').map(({ value }) => value).sort(), ['by hand', 'by scope', 'result'])
  t.same(broker.published('us.done').map(({ value }) => value).sort(), ['by hand', 'by http', 'result'])
  t.same(places.sort(), ['eu.orders', 'us.orders'])
  await t.rejects(app.broker.publish(done, 1), {
    code: 'FASTSTREAM_ERR_ROUTER_HANDLE', message: /'done' .*included 2 times: use it in the scope of one of them/
  })
  await t.rejects(done.publish(1), {
    code: 'FASTSTREAM_ERR_ROUTER_HANDLE', message: /publish it through request.broker, message.broker or app.broker/
  })
  t.equal(done.topic, 'done')
})

t.test('a scope inside of one that includes a router publishes there', async (t) => {
  const app = await build(t)
  const router = new KafkaRouter()
  const done = router.publisher('done')
  const inner: Record<string, FastifyInstance> = {}
  for (const region of ['eu.', 'us.']) {
    app.register(async (scope) => {
      scope.broker.includeRouter(router)
      scope.register(async (scope) => { inner[region] = scope })
    }, { topicPrefix: region })
  }
  await testBroker(app)
  t.equal((await inner['eu.']!.broker.publish(done, 1)).topic, 'eu.done')
  t.equal((await inner['us.']!.broker.publish(done, 1)).topic, 'us.done')
})

t.test('a router in two routers of one scope publishes where its handler runs', async (t) => {
  const app = await build(t)
  const shared = new KafkaRouter()
  const done = shared.publisher('done')
  const [one, two] = ['one.', 'two.'].map((prefix) => new KafkaRouter({ prefix, routers: [shared] }))
  one!.subscriber('in', { publish: done }, (value) => value)
  two!.subscriber('in', (value, { broker }) => broker.publish(done, value))
  for (const router of [one, two]) app.broker.includeRouter(router!)
  const broker = await testBroker(app)
  await broker.publish('one.in', 1)
  await broker.publish('two.in', 2)
  await broker.settled()
  t.match(broker.published('one.done'), [{ value: 1 }])
  t.match(broker.published('two.done'), [{ value: 2 }])
})

t.test('a router in several apps has subscribers and publishers in each of them, until they close', async (t) => {
  const router = new KafkaRouter({ prefix: 'r.' })
  const handled: string[] = []
  const done = router.publisher('done')
  const orders = router.subscriber('orders', { publish: done, groupId: 'g' }, function take (value) {
    handled.push(`${this.initialConfig.pluginTimeout} ${String(value)}`)
    return value
  })
  const [first, second] = [await build(t, {}, { pluginTimeout: 5001 }), await build(t, {}, { pluginTimeout: 5002 })]
  t.same([orders.topics, orders.groupId, done.topic], [['orders'], 'g', 'done'])
  t.throws(() => { orders.skipTo({ topic: 'r.orders', partition: 0, offset: 0n }) }, {
    code: 'FASTSTREAM_ERR_ROUTER_HANDLE', message: /'orders' .*not included in an app that is open/
  })
  await t.rejects(done.publish(1), { code: 'FASTSTREAM_ERR_ROUTER_HANDLE' })
  const brokers = []
  for (const app of [first, second]) {
    app.broker.includeRouter(router)
    brokers.push(await testBroker(app))
  }
  const [one, two] = brokers
  await one?.publish('r.orders', 1)
  await first.broker.publish(done, 'first')
  await two?.publish('r.orders', 2)
  await two?.publish(done, 'second')
  await one?.settled()
  await two?.settled()
  t.same(handled, ['5001 1', '5002 2'])
  t.same(one?.published('r.done').map(({ value }) => value).sort(), [1, 'first'])
  t.same(two?.published('r.done').map(({ value }) => value).sort(), [2, 'second'])
  await t.rejects(done.publish(1), { code: 'FASTSTREAM_ERR_ROUTER_HANDLE', message: /2 times/ })
  t.throws(() => { orders.skipTo({ topic: 'r.orders', partition: 0, offset: 0n }) }, {
    code: 'FASTSTREAM_ERR_ROUTER_HANDLE', message: /make a router for each app/
  })
  t.same([orders.topics, orders.groupId], [['orders'], 'g'])
  await first.close()
  await done.publish('alone')
  t.equal(two?.published('r.done').length, 3)
  t.same([orders.topics, orders.groupId, done.topic], [['r.orders'], 'g', 'r.done'])
  t.throws(() => { orders.skipTo({ topic: 'orders', partition: 0, offset: 0n }) }, {
    code: 'FASTSTREAM_ERR_INVALID_OPTION', message: /r.orders/
  })
  await second.close()
  await t.rejects(done.publish(1), {
    code: 'FASTSTREAM_ERR_ROUTER_HANDLE', message: /not included in an app that is open/
  })
  // Nothing of the closed apps is left.
  router.subscriber('later', () => {})
  const third = await build(t)
  third.broker.includeRouter(router)
  t.same(await topicsOf(third), ['r.orders', 'r.later'])
})

t.test('a router of another broker publishes there', async (t) => {
  const app = await build(t)
  await app.register(faststreamPlugin, { name: 'billing' })
  const { billing } = app.brokers as unknown as Record<'billing', FastifyInstance['broker']>
  const router = new KafkaRouter({ prefix: 'b.' })
  const invoices = router.publisher('invoices')
  const both = new KafkaRouter()
  const audit = both.publisher('audit')
  app.broker.subscriber('orders', { publish: [invoices, audit] }, (value) => value)
  billing.includeRouter(router)
  billing.includeRouter(both, { prefix: 'billing.' })
  const twice = new KafkaRouter()
  const away = twice.publisher('away')
  for (const prefix of ['1.', '2.']) billing.includeRouter(new KafkaRouter({ prefix, routers: [twice] }))
  app.broker.includeRouter(both)
  const broker = await testBroker(app)
  await broker.publish('orders', 1)
  await broker.settled()
  t.match(broker.published('b.invoices'), [{ value: 1 }])
  t.match(broker.published('audit'), [{ value: 1 }])
  t.equal(broker.published('billing.audit').length, 0)
  await t.rejects(app.broker.publish(invoices, 1), {
    code: 'FASTSTREAM_ERR_INVALID_OPTION', message: /belongs to broker 'billing'/
  })
  await t.rejects(app.broker.publish(away, 1), { code: 'FASTSTREAM_ERR_ROUTER_HANDLE', message: /included 2 times/ })
})

t.test('a router shows its prefix, and lets go of an app that never started', async (t) => {
  const router = new KafkaRouter({ prefix: 'eu.' })
  t.equal(JSON.stringify(router), '{"prefix":"eu."}')
  t.equal(inspect(router), "KafkaRouter { prefix: 'eu.' }")
  t.equal(router.prefix, 'eu.')
  t.equal(new KafkaRouter().prefix, '')
  t.equal(router.subscriber('orders', () => {}).groupId, null)
  t.ok(router instanceof KafkaRouter)
  const app = Fastify()
  await app.register(faststreamPlugin)
  app.broker.includeRouter(router)
  router.publisher('orders')
  await app.close()
  t.equal(router.publisher('later').topic, 'later', 'an app that never started is left, too')
})
