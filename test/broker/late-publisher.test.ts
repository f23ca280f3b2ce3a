import t from 'tap'
import Fastify from 'fastify'
import { faststreamPlugin } from '../../index.js'
import { createMemoryCluster } from '../../lib/transport/memory/index.js'
import { gate } from '../support/inbox.js'
import { createLateTransport } from '../support/late-transport.js'
import { memoryLog } from '../support/json-log.js'
import { useEnvironment } from '../support/environment.js'
import { build } from '../support/plugin-app.js'
import { createMemoryTransport } from '../../lib/transport/memory/index.js'

const number = { schema: { value: { type: 'number' } } }

t.test('a publisher may be made after ready, with key, headers and the compilers of its scope', async (t) => {
  const app = await build(t)
  app.broker.publisher('early', number)
  await app.ready()
  const late = app.broker.publisher('late', { ...number, key: (value) => `k${value}` })
  t.match(await late.publish(1), { topic: 'late', offset: 0n })
  await t.rejects(late.publish('text'), { code: 'FASTSTREAM_ERR_INVALID_MESSAGE' })
  await t.rejects(app.broker.publish('late', 'text'), { code: 'FASTSTREAM_ERR_INVALID_MESSAGE' }, 'found by its topic')
  app.broker.publisher('late')
  await t.rejects(app.broker.publish('late', 1), { code: 'FASTSTREAM_ERR_DUPLICATE_PUBLISHER' })
})

t.test('a late publisher checks as an early one of its scope does', async (t) => {
  const app = await build(t)
  await app.register(async (scope) => {
    scope.setValidatorCompiler(() => (value) => value === 'mine' || { error: new Error('not mine') })
    scope.broker.publisher('early', number)
    scope.decorate('declare', () => scope.broker.publisher('late', number))
    scope.get('/', async () => {
      const late = scope.broker.publisher('late', number)
      await late.publish('mine')
      await late.publish(1)
    })
  })
  await app.ready()
  t.match((await app.inject('/')).json(), { code: 'FASTSTREAM_ERR_INVALID_MESSAGE', message: /not mine/ })
})

t.test('a schema needs compilers: in a scope without them it is declared while plugins load', async (t) => {
  const app = await build(t)
  await app.ready()
  t.throws(() => app.broker.publisher('checked', number), {
    code: 'FASTSTREAM_ERR_ALREADY_STARTED',
    message: "a publisher with a schema of 'checked' is declared too late: declare it while plugins load, before ready()"
  })
  t.match(await app.broker.publisher('plain').publish(1), { topic: 'plain' })
})

t.test('a late publisher whose schema cannot be compiled is not there', async (t) => {
  const app = await build(t, { asyncapi: true })
  app.broker.publisher('early', number)
  await app.ready()
  const broken = { schema: { value: { type: 'nonsense' } } }
  t.throws(() => app.broker.publisher('broken', broken), { code: 'FASTSTREAM_ERR_SCHEMA_BUILD', message: /'broken'/ })
  await t.rejects(app.broker.publish('broken', 1), { code: 'FASTSTREAM_ERR_UNKNOWN_TOPIC' })
  t.notOk('broken' in (app.asyncapi().channels ?? {}))
})

t.test('a late publisher is in the AsyncAPI document, which is made again', async (t) => {
  const app = await build(t)
  await app.ready()
  const before = await app.inject('/asyncapi/yaml')
  const etag = (await app.inject('/asyncapi/json')).headers.etag
  t.equal((await app.inject('/asyncapi/json')).headers.etag, etag)
  app.broker.publisher('late')
  app.broker.publisher('hidden', { includeInSchema: false })
  t.same(Object.keys(app.asyncapi().channels ?? {}), ['late'])
  t.not((await app.inject('/asyncapi/json')).headers.etag, etag)
  t.match([before.body.includes('late'), (await app.inject('/asyncapi/yaml')).body.includes('address: late')], [
    false, true
  ])
})

t.test('the topic of a late publisher is verified, and what waits for it tells of its lack', async (t) => {
  const { lines, stream } = memoryLog()
  const app = await build(t, { topics: 'verify' }, { logger: { stream } })
  await app.ready()
  const late = app.broker.publisher('late')
  await t.rejects(late.publish(1), { code: 'FASTSTREAM_ERR_TOPICS', message: /late.*do not exist/ })
  await t.rejects(late.publish(1), { code: 'FASTSTREAM_ERR_UNKNOWN_TOPIC' })
  t.match(lines.filter(({ level }) => level === 50), [{
    msg: 'the topic of a late publisher could not be prepared', topic: 'late', err: { code: 'FASTSTREAM_ERR_TOPICS' }
  }])
})

t.test('a topic that is declared already is not asked for again', async (t) => {
  const app = Fastify()
  t.teardown(() => app.close())
  const transport = createLateTransport(createMemoryCluster())
  useEnvironment(app, { createTransport: async () => transport })
  await app.register(faststreamPlugin)
  app.broker.publisher('known')
  await app.ready()
  const asked = (): number => transport.events.filter((event) => event === 'describe').length
  t.equal(asked(), 1)
  await app.broker.publisher('known', { key: 'k' }).publish(1)
  t.equal(asked(), 1)
  await app.broker.publisher('new').publish(1)
  t.equal(asked(), 2)
})

t.test('a publisher may be made in an onReady hook, before and after that of the plugin', async (t) => {
  const app = Fastify()
  t.teardown(() => app.close())
  app.addHook('onReady', async () => {
    app.broker.publisher('before')
    t.throws(() => app.broker.publisher('before', number), { code: 'FASTSTREAM_ERR_ALREADY_STARTED' })
  })
  await app.register(faststreamPlugin)
  app.addHook('onReady', async () => { await app.broker.publisher('after').publish(1) })
  await app.ready()
  t.match(await app.broker.publish('before', 1), { topic: 'before' })
})

t.test('what is declared while the start is under way has its topic, too', async (t) => {
  const app = Fastify()
  t.teardown(() => app.close())
  const { opened, open } = gate()
  const transport = createMemoryTransport({ cluster: createMemoryCluster() })
  const reached = gate()
  useEnvironment(app, {
    createTransport: async () => ({
      ...transport,
      describeTopics: async (topics) => {
        const found = await transport.describeTopics(topics)
        if (!topics.includes('early')) return found
        reached.open()
        await opened
        return found
      }
    })
  })
  await app.register(faststreamPlugin)
  app.broker.publisher('early')
  const ready = app.ready()
  await reached.opened
  const late = app.broker.publisher('late')
  open()
  await ready
  t.match(await late.publish(1), { topic: 'late' })
})

t.test('a broker that closes takes no publisher', async (t) => {
  const app = await build(t)
  await app.ready()
  await app.close()
  t.throws(() => app.broker.publisher('late'), { code: 'FASTSTREAM_ERR_NOT_READY', message: /the broker is closed/ })
})
