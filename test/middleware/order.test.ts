import t, { type Test } from 'tap'
import type { FaststreamOptions, Middleware } from '../../index.js'
import { dependency } from '../../index.js'
import { testBroker } from '../../lib/testing/index.js'
import { build } from '../support/plugin-app.js'

/** A middleware that writes down each of its moments. */
function tracer (calls: string[], name: string): Middleware {
  return {
    onReceive: ({ topic }) => { if (topic === 'orders') calls.push(`${name} receives`) },
    async consumeScope (next, { topic }) {
      if (topic !== 'orders') return await next()
      calls.push(`${name} consumes`)
      try {
        return await next()
      } finally {
        calls.push(`${name} has consumed`)
      }
    },
    async publishScope (next, command) {
      calls.push(`${name} publishes to ${command.topic}`)
      const stored = await next(command)
      calls.push(`${name} has published to ${command.topic}`)
      return stored
    },
    afterProcessed: (error, { topic }) => {
      if (topic === 'orders') calls.push(`${name} has processed${error === undefined ? '' : `: ${error.message}`}`)
    }
  }
}

/** A name for each place where a middleware can stand, the outermost first. */
const PLACES = [
  'inserted at the root', 'broker', 'added at the root', 'inserted in the scope', 'added in the scope', 'subscriber'
]

async function nested (t: Test, calls: string[], options: FaststreamOptions = {}) {
  const app = await build(t, { middlewares: [tracer(calls, 'broker')], ...options })
  const invoices = app.broker.publisher('invoices')
  const dep = dependency(function * dep () {
    calls.push('dependency is made')
    yield 1
    calls.push('dependency is cleaned up')
  })
  await app.register(async (scope) => {
    scope.broker.subscriber('orders', {
      middlewares: [tracer(calls, 'subscriber')], deps: { dep }, publish: invoices
    }, (value) => {
      calls.push('handler')
      if (value === 'bad') throw new Error('no')
      return value
    })
    // Also for what is declared already, as FastStream does.
    scope.broker.addMiddleware(tracer(calls, 'added in the scope'))
    scope.broker.insertMiddleware(tracer(calls, 'inserted in the scope'))
  })
  await app.register(async (sibling) => { sibling.broker.addMiddleware(tracer(calls, 'sibling')) })
  app.broker.addMiddleware(tracer(calls, 'added at the root'))
  app.broker.insertMiddleware(tracer(calls, 'inserted at the root'))
  return app
}

t.test('a scope without options takes a middleware at its outside', async (t) => {
  const calls: string[] = []
  const app = await build(t)
  await app.register(async (scope) => {
    scope.broker.subscriber('orders', () => { calls.push('handler') })
    scope.broker.insertMiddleware({ onReceive: () => { calls.push('first') } })
    scope.broker.insertMiddleware({ onReceive: () => { calls.push('second') } })
  })
  const broker = await testBroker(app)
  await broker.publish('orders', 1)
  await broker.settled()
  t.same(calls, ['second', 'first', 'handler'])
})

t.test('the four moments run from the broker to the subscriber, and back', async (t) => {
  const calls: string[] = []
  const app = await nested(t, calls)
  const broker = await testBroker(app)
  await broker.publish('orders', 1)
  await broker.settled()
  const places = PLACES
  const back = [...places].reverse()
  t.same(calls, [
    ...places.map((name) => `${name} receives`),
    'dependency is made',
    ...places.map((name) => `${name} consumes`),
    'handler',
    ...back.map((name) => `${name} has consumed`),
    'dependency is cleaned up',
    ...places.map((name) => `${name} publishes to invoices`),
    ...back.map((name) => `${name} has published to invoices`),
    ...back.map((name) => `${name} has processed`)
  ])
  t.equal(broker.published('invoices').length, 1)
})

t.test('afterProcessed sees the error of the attempt, and each attempt has all moments', async (t) => {
  const calls: string[] = []
  const app = await nested(t, calls, { retry: { retries: 1 } })
  const broker = await testBroker(app)
  await broker.publish('orders', 'bad')
  await broker.settled()
  const processed = [...PLACES].reverse().map((name) => `${name} has processed: no`)
  t.same(calls.filter((call) => call.includes('has processed')), [...processed, ...processed])
  t.same(calls.filter((call) => call.includes('publishes')), [], 'a dead letter is no publish of the app')
  t.equal(calls.filter((call) => call === 'broker receives').length, 2, 'two attempts')
  t.equal(broker.published('orders.dlq').length, 1)
})

t.test('one middleware in two places runs in each of them', async (t) => {
  const calls: string[] = []
  const both = tracer(calls, 'both')
  const app = await build(t, { middlewares: [both] })
  app.broker.subscriber('orders', { middlewares: [both] }, () => {})
  const broker = await testBroker(app)
  await broker.publish('orders', 1)
  await broker.settled()
  t.same(calls, [
    'both receives', 'both receives', 'both consumes', 'both consumes', 'both has consumed', 'both has consumed',
    'both has processed', 'both has processed'
  ])
})

t.test('brokers have middlewares of their own', async (t) => {
  const calls: string[] = []
  const app = await build(t, { middlewares: [tracer(calls, 'default')] })
  const { faststreamPlugin } = await import('../../index.js')
  await app.register(faststreamPlugin, { name: 'billing', middlewares: [tracer(calls, 'billing')] })
  const billing = (app.brokers as unknown as Record<string, typeof app.broker>).billing!
  const invoices = billing.publisher('invoices')
  app.broker.subscriber('orders', { publish: invoices }, (value) => value)
  const broker = await testBroker(app)
  await broker.publish('orders', 1)
  await broker.settled()
  t.same(calls.filter((call) => call.includes('publish')), [
    'billing publishes to invoices', 'billing has published to invoices'
  ])
  t.equal(calls[0], 'default receives')
})

t.test('a middleware runs as a method of its object', async (t) => {
  class Counting implements Middleware {
    readonly calls: string[] = []
    onReceive (): void { this.calls.push('receive') }
    async consumeScope (next: () => Promise<unknown>): Promise<unknown> {
      this.calls.push('consume')
      return await next()
    }

    publishScope: Middleware['publishScope'] = async (next, command) => {
      this.calls.push('publish')
      return await next(command)
    }

    async afterProcessed (): Promise<void> { this.calls.push('processed') }
  }
  const counting = new Counting()
  const app = await build(t)
  app.broker.subscriber('orders', {
    middlewares: [counting], publish: app.broker.publisher('invoices')
  }, (value) => value)
  const broker = await testBroker(app)
  await broker.publish('orders', 1)
  await broker.settled()
  t.same(counting.calls, ['receive', 'consume', 'publish', 'processed'])
})

t.test('what is no middleware is refused where it is written', async (t) => {
  const app = await build(t)
  const cases = [
    [{}, /'middleware' must be an object .* with one of onReceive, consumeScope/],
    [class Timing {}, /'middleware' must be an object \(of a class: an instance\)/],
    [{ on_receive () {} }, /onReceive/],
    [null, /must be an object/],
    [{ onReceive: 1 }, /'middleware.onReceive' must be a function/],
    [{ consumeScope: function * () {} }, /'middleware.consumeScope' must not be a generator function/]
  ] as const
  for (const [middleware, message] of cases) {
    for (const method of ['addMiddleware', 'insertMiddleware'] as const) {
      t.throws(() => { app.broker[method](middleware as never) }, { code: 'FASTSTREAM_ERR_INVALID_OPTION', message })
    }
  }
  t.throws(() => { app.broker.subscriber('a', { middlewares: [{}] }, () => {}) }, { message: /'middlewares' must be/ })
  t.throws(() => { app.broker.subscriber('a', { middlewares: {} as never }, () => {}) }, { message: /must be a list/ })
  await t.rejects(build(t, { middlewares: [{}] }), { code: 'FASTSTREAM_ERR_INVALID_OPTION' })
  t.throws(() => { (app.broker.addMiddleware as Function)({ onReceive () {} }, 1) }, {
    code: 'FASTSTREAM_ERR_INVALID_ARGUMENTS'
  })
  t.throws(() => { (app.broker.insertMiddleware as Function)({ onReceive () {} }, 1) }, {
    code: 'FASTSTREAM_ERR_INVALID_ARGUMENTS'
  })
  await app.ready()
  for (const method of ['addMiddleware', 'insertMiddleware'] as const) {
    t.throws(() => { app.broker[method]({ onReceive () {} }) }, { code: 'FASTSTREAM_ERR_ALREADY_STARTED' })
  }
})
