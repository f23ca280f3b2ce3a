import t from 'tap'
import { KafkaRouter, route, type AnyKafkaRouter, type IncludeOptions, type RouterOptions } from '../../index.js'
import { build } from '../support/plugin-app.js'

t.test('a router is refused that includes itself, that is none, or that has other options', async (t) => {
  const app = await build(t)
  const [one, two, three] = [new KafkaRouter(), new KafkaRouter(), new KafkaRouter()]
  one.includeRouter(two)
  two.includeRouter(three)
  const wrong: Array<[title: string, include: () => unknown, message: RegExp]> = [
    ['itself', () => { one.includeRouter(one) }, /it is the router that includes it/],
    ['a circle', () => { three.includeRouter(one) }, /it is the router that includes it, or includes that/],
    ['a likeness', () => { app.broker.includeRouter({ ...one }) }, /must be a KafkaRouter/],
    ['nothing', () => { app.broker.includeRouter(null as unknown as AnyKafkaRouter) }, /must be a KafkaRouter/],
    ['no router in a router', () => { one.includeRouter('two' as unknown as AnyKafkaRouter) }, /must be a KafkaRouter/],
    ['other options', () => { one.includeRouter(two, { prefix: 'a.' }) }, /included here already, with other options/]
  ]
  for (const [title, include, message] of wrong) t.throws(include, { code: 'FASTSTREAM_ERR_ROUTER', message }, title)
  app.broker.includeRouter(one, { prefix: 'a.' })
  t.throws(() => { app.broker.includeRouter(one, { prefix: 'b.' }) }, { code: 'FASTSTREAM_ERR_ROUTER' })
  t.throws(() => { app.broker.includeRouter(one) }, { code: 'FASTSTREAM_ERR_ROUTER' })
})

t.test('a router of another copy of the package is refused', async (t) => {
  const copy: typeof import('../../index.js') = await import('fastify-faststream' as string)
  t.not(copy.KafkaRouter, KafkaRouter)
  const app = await build(t)
  for (const include of [
    () => { app.broker.includeRouter(new copy.KafkaRouter()) },
    () => new KafkaRouter({ routers: [new copy.KafkaRouter()] })
  ]) t.throws(include, { code: 'FASTSTREAM_ERR_ROUTER', message: /of the copy of fastify-faststream that the app/ })
  t.throws(() => new KafkaRouter({ handlers: [copy.route('a', () => {})] }), {
    code: 'FASTSTREAM_ERR_INVALID_OPTION', message: /'handlers' must be a list of what route\(\) returned/
  })
})

t.test('what is wrong is refused where it is written', async (t) => {
  const app = await build(t)
  const router = new KafkaRouter()
  const wrong: Array<[title: string, options: unknown, message: RegExp]> = [
    ['an unknown option', { topicPrefix: 'eu.' }, /'topicPrefix' is not known: there are prefix, deps, groupId/],
    ['an impossible option', { concurrency: 0 }, /'concurrency'/],
    ['a prefix of a route', { prefix: '/eu' }, /'prefix' must be text of the characters/],
    ['no options', null, /'options' must be an object/],
    ['no tags', { tags: 'a' }, /'tags' must be a list/],
    ['no dependency', { deps: { a: 1 } }, /'deps.a'/]
  ]
  for (const [title, options, message] of wrong) {
    const error = { code: 'FASTSTREAM_ERR_INVALID_OPTION', message }
    t.throws(() => new KafkaRouter(options as RouterOptions), error, title)
    t.throws(() => { app.broker.includeRouter(new KafkaRouter(), options as IncludeOptions) }, error, title)
  }
  const ofRouters: Array<[options: object, message: RegExp]> = [
    [{ handlers: {} }, /'handlers' must be a list/],
    [{ handlers: [() => {}] }, /'handlers' must be a list of what route/],
    [{ handlers: [null] }, /'handlers' must be a list of what route/],
    [{ handlers: ['orders'] }, /'handlers' must be a list of what route/],
    [{ handlers: [{ topics: ['orders'] }] }, /'handlers' must be a list of what route/],
    [{ routers: router }, /'routers' must be a list/]
  ]
  for (const [options, message] of ofRouters) {
    t.throws(() => new KafkaRouter(options), { code: 'FASTSTREAM_ERR_INVALID_OPTION', message })
  }
  t.throws(() => { app.broker.includeRouter(router, { handlers: [] } as object) }, {
    message: /'handlers' is not known/
  })
  t.throws(() => router.subscriber('a b', () => {}), { code: 'FASTSTREAM_ERR_INVALID_TOPIC' })
  t.throws(() => router.subscriber('a', { retries: 1 } as object, () => {}), { message: /'retries' is not known/ })
  t.throws(() => router.publisher('a', { acks: 1 } as object), { message: /'acks' is not known/ })
  t.throws(() => router.route('a', undefined as never), { message: /'handler' must be a function/ })
  t.throws(() => route('a', () => {}, { retries: 1 } as object), { message: /'retries' is not known/ })
  const surplus: Array<[call: string, run: () => unknown]> = [
    ['subscriber(topics, options, handler)', () => router.subscriber('a', (() => {}) as never, () => {})],
    ['route(topics, handler, options)', () => Reflect.apply(router.route, undefined, ['a', () => {}, {}, 1])],
    ['route(topics, handler, options)', () => Reflect.apply(route, undefined, ['a', () => {}, {}, 1])],
    ['publisher(topic, options)', () => Reflect.apply(router.publisher, undefined, ['a', {}, 1])],
    ['addMiddleware(middleware)', () => Reflect.apply(router.addMiddleware, undefined, [{ onReceive () {} }, 1])],
    ['insertMiddleware(middleware)', () => Reflect.apply(router.insertMiddleware, undefined, [{ onReceive () {} }, 1])],
    ['includeRouter(router, overrides)', () => Reflect.apply(router.includeRouter, undefined, [router, {}, 1])],
    ['includeRouter(router, overrides)', () => Reflect.apply(app.broker.includeRouter, undefined, [router, {}, 1])],
    ['new KafkaRouter(options)', () => Reflect.construct(KafkaRouter, [{}, 1]) as unknown]
  ]
  for (const [call, run] of surplus) {
    const message = new RegExp(`^wrong arguments for ${call.replace(/[()]/g, '\\$&')}:`)
    t.throws(run, { code: 'FASTSTREAM_ERR_INVALID_ARGUMENTS', message }, call)
  }
  t.throws(() => { router.addMiddleware({}) }, { message: /^option 'middleware' must be an object/ })
})

t.test('what a router cannot do any more fails at once', async (t) => {
  const app = await build(t)
  const router = new KafkaRouter({ prefix: 'r.' })
  app.broker.includeRouter(router)
  await app.ready()
  t.throws(() => router.subscriber('orders', () => {}), { code: 'FASTSTREAM_ERR_ALREADY_STARTED' })
  t.equal(router.publisher('late').topic, 'r.late', 'a publisher may be declared late, as in a scope')
  t.throws(() => { app.broker.includeRouter(new KafkaRouter()) }, {
    code: 'FASTSTREAM_ERR_ALREADY_STARTED', message: /^includeRouter of 'fastify' is declared too late/
  })
})

t.test('a result that goes to a router which is not included fails the start', async (t) => {
  const app = await build(t)
  const elsewhere = new KafkaRouter().publisher('done')
  app.broker.subscriber('orders', { publish: elsewhere }, () => 1)
  await t.rejects(async () => { await app.ready() }, {
    code: 'FASTSTREAM_ERR_ROUTER_HANDLE', message: /'done' cannot be used here: its router is not included/
  })
  await t.rejects(app.broker.publish(elsewhere, 1), {
    code: 'FASTSTREAM_ERR_ROUTER_HANDLE', message: /its router is not included in an app that is open/
  })
})

t.test('subscribers of two routers that clash are named', async (t) => {
  const app = await build(t)
  const [one, two] = [new KafkaRouter(), new KafkaRouter()]
  one.subscriber('orders', function first () {})
  two.subscriber('orders', function second () {})
  app.register(async function shopPlugin (scope) {
    scope.broker.includeRouter(one)
    scope.broker.includeRouter(two)
  })
  await t.rejects(async () => { await app.ready() }, {
    code: 'FASTSTREAM_ERR_DUPLICATE_SUBSCRIBER',
    message: /\(subscriber 'first' of 'orders' in scope 'shopPlugin'; subscriber 'second' of 'orders' in scope/
  })
})
