import t, { type Test } from 'tap'
import Fastify, { type FastifyServerOptions } from 'fastify'
import namedOrDefault, { faststreamPlugin, type FaststreamOptions } from '../../index.js'
import { brokersOf } from '../../lib/broker/app-brokers.js'
import { createMemoryCluster, createMemoryTransport } from '../../lib/transport/memory/index.js'
import type { ConsumerOptions, Transport } from '../../lib/transport/transport.js'
import { Inbox, gate } from '../support/inbox.js'
import { ManualClock, turn } from '../support/manual-clock.js'
import { memoryLog } from '../support/json-log.js'
import { useEnvironment } from '../support/environment.js'

async function build (t: Test, options: FaststreamOptions = {}, server: FastifyServerOptions = {}) {
  const app = Fastify(server)
  t.teardown(() => app.close())
  await app.register(faststreamPlugin, options)
  return app
}

t.test('the plugin is the default export and a named one', async (t) => {
  t.equal(namedOrDefault, faststreamPlugin)
})

t.test('options are checked at register', async (t) => {
  const app = Fastify()
  await t.rejects(async () => { await app.register(faststreamPlugin, { broker: 'localhost:9092' } as FaststreamOptions) }, { code: 'FASTSTREAM_ERR_INVALID_OPTION' })
})

t.test('a broker name is taken once in an app, also in sibling scopes', async (t) => {
  const app = await build(t)
  await t.rejects(async () => { await app.register(faststreamPlugin) }, { code: 'FASTSTREAM_ERR_ALREADY_REGISTERED', message: /'default'/ })

  const siblings = Fastify()
  siblings.register(async (scope) => { await scope.register(faststreamPlugin) })
  siblings.register(async (scope) => { await scope.register(faststreamPlugin) })
  await t.rejects(async () => { await siblings.ready() }, { code: 'FASTSTREAM_ERR_ALREADY_REGISTERED' })
})

t.test('further clusters are found by name', async (t) => {
  const app = await build(t)
  await app.register(faststreamPlugin, { name: 'billing' })
  t.equal(app.broker.name, 'default')
  // Its name is typed by `interface NamedBrokers` in the type tests.
  t.same(Object.keys(app.brokers), ['default', 'billing'])
  const inbox = new Inbox<unknown>()
  app.brokers.billing.subscriber('bills', (value) => { inbox.add(value) })
  app.get('/', async (request) => {
    await request.brokers.billing.publish('bills', 1)
    t.equal(request.brokers.billing, request.brokers.billing, 'one view per request')
  })
  await app.inject('/')
  t.same(await inbox.count(1), [1])
})

t.test('a broker of a child scope is seen there, together with its parents', async (t) => {
  const app = await build(t)
  await app.register(async (scope) => {
    await scope.register(faststreamPlugin, { name: 'inner' })
    t.same(Object.keys(scope.brokers), ['default', 'inner'])
    scope.get('/in', async (request) => Object.keys(request.brokers))
  })
  app.get('/out', async (request) => Object.keys(request.brokers))
  t.same(Object.keys(app.brokers), ['default'])
  t.same((await app.inject('/in')).json(), ['default', 'inner'])
  t.same((await app.inject('/out')).json(), ['default'])
})

t.test('a plugin in a child scope is not seen outside', async (t) => {
  const app = Fastify()
  t.teardown(() => app.close())
  await app.register(async (scope) => {
    await scope.register(faststreamPlugin)
    t.ok(scope.broker)
  })
  t.notOk(app.hasDecorator('broker'))
  await app.ready()
})

t.test('a scope has one view, with its own schemas, logger and this', async (t) => {
  const app = await build(t)
  const inbox = new Inbox<unknown>()
  app.addSchema({ $id: 'shared', type: 'object', properties: { n: { type: 'integer' } } })
  await app.register(async (scope) => {
    t.equal(scope.broker, scope.broker)
    t.not(scope.broker, app.broker)
    scope.decorate('mine', 'yes')
    scope.addSchema({ $id: 'own', type: 'object', properties: { shared: { $ref: 'shared#' } } })
    scope.broker.subscriber('scoped', { schema: { value: { $ref: 'own#' } } }, function (value) { inbox.add([value, (this as unknown as { mine: string }).mine]) })
  }, { logLevel: 'silent' })
  await app.ready()
  await app.broker.publish('scoped', { shared: { n: '3' } })
  t.same(await inbox.count(1), [[{ shared: { n: 3 } }, 'yes']])
})

t.test('a tombstone is delivered where the schema takes null, and nowhere else', async (t) => {
  const app = await build(t)
  const inbox = new Inbox<unknown>()
  app.broker.subscriber('open', { schema: { value: { type: ['string', 'null'] } } }, (value) => { inbox.add(['open', value]) })
  app.broker.subscriber('strict', { schema: { value: { type: 'string' } } }, (value) => { inbox.add(['strict', value]) })
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

t.test('a schema that cannot be compiled fails the start and says where', async (t) => {
  const app = await build(t)
  app.broker.subscriber('orders', { schema: { value: { $ref: 'missing#' } } }, () => {})
  await t.rejects(async () => { await app.ready() }, { code: 'FASTSTREAM_ERR_SCHEMA_BUILD', message: /value schema of 'orders'/ })
  await app.close()

  const other = await build(t)
  other.broker.publisher('orders', { schema: { key: { $ref: 'missing#' } } })
  await t.rejects(async () => { await other.ready() }, { code: 'FASTSTREAM_ERR_SCHEMA_BUILD', message: /key schema of 'orders'/ })
})

t.test('declarations are checked where they are made', async (t) => {
  const app = await build(t, { brokers: ['localhost:1'] })
  const { broker } = app
  const wrong: Array<[string, () => unknown, { code: string, message?: RegExp }]> = [
    ['no group on a real cluster', () => broker.subscriber('orders', () => {}), { code: 'FASTSTREAM_ERR_GROUP_REQUIRED', message: /'orders'/ }],
    ['an empty group', () => broker.subscriber('orders', { groupId: '' }, () => {}), { code: 'FASTSTREAM_ERR_INVALID_OPTION' }],
    ['a bad topic', () => broker.subscriber('a b', { groupId: 'g' }, () => {}), { code: 'FASTSTREAM_ERR_INVALID_TOPIC' }],
    ['no topic', () => broker.subscriber([], { groupId: 'g' }, () => {}), { code: 'FASTSTREAM_ERR_INVALID_OPTION', message: /'topics'/ }],
    ['no handler', () => broker.subscriber('orders', { groupId: 'g' }, undefined as never), { code: 'FASTSTREAM_ERR_INVALID_OPTION', message: /'handler'/ }],
    ['an unknown option', () => broker.subscriber('orders', { group: 'g' } as object, () => {}), { code: 'FASTSTREAM_ERR_INVALID_OPTION', message: /'group' is not known/ }],
    ['an unknown part', () => broker.subscriber('orders', { groupId: 'g', schema: { body: {} } } as object, () => {}), { code: 'FASTSTREAM_ERR_INVALID_OPTION', message: /'schema.body'/ }],
    ['what is no publisher', () => broker.subscriber('orders', { groupId: 'g', publish: 'invoices' } as object, () => {}), { code: 'FASTSTREAM_ERR_INVALID_OPTION', message: /'publish'/ }],
    ['no concurrency', () => broker.subscriber('orders', { groupId: 'g', concurrency: 0 }, () => {}), { code: 'FASTSTREAM_ERR_INVALID_OPTION' }],
    ['a bad topic to publish to', () => broker.publisher('..'), { code: 'FASTSTREAM_ERR_INVALID_TOPIC' }],
    ['a bad key', () => broker.publisher('orders', { key: 1 } as object), { code: 'FASTSTREAM_ERR_INVALID_OPTION', message: /'key'/ }]
  ]
  for (const [title, declare, error] of wrong) t.throws(declare, error, title)
})

t.test('one topic has one subscriber in a group', async (t) => {
  const app = await build(t)
  app.broker.subscriber(['a', 'b'], () => {})
  t.throws(() => app.broker.subscriber('b', () => {}), { code: 'FASTSTREAM_ERR_DUPLICATE_SUBSCRIBER', message: /'b'/ })
  app.broker.subscriber('b', { groupId: 'other' }, () => {})
})

t.test('a declaration after ready comes too late', async (t) => {
  const app = await build(t)
  await app.ready()
  t.throws(() => app.broker.subscriber('late', () => {}), { code: 'FASTSTREAM_ERR_ALREADY_STARTED', message: /subscriber of 'late'/ })
  t.throws(() => app.broker.publisher('late'), { code: 'FASTSTREAM_ERR_ALREADY_STARTED' })
})

t.test('what a subscriber says wins over what the plugin says', async (t) => {
  const app = await build(t)
  const inbox = new Inbox<unknown>()
  app.broker.subscriber('odd', { schema: { headers: { type: 'object', required: ['tenant'] } }, deadLetter: { topic: 'bin' }, retry: { retries: 0 } }, () => { throw new Error('no') })
  app.broker.subscriber('bin', (value, { headers }) => { inbox.add([value, headers['x-dlq-stage']]) })
  await app.ready()
  await app.broker.publish('odd', 1)
  await inbox.count(1)
  await app.broker.publish('odd', 2, { headers: { tenant: 'a' } })
  t.same(await inbox.count(2), [[1, 'validate'], [2, 'retries-exhausted']])
})

t.test('a dead letter that fails again says where it came from first, and a header alone is not believed', async (t) => {
  const app = await build(t, { retry: { retries: 0 } })
  const inbox = new Inbox<unknown>()
  for (const topic of ['orders', 'orders.dlq']) app.broker.subscriber(topic, () => { throw new Error('no') })
  app.broker.subscriber('orders.dlq.dlq', (_, { headers }) => { inbox.add([headers['x-dlq-topic'], headers['x-dlq-offset']]) })
  await app.ready()
  await app.broker.publish('orders', 1, { headers: { 'x-dlq-topic': 'no topic', 'x-dlq-offset': '99' } })
  t.same(await inbox.count(1), [['orders', '0']])
})

t.test('a header that names no topic is no origin of a dead letter, however complete its place is', async (t) => {
  const app = await build(t, { retry: { retries: 0 } })
  const inbox = new Inbox<unknown>()
  app.broker.subscriber('orders', () => { throw new Error('no') })
  app.broker.subscriber('orders.dlq', (_, { headers }) => { inbox.add([headers['x-dlq-topic'], headers['x-dlq-offset']]) })
  await app.ready()
  const place = { 'x-dlq-topic': 'no topic', 'x-dlq-partition': '1', 'x-dlq-offset': '99', 'x-dlq-timestamp': '1' }
  await app.broker.publish('orders', 1, { headers: place })
  t.same(await inbox.count(1), [['orders', '0']])
})

t.test('a topic for which the function of dead letters throws is no origin of a dead letter', async (t) => {
  const app = await build(t, { retry: { retries: 0 } })
  const inbox = new Inbox<unknown>()
  function topic (origin: string): string {
    if (origin !== 'orders') throw new Error('unknown topic')
    return 'failed'
  }
  app.broker.subscriber('orders', { deadLetter: { topic } }, () => { throw new Error('no') })
  app.broker.subscriber('failed', (_, { headers }) => { inbox.add([headers['x-dlq-topic'], headers['x-dlq-offset']]) })
  await app.ready()
  const place = { 'x-dlq-topic': 'other', 'x-dlq-partition': '1', 'x-dlq-offset': '99', 'x-dlq-timestamp': '1' }
  await app.broker.publish('orders', 1, { headers: place })
  t.same(await inbox.count(1), [['orders', '0']])
})

t.test('publish by topic uses the publisher that the scope knows', async (t) => {
  const app = await build(t)
  const number = { schema: { value: { type: 'number' } } }
  app.broker.publisher('one', number)
  app.broker.publisher('two')
  app.broker.publisher('two', number)
  await app.register(async (scope) => {
    scope.broker.publisher('own', number)
    scope.get('/own', async (request) => await request.broker.publish('own', 'text'))
  })
  await app.ready()
  await t.rejects(app.broker.publish('one', 'text'), { code: 'FASTSTREAM_ERR_INVALID_MESSAGE' })
  await t.rejects(app.broker.publish('two', 1), { code: 'FASTSTREAM_ERR_DUPLICATE_PUBLISHER' })
  await app.broker.publish('own', 'text', { key: 'not known here' })
  t.match((await app.inject('/own')).json(), { code: 'FASTSTREAM_ERR_INVALID_MESSAGE', statusCode: 500 })
  await t.rejects(app.broker.publish({ topic: 'one' } as never, 1), { code: 'FASTSTREAM_ERR_INVALID_OPTION', message: /what publisher\(\) returned/ })
})

t.test('keys and headers come from the publisher and can be overruled', async (t) => {
  const app = await build(t)
  const inbox = new Inbox<unknown>()
  const publisher = app.broker.publisher('keyed', { key: (value) => `k${value}`, headers: (value) => ({ a: String(value), b: 'publisher' }) })
  const fixed = app.broker.publisher('keyed', { key: 'fixed', headers: { a: 'fixed' } })
  app.broker.subscriber('keyed', (value, { rawKey, headers }) => { inbox.add([value, rawKey && String(rawKey), headers['a'], headers['b']]) })
  await app.ready()
  for (const publish of [
    () => publisher.publish(1),
    () => publisher.publish(2, { key: null, headers: { b: 'option' } }),
    () => publisher.publish(null),
    () => fixed.publish(3)
  ]) {
    const { length } = inbox.items
    await publish()
    await inbox.count(length + 1)
  }
  t.same(await inbox.count(4), [[1, 'k1', '1', 'publisher'], [2, null, '2', 'option'], [null, null, undefined, undefined], [3, 'fixed', 'fixed', undefined]])
})

t.test('what cannot be encoded says so and is not sent', async (t) => {
  const app = await build(t)
  const schema = { key: { type: 'string', minLength: 2 }, headers: { type: 'object', required: ['tenant'] } }
  const checked = app.broker.publisher('checked', { schema, key: () => 'x' })
  const broken = app.broker.publisher('broken', { key: () => { throw new Error('no key') } })
  const odd = app.broker.publisher('odd', { key: () => 7 as never })
  const thrown = app.broker.publisher('thrown', { headers: () => { throw 'text' } }) // eslint-disable-line no-throw-literal
  await app.ready()
  await t.rejects(checked.publish(1, { headers: { tenant: 'a' } }), { code: 'FASTSTREAM_ERR_INVALID_MESSAGE', message: /key/ })
  await t.rejects(checked.publish(1, { key: 'xx' }), { code: 'FASTSTREAM_ERR_INVALID_MESSAGE', message: /headers/ })
  await checked.publish(1, { key: Buffer.from('xx'), headers: { tenant: 'a', none: null } })
  await t.rejects(broken.publish(1), { code: 'FASTSTREAM_ERR_ENCODE', message: /key.*function 'key'.*threw an error/, cause: { message: 'no key' } })
  await t.rejects(odd.publish(1), { code: 'FASTSTREAM_ERR_ENCODE', message: /key.*number/ })
  await t.rejects(thrown.publish(1), { code: 'FASTSTREAM_ERR_ENCODE', message: /headers.*function 'headers'.*threw an error/, cause: 'text' })
  await t.rejects(app.broker.publish('thrown2', 1, { headers: { a: 1 as never } }), { code: 'FASTSTREAM_ERR_ENCODE', message: /header 'a'/ })
  await t.rejects(app.broker.publish('thrown2', 1n), { code: 'FASTSTREAM_ERR_ENCODE' })
})

t.test('publish errors have their HTTP status', async (t) => {
  const app = await build(t, { producer: { queue: { messages: 1 } } })
  app.broker.publisher('orders')
  app.get('/', async (request) => { await Promise.all([request.broker.publish('orders', 1), request.broker.publish('orders', 2)]) })
  t.match((await app.inject('/')).json(), { statusCode: 503, code: 'FASTSTREAM_ERR_PUBLISH_QUEUE_FULL' })
})

t.test('all that a request publishes carries one correlation id', async (t) => {
  const app = await build(t)
  const inbox = new Inbox<string>()
  app.broker.subscriber('seen', (_, { correlationId }) => { inbox.add(correlationId) })
  app.get('/', async (request) => {
    t.equal(request.broker, request.broker)
    await request.broker.publish('seen', 1)
    await request.broker.publish('seen', 2)
  })
  await app.inject('/')
  const [one, two] = await inbox.count(2)
  t.match(one, /^[0-9a-f-]{36}$/)
  t.equal(two, one)
  await app.inject('/')
  t.not((await inbox.count(4))[2], one, 'and another request another one')
})

t.test('a message has a logger with its place, and an id when it came without one', async (t) => {
  const { stream, lines } = memoryLog()
  const app = await build(t, {}, { logger: { level: 'info', stream } })
  const inbox = new Inbox<unknown>()
  app.broker.subscriber('logged', function take (_, message) {
    message.log.info({ at: message.offset }, 'seen')
    t.equal(message.log, message.log)
    t.equal(message.broker, message.broker)
    inbox.add(message.correlationId)
  })
  await app.ready()
  await app.broker.publish('logged', 1, { headers: { correlation_id: null } })
  t.match(await inbox.count(1), [/^[0-9a-f-]{36}$/])
  t.match(lines.filter(({ msg }) => msg === 'seen'), [{ topic: 'logged', offset: '0', at: 0, level: 30 }])
  t.match(lines.filter(({ level }) => level === 40), [{ msg: 'in-memory broker: nothing leaves this process, and it forgets everything when it ends' }])
  t.match(lines.filter(({ msg }) => msg === 'subscriber waits for messages'), [{ subscriber: 'take', topics: ['logged'], groupId: 'fastify-faststream' }])
})

t.test('messages flow after the last onReady hook, and not when one of them failed', async (t) => {
  const app = await build(t)
  let handled = 0
  app.broker.subscriber('orders', () => { handled++ })
  app.addHook('onReady', async () => { await app.broker.publish('orders', 1) })
  app.addHook('onReady', async () => { throw new Error('no database') })
  await t.rejects(async () => { await app.ready() }, { message: 'no database' })
  await app.close()
  t.equal(handled, 0)
})

t.test('in a child scope messages flow as well, after the last onReady hook of the app', async (t) => {
  const app = Fastify()
  t.teardown(() => app.close())
  const inbox = new Inbox<unknown>()
  const steps: string[] = []
  app.register(async (scope) => {
    await scope.register(faststreamPlugin)
    scope.broker.subscriber('orders', (value) => { steps.push('handled'); inbox.add(value) })
    scope.addHook('onReady', async () => { await scope.broker.publish('orders', 1) })
  })
  app.register(async (sibling) => {
    sibling.addHook('onReady', async () => {
      await turn()
      steps.push('database')
    })
  })
  await app.ready()
  t.same(await inbox.count(1), [1])
  t.same(steps, ['database', 'handled'])
})

t.test('a cluster that is not there rejects ready() in time, naming the brokers, and leaves nothing open', async (t) => {
  const app = await build(t, { brokers: ['127.0.0.1:1'], groupId: 'g', connectTimeout: 2000 })
  app.broker.subscriber('orders', () => {})
  const before = Date.now()
  await t.rejects(async () => { await app.ready() }, { code: 'FASTSTREAM_ERR_CONNECT', message: /127\.0\.0\.1:1/ })
  t.ok(Date.now() - before < 6000)
  await app.close()
  // A test that fails here runs out of time.
  while (process.getActiveResourcesInfo().includes('TCPSocketWrap')) await new Promise(setImmediate)
})

t.test('a start that does not end is given up, naming the step', async (t) => {
  const app = await build(t, { connectTimeout: 20 })
  let closed = 0
  useEnvironment(app, {
    createTransport: async () => ({ name: 'mute', connect: () => new Promise(() => {}), close: async () => { closed++ } }) as unknown as Transport
  })
  await t.rejects(async () => { await app.ready() }, { code: 'FASTSTREAM_ERR_START_TIMEOUT', message: /within 20 ms \(connecting\)/ })
  t.equal(closed, 1)
})

t.test('what loading takes is taken from the time to connect, so that the time-out of the hook does not come first', async (t) => {
  const app = await build(t, { connectTimeout: 1000 })
  let latest = 0
  let deadline = Infinity
  useEnvironment(app, {
    createTransport: async () => {
      latest = performance.now() + 900
      while (performance.now() < latest - 890);
      return { ...createMemoryTransport({ cluster: createMemoryCluster() }), connect: async (by?: number) => { deadline = by ?? Infinity } }
    }
  })
  await app.ready()
  t.ok(deadline <= latest)
})

t.test('a group that waits for dead members does not keep the app from starting', async (t) => {
  const { stream, lines } = memoryLog()
  const app = await build(t, { connectTimeout: 1000 }, { logger: { level: 'warn', stream } })
  let refuse = (_: Error): void => {}
  useEnvironment(app, {
    createTransport: async () => ({
      ...createMemoryTransport({ cluster: createMemoryCluster() }),
      consumer: () => ({ start: () => new Promise((resolve, reject) => { refuse = reject }), stop () {}, close: async () => { refuse(new Error('closed')) } })
    }) as unknown as Transport
  })
  app.broker.subscriber('orders', () => {})
  await app.ready()
  await app.broker.publish('orders', 1)
  refuse(new Error('not authorized'))
  await turn()
  t.match(lines, [{ level: 40, msg: /^groups are not joined yet/ }, { level: 50, msg: /^groups could not be joined/, err: { message: 'not authorized' } }])

  const closing = await build(t, { connectTimeout: 500 }, { logger: { level: 'error', stream } })
  useEnvironment(closing, brokersOf(app).environment)
  closing.broker.subscriber('orders', () => {})
  await closing.ready()
  await closing.close()
  t.equal(lines.length, 2, 'what ends because the app closes is no error')
})

t.test('a start that was given up does nothing more when the cluster answers at last', async (t) => {
  const app = await build(t, { connectTimeout: 20 })
  const { opened, open } = gate()
  const called: string[] = []
  useEnvironment(app, {
    createTransport: async () => ({ name: 'late', connect: () => opened, describeTopics: async () => { called.push('describe'); return new Map() }, close: async () => {} }) as unknown as Transport
  })
  app.broker.publisher('orders')
  await t.rejects(async () => { await app.ready() }, { code: 'FASTSTREAM_ERR_START_TIMEOUT' })
  open()
  await turn()
  t.same(called, [])
})

t.test("a declaration in another plugin's onReady hook, before ours, comes too late as well", async (t) => {
  const app = Fastify()
  t.teardown(() => app.close())
  app.addHook('onReady', async () => {
    t.throws(() => app.broker.subscriber('orders', () => { t.fail('it is not there') }), { code: 'FASTSTREAM_ERR_ALREADY_STARTED' })
    t.throws(() => app.broker.publisher('orders'), { code: 'FASTSTREAM_ERR_ALREADY_STARTED' })
  })
  await app.register(faststreamPlugin)
  await app.ready()
  await t.rejects(app.broker.publish('orders', 1), { code: 'FASTSTREAM_ERR_UNKNOWN_TOPIC' })
})

t.test('an app that is closed while its topics are prepared joins nothing', async (t) => {
  const app = await build(t)
  const { opened, open } = gate()
  const asked = gate()
  const called: string[] = []
  useEnvironment(app, {
    createTransport: async () => ({
      name: 'slow',
      connect: async () => {},
      describeTopics: async () => { asked.open(); await opened; return new Map() },
      createTopics: async () => {},
      producer: () => { called.push('producer') },
      close: async () => { called.push('close') }
    }) as unknown as Transport
  })
  const ready = app.ready().then(() => undefined, (error) => error)
  await asked.opened
  const [broker] = brokersOf(app).byName.values()
  await broker?.close()
  open()
  t.match(await ready, { code: 'FASTSTREAM_ERR_NOT_READY' })
  t.same(called, ['close'])
})

t.test('what is published when the app closes is sent, or reported', async (t) => {
  const { stream, lines } = memoryLog()
  const app = await build(t, {}, { logger: { level: 'error', stream } })
  app.broker.publisher('events')
  const { opened, open } = gate()
  const clock = new ManualClock()
  useEnvironment(app, {
    clock,
    createTransport: async () => {
      const transport = createMemoryTransport({ cluster: createMemoryCluster() })
      return { ...transport, producer: () => ({ partitionCount: () => 1, send: async () => { await opened; return [0n] }, close: async () => {} }) }
    }
  })
  await app.ready()
  const published = app.broker.publish('events', 1)
  const closed = app.close()
  const rejected = t.rejects(published, { code: 'FASTSTREAM_ERR_NOT_READY', outcome: 'unknown' })
  await clock.advance(5000)
  await closed
  await rejected
  open()
  t.match(lines, [{ msg: 'messages that were published could not be sent before the app closed', messages: 1 }])
})

t.test('close may come twice, before ready and while it starts', async (t) => {
  const twice = await build(t)
  await twice.ready()
  await Promise.all([twice.close(), twice.close()])

  const never = await build(t)
  await never.close()

  const starting = await build(t, { brokers: ['127.0.0.1:1'], groupId: 'g' })
  starting.broker.subscriber('orders', () => {})
  const ready = starting.ready().then(() => undefined, (error) => error)
  await starting.close()
  await ready
  await t.rejects(starting.broker.publish('orders', 1), { code: 'FASTSTREAM_ERR_NOT_READY' })
})

t.test('close lets the handler that runs end, while HTTP can still publish', async (t) => {
  const app = await build(t)
  const { opened, open } = gate()
  const inbox = new Inbox<string>()
  app.broker.publisher('events')
  app.broker.subscriber('orders', async (_, { broker }) => {
    inbox.add('start')
    await opened
    await broker.publish('events', 1)
    inbox.add('end')
  })
  await app.ready()
  await app.broker.publish('orders', 1)
  await inbox.count(1)
  const closed = app.close()
  open()
  await closed
  t.same(inbox.items, ['start', 'end'])
})

t.test("the plugin's bodyLimit holds for subscribers that have none of their own", async (t) => {
  const app = await build(t, { bodyLimit: 1000 })
  const [handled, dead] = [new Inbox<unknown>(), new Inbox<unknown>()]
  app.broker.subscriber('orders', (value) => { handled.add(value) })
  app.broker.subscriber('images', { bodyLimit: 5000 }, (value) => { handled.add(value) })
  app.broker.subscriber(['orders.dlq', 'images.dlq'], (_value, { topic, deadLetter }) => { dead.add([topic, deadLetter?.valueOmitted]) })
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
  t.match(await optionsOf({ sessionTimeout: 7000, rebalanceTimeout: 20_000, groupInstanceId: 'pod-1' }), [{ sessionTimeout: 7000, rebalanceTimeout: 20_000, groupInstanceId: 'pod-1' }])
  const [byDefault] = await optionsOf({})
  t.match(byDefault, { sessionTimeout: 30_000, rebalanceTimeout: 60_000 })
  t.notOk('groupInstanceId' in byDefault!)
})
