import t, { type Test } from 'tap'
import Fastify from 'fastify'
import {
  dependency, faststreamPlugin, NackMessage, response, type FaststreamOptions, type Message
} from '../../index.js'
import { testBroker } from '../../lib/testing/index.js'
import { memoryLog } from '../support/json-log.js'

async function build (t: Test, options: FaststreamOptions = {}) {
  const { stream, lines } = memoryLog()
  const app = Fastify({ logger: { level: 'warn', stream } })
  t.teardown(() => app.close())
  await app.register(faststreamPlugin, { groupId: 'g', retry: { retries: 2, delay: 0 }, ...options })
  return { app, lines }
}

/** As plain JavaScript calls it. */
function untyped<R> (fn: (...args: never[]) => R): (...args: unknown[]) => R {
  return fn as (...args: unknown[]) => R
}

class Orders {}
function * generator () { yield 1 }
async function * asyncGenerator () { yield 1 }
const wrongFunctions: Array<[kind: string, value: unknown, says: RegExp]> = [
  ['a generator', generator, /generator function.*async function/],
  ['an async generator', asyncGenerator, /generator function/],
  ['a bound generator', generator.bind(null), /generator function/],
  ['a class', Orders, /class.*new Orders\(\)/],
  ['an object', {}, /must be/]
]

t.test('what does not do its work when it is called is refused, wherever a function is asked for', async (t) => {
  const { app: { broker } } = await build(t)
  for (const [kind, value, message] of wrongFunctions) {
    const fn = value as never
    const code = 'FASTSTREAM_ERR_INVALID_OPTION'
    const publish = { authorize: fn }
    t.throws(() => broker.subscriber('a', {}, fn), { code, message }, kind)
    t.throws(
      () => broker.subscriber('a', { retry: { retryOn: fn } }, () => {}), { code, message }, `${kind} as retryOn`
    )
    t.throws(() => broker.publisher('a', { key: fn }), { code, message }, `${kind} as key`)
    if (kind !== 'an object') {
      t.throws(() => broker.publisher('a', { headers: fn }), { code, message }, `${kind} as headers`)
      t.throws(() => broker.subscriber('a', fn), { code, message }, `${kind} as second argument`)
      t.throws(
        () => broker.subscriber('a', { deadLetter: { topic: fn } }, () => {}),
        { code, message },
        `${kind} as deadLetter.topic`
      )
    }
    for (const options of [{ correlationId: fn }, { asyncapi: { transform: fn } }, { asyncapi: { publish } }]) {
      await t.rejects(build(t, options), { code, message }, `${kind} in ${JSON.stringify(Object.keys(options))}`)
    }
  }
  t.throws(() => dependency(Orders as never), {
    code: 'FASTSTREAM_ERR_INVALID_OPTION', message: /'factory' must not be a class.*new Orders\(\)/
  })
  t.throws(() => { broker.subscriber('a', class {} as never) }, { message: /must not be a class/ })
})

t.test('the handler comes last, and no function takes more than it knows', async (t) => {
  const { app } = await build(t)
  const { broker } = app
  const publisher = broker.publisher('a')
  const orders = broker.subscriber('a', () => {})
  const handler = () => {}
  const code = 'FASTSTREAM_ERR_INVALID_ARGUMENTS'
  const subscriber = untyped(broker.subscriber)
  t.throws(() => subscriber('b', handler, { schema: {} }), {
    code, message: 'wrong arguments for subscriber(topics, options, handler): the handler comes last'
  })
  const calls: Array<[call: string, run: () => unknown]> = [
    ['subscriber(topics, options, handler)', () => subscriber('b', {}, handler, 1)],
    ['publisher(topic, options)', () => untyped(broker.publisher)('b', {}, 1)],
    ['options(options)', () => untyped(broker.options)({}, 1)],
    ['addMiddleware(middleware)', () => untyped(broker.addMiddleware)({ onReceive: handler }, 1)],
    ['insertMiddleware(middleware)', () => untyped(broker.insertMiddleware)({ onReceive: handler }, 1)],
    ['setErrorHandler(handler)', () => untyped(broker.setErrorHandler)(handler, 1)],
    ['skipTo({ topic, partition, offset })', () => untyped(orders.skipTo)({ topic: 'a', partition: 0, offset: 1n }, 1)],
    ['response(value, options)', () => untyped(response)(1, {}, 1)],
    ['dependency(name, needs, factory)', () => untyped(dependency)({}, handler, 1)],
    ['dependency(name, needs, factory)', () => untyped(dependency)('name', {}, handler, 1)],
    ['withDeps(deps)', () => untyped(app.withDeps.bind(app))({}, 1)],
    ['asyncapi(options)', () => untyped(app.asyncapi.bind(app))({}, 1)]
  ]
  for (const [call, run] of calls) {
    t.throws(run, { code, message: `wrong arguments for ${call}: it takes no more than these` }, call)
  }
  for (const take of [broker.addMiddleware, broker.insertMiddleware]) {
    t.throws(() => untyped(take)({}), {
      code: 'FASTSTREAM_ERR_INVALID_OPTION', message: /^option 'middleware' must be/
    })
  }
  await t.rejects(untyped(broker.publish)({}, 1) as Promise<unknown>, {
    code: 'FASTSTREAM_ERR_INVALID_OPTION', message: "option 'publisher' must be a topic, or what publisher() returned"
  })
  t.throws(() => untyped(orders.skipTo)(), { code, message: /it takes an object/ })
  t.throws(() => untyped(orders.skipTo)('a', 0, 1n), { code })
  t.doesNotThrow(() => subscriber('b', handler, undefined), 'a wrapper may pass what it did not get')

  app.get('/', async (request) => await untyped(request.broker.publish)('a', 1, {}, 1))
  await t.rejects(untyped(testBroker)(app, {}, 1), { code, message: /testBroker\(app, options\)/ })
  for (const wrong of [Promise.resolve(app), undefined]) {
    await t.rejects(untyped(testBroker)(wrong), { code, message: /Fastify instance, and no promise of one/ })
  }
  for (const options of [null, [], { override: [] }, { overrides: {} }]) {
    await t.rejects(untyped(testBroker)(app, options), { code: 'FASTSTREAM_ERR_INVALID_OPTION' })
  }
  const test = await testBroker(app)
  t.throws(() => subscriber('c', {}, undefined, 1), { code, message: /wrong arguments for subscriber/ })
  const publishes = { 'publish(publisher, value, options)': [broker, test], 'publish(value, options)': [publisher] }
  for (const [call, targets] of Object.entries(publishes)) {
    for (const target of targets) {
      await t.rejects(untyped<Promise<unknown>>(target.publish)('a', {}, undefined, 1), {
        code, message: new RegExp(call.replace(/[()]/g, '\\$&'))
      })
    }
  }
  t.match((await app.inject('/')).json(), { code, statusCode: 500 })
  t.throws(() => untyped(test.published)('a', 1), { code })
  t.throws(() => untyped(test.override)(1, 2, 3), { code })
  await t.rejects(untyped(test.settled)({}, 1), { code })
  for (const options of [100, null, { time: 1 }, { timeout: '1' }, { timeout: NaN }]) {
    await t.rejects(untyped(test.settled)(options), { code: 'FASTSTREAM_ERR_INVALID_OPTION' })
  }
  t.same(test.published('a'), [])
})

t.test('a decision that is called with what a callback gets counts, and wrong options do not pass', async (t) => {
  const { app } = await build(t)
  const seen: string[] = []
  app.broker.subscriber('in', (value, message: Message) => {
    const ways: Record<string, () => unknown> = {
      ack: async () => await Promise.resolve('done').then((done) => untyped(message.ack)(done)),
      nack: async () => await Promise.reject(Object.assign(new Error('no'), { code: 'E' })).catch(
        (error: unknown) => untyped(message.nack)(error)
      ),
      number: () => untyped(message.nack)(5000)
    }
    seen.push(`${String(value)} ${message.attempt}`)
    return message.attempt > 1 ? undefined : ways[String(value)]?.()
  })
  const broker = await testBroker(app)
  for (const way of ['ack', 'nack', 'number']) {
    await broker.publish('in', way)
    await broker.settled()
  }
  t.same(seen, ['ack 1', 'nack 1', 'nack 2', 'number 1', 'number 2'])
  t.match(broker.errors, [{ error: { code: 'FASTSTREAM_ERR_INVALID_OPTION' } }])
  for (const options of [5000, null, 'later', { delayMs: 1 }]) {
    t.throws(() => new NackMessage(options as object), { code: 'FASTSTREAM_ERR_INVALID_OPTION' })
  }
})

t.test('a handler that returns something which nothing publishes is named once', async (t) => {
  const { app, lines } = await build(t)
  app.broker.subscriber('in', function invoice () { return { total: 1 } })
  app.broker.subscriber('other', () => response(undefined))
  app.broker.subscriber('quiet', () => undefined)
  app.broker.subscriber('published', { publish: app.broker.publisher('out') }, () => 1)
  const broker = await testBroker(app)
  for (const topic of ['in', 'in', 'other', 'quiet', 'published']) await broker.publish(topic, 1)
  await broker.settled()
  const told = lines.filter(({ msg }) => msg.startsWith(
    "handler returned a value, which is not published: set 'publish'"
  ))
  t.same(told.map(({ subscriber }) => subscriber).sort(), ['invoice', 'other'])
  t.same(broker.errors, [])
})
