import t, { type Test } from 'tap'
import type { FastifyInstance } from 'fastify'
import { Type } from '@sinclair/typebox'
import {
  dependency, NackMessage, RejectMessage, response, StopConsume, type ErrorDecision, type ErrorHandler,
  type FaststreamOptions
} from '../../index.js'
import { testBroker } from '../../lib/testing/index.js'
import { hear } from '../support/hear.js'
import { gate } from '../support/inbox.js'
import { memoryLog } from '../support/json-log.js'
import { build } from '../support/plugin-app.js'

type Handle = ErrorHandler<FastifyInstance>
interface Options extends FaststreamOptions {
  handler?: (value: unknown, message: { attempt: number, ack (): boolean }) => unknown
  value?: unknown
  schema?: { value?: unknown }
  declare?: (app: FastifyInstance) => void
}

/** Handles one message, which fails unless the test says otherwise, with the decisions of an error handler. */
async function decide (t: Test, onError: Handle, options: Options = {}) {
  const { handler = () => { throw new Error('no') }, value = 'v', schema = {}, declare, ...plugin } = options
  const { stream, lines } = memoryLog()
  const app = await build(t, { retry: { retries: 1 }, ...plugin }, { logger: { level: 'debug', stream } })
  declare?.(app)
  let handled = 0
  app.broker.subscriber('orders', { schema, publish: app.broker.publisher('results') }, (value, message) => {
    handled++
    return handler(value, message)
  })
  app.broker.setErrorHandler(onError)
  const settled = hear(t, 'faststream.message.settled')
  const broker = await testBroker(app)
  await broker.publish('orders', value, { key: 'k', headers: { tenant: 'a', reason: 'first' } })
  await broker.settled()
  const [outcome] = settled.filter(({ topic }) => topic === 'orders').map(({ outcome }) => outcome)
  const failures = lines.filter(({ msg }) => msg === 'error handler failed, so the policy decides')
  return { app, broker, handled, outcome, lines, failures, errors: broker.errors, results: broker.published('results') }
}

t.test('an error handler is asked about each failed attempt, and may leave the decision to the policy', async (t) => {
  const seen: unknown[] = []
  const { outcome, handled, failures } = await decide(t, function (error, failed) {
    seen.push([this.version, error.message, failed.stage, failed.attempt, failed.topic, failed.message?.value])
    t.same([failed.rawKey?.toString(), failed.rawValue?.toString(), failed.headers.tenant], ['k', 'v', 'a'])
  })
  t.match(seen, [
    [String, 'no', 'handler', 1, 'orders', 'v'], [String, 'no', 'retries-exhausted', 2, 'orders', 'v']
  ])
  t.same([outcome, handled, failures.length], ['dead-lettered', 2, 0])
})

t.test('retry runs the handler again without a limit, after a delay of its own', async (t) => {
  const retried = hear(t, 'faststream.message.retried')
  const { outcome, handled, results } = await decide(t, () => ({ action: 'retry', delay: 1 }), {
    handler: (_, { attempt }) => { if (attempt < 5) throw new Error('no'); return 'done' }
  })
  t.same([outcome, handled, results.length], ['acknowledged', 5, 1])
  t.same(retried.map(({ delay }) => delay), [1, 1, 1, 1])
  const byPolicy = await decide(t, async () => ({ action: 'retry' }), {
    handler: (_, { attempt }) => { if (attempt < 4) throw new Error('no') }, retry: { retries: 0 }
  })
  t.same([byPolicy.outcome, byPolicy.handled], ['acknowledged', 4])
})

t.test('forward moves the bytes of the message, and settles it', async (t) => {
  const { outcome, handled, broker, errors } = await decide(t, () => ({
    action: 'forward', topic: 'later', headers: { reason: 'closed', again: ['1', '2'] }
  }), { declare: (app) => { app.broker.publisher('later') } })
  t.same([outcome, handled, errors.length], ['forwarded', 1, 1])
  const [later] = broker.published('later')
  t.match(later, { key: 'k', value: 'v', headers: { tenant: 'a', reason: 'closed', 'content-type': 'text/plain' } })
  t.same(later?.rawHeaders.filter(([name]) => name === 'again').map(([, value]) => String(value)), ['1', '2'])
  t.same(later?.rawHeaders.filter(([name]) => name === 'reason').length, 1)
  t.same(broker.published('orders.dlq'), [])
})

t.test('a forwarded message that the cluster refuses is a dead letter', async (t) => {
  const big = 'x'.repeat(1_048_000)
  const { outcome, broker } = await decide(t, () => ({
    action: 'forward', topic: 'later', headers: { more: 'y'.repeat(100_000) }
  }), { value: big, declare: (app) => { app.broker.publisher('later') } })
  t.equal(outcome, 'dead-lettered')
  t.match(broker.published('orders.dlq'), [{ headers: { 'x-dlq-stage': 'publish' } }])
})

t.test('dead-letter needs no further attempt, and acknowledge settles without an error line', async (t) => {
  const dead = await decide(t, () => ({ action: 'dead-letter' }))
  t.same([dead.outcome, dead.handled], ['dead-lettered', 1])
  t.match(dead.broker.published('orders.dlq'), [{ headers: { 'x-dlq-stage': 'handler' } }])
  const skipped = await decide(t, () => ({ action: 'dead-letter' }), { deadLetter: false })
  t.same([skipped.outcome, skipped.handled], ['discarded', 1])
  const done = await decide(t, () => ({ action: 'acknowledge' }))
  t.same([done.outcome, done.handled], ['acknowledged', 1])
  t.same(done.lines.filter(({ level }) => level >= 40), [])
  t.match(done.lines.find(({ action }) => action === 'acknowledge'), {
    level: 20, msg: 'handler failed, and an error handler has decided', topic: 'orders', err: { message: 'no' }
  })
})

t.test('reply is published as the result of the handler', async (t) => {
  const { outcome, handled, results } = await decide(t, (error) => ({
    action: 'reply', value: response({ failed: error.message }, { headers: { status: 'failed' } })
  }))
  t.same([outcome, handled], ['acknowledged', 1])
  t.match(results, [{ value: { failed: 'no' }, headers: { status: 'failed' } }])
  const nothing = await decide(t, () => ({ action: 'reply', value: undefined }))
  t.same([nothing.outcome, nothing.results], ['acknowledged', []])
  const tombstone = await decide(t, () => ({ action: 'reply', value: null }))
  t.match(tombstone.results, [{ value: null, key: 'k' }])
})

t.test('a reply passes middlewares, and afterProcessed sees the error of the attempt', async (t) => {
  const seen: unknown[] = []
  const { results } = await decide(t, () => ({ action: 'reply', value: 1 }), {
    middlewares: [{
      publishScope: async (next, command) => await next({ ...command, value: 2 }),
      afterProcessed: (error) => { seen.push(error?.message) }
    }]
  })
  t.match(results, [{ value: 2 }])
  t.same(seen, ['no'])
})

t.test('a reply that cannot be published is judged by the policy, and no handler is asked again', async (t) => {
  let asked = 0
  const { outcome, errors } = await decide(t, () => {
    asked++
    return { action: 'reply', value: () => {} }
  })
  t.match(errors, [{ error: { message: 'no' } }, { stage: 'publish', error: { code: 'FASTSTREAM_ERR_ENCODE' } }])
  t.same([outcome, asked], ['dead-lettered', 1])
})

t.test('a message that is not decoded can be replied to, forwarded and acknowledged', async (t) => {
  const declare = (app: FastifyInstance): void => { app.broker.publisher('bad') }
  const invalid = { schema: { value: Type.Number() }, declare }
  const seen: unknown[] = []
  const decisions: ErrorDecision[] = [
    { action: 'reply', value: 'invalid' }, { action: 'forward', topic: 'bad' }, { action: 'acknowledge' }
  ]
  const outcomes: unknown[] = []
  for (const decision of decisions) {
    const { outcome, broker, handled } = await decide(t, (error, { stage, message }) => {
      seen.push([stage, message, (error as { code?: string }).code])
      return decision
    }, invalid)
    outcomes.push([outcome, handled, broker.published('results').length, broker.published('bad').length])
  }
  t.same(outcomes, [['acknowledged', 0, 1, 0], ['forwarded', 0, 0, 1], ['acknowledged', 0, 0, 0]])
  t.same(seen, Array(3).fill(['validate', undefined, 'FASTSTREAM_ERR_VALIDATION']))
})

t.test('middlewares and error handlers see a message that no filter takes', async (t) => {
  const app = await build(t)
  const seen: unknown[] = []
  app.broker.publisher('strange')
  app.broker.setErrorHandler((_, { stage }) => {
    seen.push(stage)
    return { action: 'forward', topic: 'strange' }
  })
  app.broker.addMiddleware({ afterProcessed: (error) => { seen.push((error as { code?: string } | undefined)?.code) } })
  app.broker.subscriber('orders', { filter: ({ value }) => value === 1 }, () => {})
  const broker = await testBroker(app)
  await broker.publish('orders', 2)
  await broker.settled()
  t.same(seen, ['deserialize', 'FASTSTREAM_ERR_UNMATCHED'])
  t.match(broker.published('strange'), [{ value: 2 }])
})

t.test('the handler of the nearest scope is asked first, and an error that it throws goes to the next', async (t) => {
  const app = await build(t, { retry: { retries: 0 } })
  const seen: string[] = []
  app.broker.setErrorHandler(async (error) => { seen.push(`root ${error.message}`); return { action: 'acknowledge' } })
  await app.register(async (scope) => {
    scope.broker.setErrorHandler(function (error) {
      seen.push(`scope ${error.message} ${this === scope}`)
      if (error.message === 'mine') return { action: 'dead-letter' }
      throw new Error(`wrapped ${error.message}`)
    })
    await scope.register(async (child) => {
      child.broker.subscriber('orders', (value) => { throw new Error(String(value)) })
    })
  })
  await app.register(async (sibling) => {
    sibling.broker.setErrorHandler(() => { seen.push('sibling') })
  })
  const broker = await testBroker(app)
  await broker.publish('orders', 'mine')
  await broker.settled()
  await broker.publish('orders', 'other')
  await broker.settled()
  t.same(seen, ['scope mine true', 'scope other true', 'root wrapped other'])
  t.match(broker.published('orders.dlq'), [{ value: 'mine' }])
  t.match(broker.errors, [{ error: { message: 'mine' } }, { error: { message: 'other' } }])
})

t.test('an error handler that fails leaves the decision to the policy, with one line in the log', async (t) => {
  const wrong: Array<[Handle, RegExp]> = [
    [() => { throw new Error('bug') }, /^bug$/],
    [async () => { throw new Error('async bug') }, /^async bug$/],
    [() => 'acknowledge' as never, /option 'action' must be one of 'retry', 'forward'/],
    [() => ({ action: 'nack' }) as never, /option 'action' must be one of/],
    [() => ({ action: 'constructor' }) as never, /option 'action' must be one of/],
    [() => ({ action: 'retry', delay: -1 }), /'delay' must be a number/],
    [() => ({ action: 'retry', topic: 'a' }) as never, /'topic' is not known/],
    [() => ({ action: 'forward', topic: 'not a topic' }), /topic 'not a topic'/],
    [() => ({ action: 'forward', topic: 'a', headers: { a: 1 as never } }), /header 'a' must be a string/]
  ]
  for (const [onError, message] of wrong) {
    const { outcome, failures } = await decide(t, onError, { retry: { retries: 0 } })
    t.equal(outcome, 'dead-lettered')
    t.match(failures, [{ level: 50, topic: 'orders', err: { message } }])
    t.equal(failures.length, 1)
  }
  const rethrown = await decide(t, (error) => { throw error }, { retry: { retries: 0 } })
  t.same([rethrown.outcome, rethrown.failures], ['dead-lettered', []], 'the error itself is no failure of the handler')
})

t.test('an error handler that takes longer than handlerTimeout is not waited for', async (t) => {
  const { opened, open } = gate()
  const { outcome, failures } = await decide(t, async () => {
    await opened
    throw new Error('late')
  }, { handlerTimeout: 20, retry: { retries: 0 } })
  t.equal(outcome, 'dead-lettered')
  t.match(failures, [{ err: { code: 'FASTSTREAM_ERR_HANDLER_TIMEOUT' } }])
  open()
})

t.test('an attempt that is given up meanwhile leaves its message unsettled', async (t) => {
  const { opened, open } = gate()
  const begun = gate()
  const app = await build(t, { drainTimeout: 20, retry: { retries: 0 } })
  app.broker.setErrorHandler(async () => { begun.open(); await opened; return { action: 'acknowledge' } })
  app.broker.subscriber('orders', () => { throw new Error('no') })
  const unsettled = hear(t, 'faststream.message.unsettled')
  const settled = hear(t, 'faststream.message.settled')
  await app.ready()
  await app.broker.publish('orders', 1)
  await begun.opened
  await app.close()
  open()
  while (unsettled.length === 0) await new Promise((resolve) => { setImmediate(resolve) })
  t.same([unsettled.length, settled.length], [1, 0])
})

t.test('a message that is given up while its reply is published is unsettled', async (t) => {
  const { opened, open } = gate()
  const begun = gate()
  const app = await build(t, {
    drainTimeout: 20,
    retry: { retries: 0 },
    middlewares: [{
      publishScope: async (next, command) => {
        if (command.topic === 'results') {
          begun.open()
          await opened
        }
        return await next(command)
      }
    }]
  })
  app.broker.setErrorHandler(() => ({ action: 'reply', value: 'failed' }))
  app.broker.subscriber('orders', { publish: app.broker.publisher('results') }, () => { throw new Error('no') })
  const unsettled = hear(t, 'faststream.message.unsettled')
  const settled = hear(t, 'faststream.message.settled')
  await app.ready()
  await app.broker.publish('orders', 1)
  await begun.opened
  await app.close()
  open()
  while (unsettled.length === 0) await new Promise((resolve) => { setImmediate(resolve) })
  t.same([unsettled.length, settled.length], [1, 0])
})

t.test('dependencies, their clean-up, middlewares and results fail into the error handler', async (t) => {
  const seen: unknown[] = []
  const app = await build(t, { retry: { retries: 0 } })
  app.broker.setErrorHandler((error, { stage, topic }) => { seen.push([topic, stage, error.message]) })
  const failing = dependency(() => { throw new Error('dependency') })
  const unclean = dependency(function * () { yield 1; throw new Error('clean-up') })
  app.broker.subscriber('a', { deps: { failing } }, () => {})
  app.broker.subscriber('b', { deps: { unclean } }, () => {})
  app.broker.subscriber('c', { middlewares: [{ onReceive () { throw new Error('onReceive') } }] }, () => {})
  app.broker.subscriber('d', { middlewares: [{ afterProcessed () { throw new Error('afterProcessed') } }] }, () => {})
  const checked = app.broker.publisher('checked', { schema: { value: { type: 'number' } } })
  app.broker.subscriber('e', { publish: checked }, () => 'text')
  const broker = await testBroker(app)
  for (const topic of ['a', 'b', 'c', 'd', 'e']) await broker.publish(topic, 1)
  await broker.settled()
  t.match(seen.sort(), [
    ['a', 'retries-exhausted', 'dependency'],
    ['b', 'retries-exhausted', 'clean-up'],
    ['c', 'retries-exhausted', 'onReceive'],
    ['d', 'retries-exhausted', 'afterProcessed'],
    ['e', 'publish', /does not match/]
  ])
})

t.test('a decision of the handler itself, and StopConsume, are no failures', async (t) => {
  let asked = 0
  const onError: Handle = () => { asked++ }
  const rejected = await decide(t, onError, { handler: () => { throw new RejectMessage('mine') } })
  t.equal(rejected.outcome, 'dead-lettered')
  await decide(t, onError, {
    handler: (_, { attempt }) => { if (attempt === 1) throw new NackMessage({ delay: 0 }) }
  })
  await decide(t, onError, { handler: () => { throw new StopConsume() } })
  await decide(t, onError, { handler: (_, { ack }) => { ack(); throw new Error('afterwards') } })
  t.equal(asked, 0)
})

t.test('an error handler is one function per scope, set while plugins load', async (t) => {
  const app = await build(t)
  t.throws(() => { app.broker.setErrorHandler(1 as never) }, {
    code: 'FASTSTREAM_ERR_INVALID_OPTION', message: /^option 'handler' must be a function/
  })
  t.throws(() => { (app.broker.setErrorHandler as Function)(() => {}, 1) }, {
    code: 'FASTSTREAM_ERR_INVALID_ARGUMENTS'
  })
  app.broker.setErrorHandler(() => {})
  t.throws(() => { app.broker.setErrorHandler(() => {}) }, {
    code: 'FASTSTREAM_ERR_INVALID_ARGUMENTS',
    message: /^wrong arguments for setErrorHandler\(handler\): the scope has one already/
  })
  await app.register(async (scope) => { scope.broker.setErrorHandler(() => {}) })
  await app.ready()
  t.throws(() => { app.broker.setErrorHandler(() => {}) }, { code: 'FASTSTREAM_ERR_ALREADY_STARTED' })
})
