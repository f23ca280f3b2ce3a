import t, { type Test } from 'tap'
import { RejectMessage, response, type FaststreamOptions, type Middleware, type PublishCommand } from '../../index.js'
import { testBroker } from '../../lib/testing/index.js'
import { throughMiddlewares } from '../../lib/middleware/publish-results.js'
import { hear } from '../support/hear.js'
import { gate } from '../support/inbox.js'
import { build } from '../support/plugin-app.js'
import { Order } from '../support/publish-app.js'

type PublishScope = NonNullable<Middleware['publishScope']>

/** Handles one message, the result of which is published to `a` and `b`. */
async function handle (
  t: Test, publishScope: PublishScope, { result = 'result', ...options }: FaststreamOptions & { result?: unknown } = {}
) {
  const app = await build(t, { retry: { retries: 2 }, ...options })
  const [a, b] = [app.broker.publisher('a', { key: 'k' }), app.broker.publisher('b')]
  let handled = 0
  app.broker.subscriber('orders', { publish: [a, b], middlewares: [{ publishScope }] }, () => {
    handled++
    return result
  })
  const settled = hear(t, 'faststream.message.settled')
  const broker = await testBroker(app)
  await broker.publish('orders', 1, { key: 'of the message' })
  await broker.settled()
  const [outcome] = settled.filter(({ topic }) => topic === 'orders').map(({ outcome }) => outcome)
  return { app, broker, outcome, handled, errors: broker.errors, a: broker.published('a'), b: broker.published('b') }
}

t.test('each result passes by itself, with the options of response()', async (t) => {
  const seen: PublishCommand[] = []
  const { a, b } = await handle(t, async (next, command) => {
    seen.push(command)
    const stored = await next({ ...command, value: `${String(command.value)} for ${command.topic}` })
    t.match(stored, { topic: command.topic, offset: 0n }, 'next resolves when the record is in the log')
    return stored
  }, { result: response('result', { headers: { tenant: 'x' } }) })
  t.match(seen, [{ topic: 'a', headers: { tenant: 'x' } }, { topic: 'b', value: 'result', correlationId: String }])
  t.match(a, [{ value: 'result for a', key: 'k', headers: { tenant: 'x', correlation_id: seen[0]?.correlationId } }])
  t.match(b, [{ value: 'result for b', key: null }])
})

t.test('a tombstone has the key of the handled message, also one that a middleware makes', async (t) => {
  const returned = await handle(t, async (next, command) => await next(command), { result: null })
  t.match(returned.b, [{ value: null, key: 'of the message' }])
  const made = await handle(t, async (next, command) => await next({ ...command, value: null }))
  t.match([made.a, made.b], [[{ value: null, key: 'k' }], [{ value: null, key: 'of the message' }]])
  const changed = await handle(t, async (next, command) => await next({ ...command, value: 1 }), { result: null })
  t.match(changed.b, [{ value: 1, key: null }])
})

t.test('nothing is published when a middleware refuses one of the results; the handler runs once', async (t) => {
  const rejected: unknown[] = []
  const { a, b, errors, outcome, handled } = await handle(t, async (next, command) => {
    if (command.topic === 'b') throw new Error('refused')
    return await next(command).catch((error) => { rejected.push(error); throw error })
  })
  t.match(errors, [{ stage: 'publish', error: { message: 'refused' } }])
  t.same([a, b, outcome, handled], [[], [], 'dead-lettered', 1])
  t.match(rejected, [{ code: 'FASTSTREAM_ERR_HANDLER_ABORTED' }])
})

t.test('an error after next makes a dead letter, though the results are in the log', async (t) => {
  const { a, b, errors, outcome } = await handle(t, async (next, command) => {
    const stored = await next(command)
    if (command.topic === 'a') throw new Error('afterwards')
    return stored
  })
  t.match(errors, [{ stage: 'publish', error: { message: 'afterwards' } }])
  t.same([a.length, b.length, outcome], [1, 1, 'dead-lettered'])
})

t.test('a result that does not match its schema is refused behind the middlewares', async (t) => {
  const app = await build(t)
  const seen: unknown[] = []
  const orders = app.broker.publisher('checked', { schema: { value: Order } })
  app.broker.subscriber('orders', {
    publish: orders,
    middlewares: [{
      publishScope: async (next, command) => await next({ ...command, value: { id: 1 } }).catch((error) => {
        seen.push(error)
        throw error
      })
    }]
  }, () => ({ id: '1', total: 1 }))
  const broker = await testBroker(app)
  await broker.publish('orders', 1)
  await broker.settled()
  t.match(broker.errors, [{ stage: 'publish', error: { code: 'FASTSTREAM_ERR_INVALID_MESSAGE' } }])
  t.match(seen, [{ code: 'FASTSTREAM_ERR_INVALID_MESSAGE' }])
})

t.test('a result that the cluster refuses rejects for its middleware, the other one is published', async (t) => {
  const seen: Record<string, unknown> = {}
  const { a, b, errors } = await handle(t, async (next, command) => {
    const changed = command.topic === 'a' ? { ...command, partition: 99 } : command
    return await next(changed).catch((error) => { seen[command.topic] = error; throw error })
  })
  t.match(errors, [{ stage: 'publish', error: { code: 'FASTSTREAM_ERR_UNKNOWN_PARTITION' } }])
  t.same([a.length, b.length], [0, 1])
  t.match(seen, { a: { code: 'FASTSTREAM_ERR_UNKNOWN_PARTITION' } })
  t.notOk('b' in seen)
})

t.test('publishers without middlewares publish beside those that have them', async (t) => {
  const app = await build(t)
  const plain = app.broker.publisher('plain')
  let stamped!: typeof plain
  await app.register(async (scope) => {
    scope.broker.addMiddleware({ publishScope: async (next, command) => await next({ ...command, key: 'stamped' }) })
    stamped = scope.broker.publisher('stamped')
  })
  app.broker.subscriber('orders', { publish: [plain, stamped] }, (value) => value)
  const broker = await testBroker(app)
  await broker.publish('orders', 1)
  await broker.settled()
  t.match([broker.published('plain'), broker.published('stamped')], [[{ key: null }], [{ key: 'stamped' }]])
})

t.test('results are sent together, in the order of the publishers, when the last one is passed on', async (t) => {
  const { opened, open } = gate()
  const published = hear(t, 'faststream.message.published')
  await handle(t, async (next, command) => {
    if (command.topic === 'a') await opened
    else setImmediate(() => { t.same(published.filter(({ topic }) => topic === 'b'), []); open() })
    return await next(command)
  }, { topicConfig: { partitions: 1 } })
  t.same(published.map(({ topic }) => topic).filter((topic) => topic !== 'orders'), ['a', 'b'])
})

t.test('a decision that a middleware of a publish throws is a failure of the publish', async (t) => {
  const { errors, outcome } = await handle(t, async () => { throw new RejectMessage('no') })
  t.match(errors, [{ stage: 'publish', error: { message: 'no' } }])
  t.equal(outcome, 'dead-lettered')
})

t.test('the middlewares of results that are not published any more go on with an error', async (t) => {
  const { prepared, end } = await throughMiddlewares([
    async (store) => await store({
      outgoing: { topic: 'a', key: null, value: null, headers: [], timestamp: 0 },
      sender: { send: async () => { throw new Error('not now') } }
    })
  ])
  t.equal(prepared.length, 1)
  await t.rejects(end(), { code: 'FASTSTREAM_ERR_HANDLER_ABORTED', message: /results could not be published/ })
  const tried = await throughMiddlewares([async (store) => await store(prepared[0]!)])
  await t.rejects(tried.prepared[0]!.sender.send(tried.prepared[0]!.outgoing), { message: 'not now' })
  await t.rejects(tried.end(), { message: 'not now' })
})
