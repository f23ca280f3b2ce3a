import { inspect } from 'node:util'
import t, { type Test } from 'tap'
import Fastify, { type FastifyInstance } from 'fastify'
import faststreamPlugin, { type FaststreamOptions } from '../../index.js'
import { normaliseOptions } from '../../lib/options/plugin-options.js'
import { testBroker } from '../../lib/testing/index.js'
import { memoryLog } from '../support/json-log.js'
import { reachable } from '../support/reachable.js'

const SECRETS = ['secret-password', 'secret-key', 'secret-passphrase', 'secret-pfx', 'secret-ca']

/** Made anew each time: what a test holds itself is not what leaks. */
function options (): FaststreamOptions {
  return {
    // No process listens there.
    brokers: ['127.0.0.1:1'],
    groupId: 'g',
    clientId: 'shop',
    startup: 'background',
    sasl: { mechanism: 'plain', username: 'shop', password: 'secret-password' },
    ssl: { key: 'secret-key', passphrase: 'secret-passphrase', pfx: Buffer.from('secret-pfx'), ca: ['secret-ca'] }
  }
}

function isSecret (value: unknown): boolean {
  return typeof value === 'string' && SECRETS.some((secret) => value.includes(secret))
}

/** Looks at all that can be read, and at what logs and consoles make of it. */
function holdsNoSecret (t: Test, roots: Readonly<Record<string, unknown>>): void {
  const found = []
  let visited = 0
  for (const [path, value] of reachable(roots)) {
    visited++
    if (isSecret(value)) found.push(path)
  }
  for (const [name, root] of Object.entries(roots)) {
    if (isSecret(inspect(root, { depth: 4, showHidden: true }))) found.push(`${name}, inspected`)
  }
  t.same(found, [])
  t.ok(visited > Object.keys(roots).length, `${visited} values were looked at`)
}

async function build (t: Test): Promise<FastifyInstance> {
  const app = Fastify({ logger: { level: 'trace', stream: memoryLog().stream } })
  t.teardown(() => app.close())
  await app.register(faststreamPlugin, options())
  await app.register(faststreamPlugin, { ...options(), name: 'billing' })
  return app
}

t.test('the search finds secrets wherever they are', async (t) => {
  class Base { get inherited () { return 'secret-key' } }
  class Holder extends Base { readonly #hidden = 'secret-key'; shows () { return this.#hidden } }
  const places = [
    new Map([[{ key: 'secret-key' }, 1]]), new Map([[1, 'secret-key']]), new Set(['secret-key']), new Error(
      'x', { cause: new Error('secret-key') }
    ), { [Symbol('s')]: 'secret-key' },
    Object.defineProperty({}, 'hidden', {
      value: 'secret-key'
    }), new Holder(), Buffer.from('a secret-key'), Object.assign(() => {}, { key: 'secret-key' })
  ]
  for (const place of places) t.ok([...reachable({ place })].some(([, value]) => isSecret(value)), inspect(place))
  t.notOk([...reachable({ app: Fastify() })].some(([, value]) => isSecret(value)))
})

t.test('no secret can be reached from what an app on the memory transport gives its users', async (t) => {
  const app = await build(t)
  const publisher = app.broker.publisher('results')
  const held: Record<string, unknown> = { app, broker: app.broker, brokers: app.brokers, publisher }
  await app.register(async (scope) => {
    held.scope = scope
    held.subscriber = scope.broker.subscriber('orders', {
      publish: publisher, retry: { retries: 0 }
    }, function (value, message) {
      Object.assign(held, { message, 'message.broker': message.broker, 'message.log': message.log, this: this })
      if (value === 'fails') throw new Error('fails')
      return value
    })
  })
  app.get('/', async (request, reply) => {
    Object.assign(held, { request, reply, 'request.broker': request.broker, 'request.brokers': request.brokers })
    await request.broker.publish('orders', 'works')
    await request.broker.publish('orders', 'fails')
    return {}
  })
  const broker = await testBroker(app)
  await app.inject('/')
  await broker.settled()
  const refused = await app.broker.publish('results', 1, { partition: 99 }).catch((error) => error)
  const elsewhere = await app.brokers.billing.publish(publisher, 1).catch((error) => error)
  const late = (() => { try { return app.broker.publisher('late') } catch (error) { return error } })()
  t.equal(broker.errors.length, 1)
  holdsNoSecret(t, {
    ...held,
    testBroker: broker,
    failures: broker.errors,
    published: broker.published('orders'),
    health: app.broker.health(),
    document: app.asyncapi(),
    refused,
    elsewhere,
    late
  })
  t.match(
    JSON.stringify([
      broker, app.broker, publisher, held.subscriber, held.message, held['request.broker'], app.asyncapi()
    ]),
    /orders/
  )
  t.notOk(isSecret(JSON.stringify([
    broker, app.broker, publisher, held.subscriber, held.message, held['request.broker'], app.asyncapi()
  ])))
})

t.test('an app without a cluster, its errors and their causes do not expose secrets', async (t) => {
  const app = await build(t)
  app.broker.subscriber('orders', () => {})
  await app.ready()
  const notReady = await app.broker.publish('orders', 1).catch((error) => error)
  const strict = Fastify()
  t.teardown(() => strict.close())
  await strict.register(faststreamPlugin, { ...options(), startup: 'strict', connectTimeout: 2000 })
  const connect = await strict.ready().then(() => undefined, (error) => error)
  t.match(connect, { code: 'FASTSTREAM_ERR_SSL', message: /node:tls refuses its options/, cause: Error })
  holdsNoSecret(t, { app, strict, notReady, connect, health: strict.broker.health() })
})

t.test('no secret is in an error about the options that hold it, nor in the settings', async (t) => {
  const wrong: FaststreamOptions[] = [
    { ...options(), clientId: '' },
    { ...options(), sasl: ['secret-password'] as never },
    { ...options(), ssl: 'secret-key' as never }
  ]
  const errors = wrong.map((each) => { try { return normaliseOptions(each, 10_000) } catch (error) { return error } })
  for (const error of errors) t.match(error, { code: 'FASTSTREAM_ERR_INVALID_OPTION' })
  holdsNoSecret(t, { errors, settings: normaliseOptions(options(), 10_000) })
})
