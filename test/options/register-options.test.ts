import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import Fastify, { type RegisterOptions } from 'fastify'
import autoload from '@fastify/autoload'
import faststreamPlugin, { type FaststreamOptions } from '../../index.js'
import { memoryLog } from '../support/json-log.js'

async function build (t: Test, options: FaststreamOptions & RegisterOptions = {}) {
  const { lines, stream } = memoryLog()
  const app = Fastify({ logger: { stream } })
  t.teardown(() => app.close())
  await app.register(faststreamPlugin, { groupId: 'shop', ...options })
  app.get('/own', async () => 'own')
  return { app, lines }
}

t.test('prefix: the routes of the plugin, and no others, are below it', async (t) => {
  const { app } = await build(t, { prefix: '/internal' })
  app.broker.subscriber('orders', () => {})
  t.equal((await app.inject('/internal/asyncapi/json')).statusCode, 200)
  t.match((await app.inject('/internal/asyncapi/')).body, '<!doctype html>')
  t.equal((await app.inject('/asyncapi/json')).statusCode, 404)
  t.equal((await app.inject('/own')).statusCode, 200)
  t.equal((await app.inject('/internal/own')).statusCode, 404)
})

t.test('the prefix of a scope comes before that of register', async (t) => {
  const app = Fastify()
  t.teardown(() => app.close())
  await app.register(async (scope) => {
    await scope.register(faststreamPlugin, () => ({
      groupId: 'shop', prefix: 'kafka', asyncapi: { routePrefix: '/docs' }
    }))
  }, { prefix: '/v1' })
  t.equal((await app.inject('/v1/kafka/docs/json')).statusCode, 200)
})

t.test('logLevel and logSerializers: of the log of the routes of the plugin', async (t) => {
  const { app, lines } = await build(t, {
    logLevel: 'silent', logSerializers: { req: () => 'a request of the plugin' }
  })
  await app.inject('/asyncapi/json')
  t.same(lines.filter(({ req }) => req !== undefined), [])
  await app.inject('/own')
  t.match(lines.filter(({ req }) => req !== undefined), [{ req: { url: '/own' } }])

  const second = await build(t, { logSerializers: { req: () => 'a request of the plugin' } })
  await second.app.inject('/asyncapi/json')
  t.match(second.lines.filter(({ req }) => req !== undefined), [{ req: 'a request of the plugin' }])
})

t.test('impossible options of register are refused', async (t) => {
  for (const wrong of [{ prefix: 7 }, { logLevel: '' }, { logSerializers: ['req'] }, { prefixes: '/' }]) {
    const [name] = Object.keys(wrong)
    const app = Fastify()
    t.teardown(() => app.close())
    await t.rejects(async () => { await app.register(faststreamPlugin, wrong as never) }, {
      code: 'FASTSTREAM_ERR_INVALID_OPTION', message: `'${name}'`
    })
  }
  await build(t, { prefix: '', logLevel: undefined } as RegisterOptions)
})

t.test('@fastify/autoload registers the plugin from a folder, with the prefix that it makes of its name', async (t) => {
  const folder = mkdtempSync('.autoload-')
  t.teardown(() => { rmSync(folder, { recursive: true }) })
  mkdirSync(join(folder, 'kafka'))
  const plugin = import.meta.resolve('../../index.js')
  writeFileSync(
    join(folder, 'kafka', 'index.mjs'),
    `export { faststreamPlugin as default } from '${plugin}'\nexport const autoConfig = { groupId: 'shop' }\n`
  )
  const app = Fastify()
  t.teardown(() => app.close())
  await app.register(autoload, { dir: join(process.cwd(), folder), forceESM: true, options: { logLevel: 'warn' } })
  await app.ready()
  t.equal((await app.inject('/kafka/asyncapi/json')).statusCode, 200)
  t.equal(app.broker.name, 'default')
})

t.test('a topic whose dead-letter topic is too long is refused at the start, with the cure', async (t) => {
  const topic = 'x'.repeat(246)
  async function start (declare: (app: Awaited<ReturnType<typeof build>>['app']) => void) {
    const { app } = await build(t)
    declare(app)
    await app.ready()
  }
  await t.rejects(start((app) => app.broker.subscriber(topic, () => {})), {
    code: 'FASTSTREAM_ERR_INVALID_TOPIC',
    message: `topic '${topic}.dlq' has 250 characters (it is the dead-letter topic of '${topic}': ` +
      "name another one in 'deadLetter.topic', or write deadLetter: false): use 1 to 249 of the characters a-z, A-Z, 0-9, '.', '_' and '-'"
  })
  const made = (made: unknown) => ({ deadLetter: { topic: () => made as string } })
  await t.rejects(start((app) => app.broker.subscriber('orders', made('a b'), () => {})), {
    message: /'a b' has other characters \(it is the dead-letter topic of 'orders'/
  })
  await t.rejects(start((app) => app.broker.subscriber('orders', made(undefined), () => {})), {
    message: /'undefined' is no string \(it is the dead-letter topic of 'orders'/
  })
  await start((app) => {
    app.broker.subscriber(topic, { deadLetter: { topic: 'dead-letters' } }, () => {})
    app.broker.subscriber('y'.repeat(249), { deadLetter: false }, () => {})
    app.broker.subscriber('z'.repeat(245), () => {})
  })
})
