import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import Fastify from 'fastify'
import t from 'tap'
import faststreamPlugin, { dependency } from '../../index.js'
import { DeclaredDependency } from '../../lib/deps/dependency.js'
import { Resolution } from '../../lib/deps/resolution.js'
import { testBroker } from '../../lib/testing/index.js'
import type { Dependency, DependencyContext } from '../../types/index.js'
import { gate } from '../support/inbox.js'
import { logLines } from '../support/log-lines.js'
import { ManualClock } from '../support/manual-clock.js'

function build () {
  const context = { log: logLines() } as unknown as DependencyContext
  const resolution = new Resolution(context, { clock: new ManualClock(), cleanupTimeout: 1000, overrides: new Map() })
  const resolve = (dep: Dependency<unknown>): unknown => resolution.resolve(declared(dep))
  return { resolution, resolve }
}

function declared (dep: Dependency<unknown>): DeclaredDependency {
  if (dep instanceof DeclaredDependency) return dep
  throw new TypeError('not declared')
}

t.test('what factories return at once is there at once, and nothing is to be cleaned up', async (t) => {
  const { resolution } = build()
  const rate = dependency(() => 2)
  const none = dependency(() => undefined)
  const price = dependency({ rate, none }, ({ rate, none }) => [rate * 3, none])
  const all = new Map(Object.entries({ price, rate, none }).map(([name, dep]) => [name, declared(dep)]))
  t.same(resolution.resolveAll(all), { price: [6, undefined], rate: 2, none: undefined })
  t.equal(resolution.close(), undefined)
  t.equal(resolution.closed, true)
})

t.test('what a factory returned at once is made once, also nothing', async (t) => {
  const { resolve } = build()
  let made = 0
  const nothing = dependency(() => { made++ })
  t.same([resolve(nothing), resolve(nothing), made], [undefined, undefined, 1])
})

t.test('a factory that throws at once rejects, and the others are made', async (t) => {
  const { resolution } = build()
  const made: string[] = []
  const broken = dependency(() => { throw new Error('no connection') })
  const other = dependency(() => { made.push('other') })
  const all = resolution.resolveAll(new Map([['broken', declared(broken)], ['other', declared(other)]]))
  t.same(made, ['other'])
  await t.rejects(Promise.resolve(all), { message: 'no connection' })
})

t.test('a factory that asks for its own dependency is called once, and gets it when it has returned', async (t) => {
  const { resolve } = build()
  let calls = 0
  let asked: unknown
  const own: Dependency<unknown> = dependency(() => {
    asked = resolve(own)
    return ++calls
  })
  t.equal(resolve(own), 1)
  t.equal(await asked, 1)
  t.equal(calls, 1)
})

t.test('a close in the call of a factory cleans up what that makes', async (t) => {
  const { resolution, resolve } = build()
  const events: string[] = []
  let closed: unknown
  const client = dependency(() => {
    closed = resolution.close()
    return (function * () {
      yield 1
      events.push('cleaned up')
    })()
  })
  t.equal(await resolve(client), 1)
  await closed
  t.same(events, ['cleaned up'])
})

t.test('after the clean-up what was made at once is known, and nothing is made', async (t) => {
  const { resolution, resolve } = build()
  const [rate, other] = [dependency(() => 2), dependency('other', () => 3)]
  resolve(rate)
  resolution.close()
  t.equal(resolve(rate), 2)
  await t.rejects(Promise.resolve(resolve(other)), { code: 'FASTSTREAM_ERR_DEPENDENCY_DONE' })
})

t.test("'__proto__' is no name for a dependency", async (t) => {
  const rate = dependency(() => 2)
  t.throws(() => dependency({ ['__proto__']: rate }, () => 1), {
    code: 'FASTSTREAM_ERR_INVALID_OPTION', message: /'needs.__proto__' must have another name/
  })
})

t.test('routes and subscribers have what was made at once before their handlers are called', async (t) => {
  const app = Fastify()
  t.teardown(() => app.close())
  await app.register(faststreamPlugin)
  const rate = dependency(() => 2)
  const seen: unknown[] = []
  app.get('/rate', { config: { deps: { rate } } }, async ({ deps }) => deps.rate)
  app.broker.subscriber('orders', { deps: { rate } }, (_, { deps }) => { seen.push(deps.rate) })
  const broker = await testBroker(app)
  t.match(await app.inject('/rate'), { statusCode: 200, body: '2' })
  await broker.publish('orders', 1)
  await broker.settled()
  t.same(seen, [2])
})

t.test('a handler whose time is over is not called, though nothing has asked for its signal', async (t) => {
  const app = Fastify()
  t.teardown(() => app.close())
  await app.register(faststreamPlugin, { handlerTimeout: 20, retry: { retries: 0 } })
  const { opened, open } = gate()
  const slow = dependency(async () => { await opened })
  let calls = 0
  app.broker.subscriber('orders', { deps: { slow } }, () => { calls++ })
  const broker = await testBroker(app)
  subscribe('faststream.message.late', open)
  t.teardown(() => unsubscribe('faststream.message.late', open))
  await broker.publish('orders', 1)
  await broker.settled()
  t.equal(calls, 0)
  t.match(broker.errors, [{ error: { code: 'FASTSTREAM_ERR_HANDLER_TIMEOUT' } }])
})
