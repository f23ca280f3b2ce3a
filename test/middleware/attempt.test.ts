import { inspect } from 'node:util'
import t, { type Test } from 'tap'
import {
  NackMessage, RejectMessage, SkipMessage, StopConsume, type FaststreamOptions, type Middleware, type UndecodedMessage
} from '../../index.js'
import { testBroker } from '../../lib/testing/index.js'
import { hear } from '../support/hear.js'
import { gate } from '../support/inbox.js'
import { memoryLog } from '../support/json-log.js'
import { build } from '../support/plugin-app.js'

type Handler = (value: unknown, message: { ack (): boolean, attempt: number }) => unknown
interface Options extends FaststreamOptions { handler?: Handler, value?: unknown, schema?: { value?: unknown } }

/** Handles one message within middlewares, and tells what became of it. */
async function handle (t: Test, middlewares: readonly Middleware[], options: Options = {}) {
  const { handler = () => 'result', value = 1, schema = {}, ...plugin } = options
  const { stream, lines } = memoryLog()
  const app = await build(t, { retry: { retries: 0 }, ...plugin, middlewares }, { logger: { level: 'debug', stream } })
  const handled: unknown[] = []
  app.broker.subscriber('orders', { schema, publish: app.broker.publisher('results') }, (value, message) => {
    handled.push(value)
    return handler(value, message)
  })
  const settled = hear(t, 'faststream.message.settled')
  const unsettled = hear(t, 'faststream.message.unsettled')
  const broker = await testBroker(app)
  await broker.publish('orders', value)
  await broker.settled()
  const outcomes = settled.filter(({ topic }) => topic === 'orders').map(({ outcome }) => outcome)
  const results = broker.published('results').map(({ value }) => value)
  return { app, broker, handled, outcomes, unsettled, results, errors: broker.errors, lines }
}

t.test('onReceive comes before a message is decoded, with its bytes', async (t) => {
  const seen: Array<Record<string, unknown>> = []
  const { outcomes } = await handle(t, [{
    onReceive (message) {
      const { topic, partition, offset, attempt, rawKey, rawValue, headers, timestamp, correlationId, signal } = message
      message.log.info('received')
      seen.push({ topic, partition, offset, attempt, rawKey, rawValue, headers, timestamp, correlationId, signal })
      t.equal(message.headers, headers)
      t.same(message.rawHeaders.find(([name]) => name === 'correlation_id')?.[1]?.toString(), correlationId)
      t.match(JSON.parse(JSON.stringify(message)), { topic, offset: '0', attempt: 1, key: null, correlationId })
      t.match(inspect(message), /^UndecodedMessage \{/)
      t.notMatch(inspect(message), /rawValue|headers/)
    }
  }], { schema: { value: { type: 'string', maxLength: 1 } }, value: 'not valid' })
  t.match(seen, [{
    topic: 'orders',
    offset: 0n,
    attempt: 1,
    rawKey: null,
    rawValue: Buffer.from('not valid'),
    timestamp: Date,
    headers: { 'content-type': 'text/plain' },
    correlationId: String
  }])
  t.ok(seen[0]?.signal instanceof AbortSignal)
  t.same(outcomes, ['dead-lettered'])
})

t.test('onReceive and afterProcessed of one attempt get the same object, and its log names the message', async (t) => {
  const seen: UndecodedMessage[] = []
  const { lines } = await handle(t, [{
    onReceive: (message) => { seen.push(message) },
    afterProcessed: (_, message) => { seen.push(message); message.log.info('processed'); message.log.info('again') }
  }])
  t.equal(seen[0], seen[1])
  t.equal(seen.length, 2)
  t.match(lines.find(({ msg }) => msg === 'processed'), { topic: 'orders', offset: '0', subscriber: 'orders' })
})

t.test('afterProcessed sees why a message was not decoded', async (t) => {
  const seen: unknown[] = []
  await handle(t, [{ afterProcessed: (error) => { seen.push(error) } }], {
    schema: { value: { type: 'string', maxLength: 1 } }, value: 'not valid'
  })
  t.match(seen, [{ code: 'FASTSTREAM_ERR_VALIDATION' }])
})

t.test('afterProcessed comes when the result is in the log, before the message is settled', async (t) => {
  const seen: unknown[] = []
  const settled = hear(t, 'faststream.message.settled')
  const published = hear(t, 'faststream.message.published')
  await handle(t, [{
    afterProcessed: () => { seen.push(published.filter(({ topic }) => topic === 'results').length, settled.length) }
  }])
  t.same(seen, [1, 0])
})

t.test('an error of onReceive is retried as one of the handler, and the message is never lost', async (t) => {
  const calls: string[] = []
  const { errors, outcomes, handled } = await handle(t, [
    { onReceive: () => { calls.push('outer') }, afterProcessed: (error) => { calls.push(`outer ${error?.message}`) } },
    { onReceive: async () => { throw new Error('no') }, afterProcessed: () => { calls.push('never') } },
    { onReceive: () => { calls.push('never') }, afterProcessed: () => { calls.push('never') } }
  ], { retry: { retries: 1 } })
  t.match(errors, [{ stage: 'handler' }, { stage: 'retries-exhausted', error: { message: 'no' } }])
  t.same([outcomes, handled], [['dead-lettered'], []])
  t.same(calls, ['outer', 'outer no', 'outer', 'outer no'], 'each afterProcessed has its onReceive')
})

t.test('a decision that onReceive throws is taken before the message is decoded', async (t) => {
  const invalid = { schema: { value: { type: 'string', maxLength: 1 } }, value: 'not valid' }
  const seen: unknown[] = []
  const throwing = (make: (message: UndecodedMessage) => Error | undefined): Middleware[] => [
    { afterProcessed: (error) => { seen.push(error) } },
    { onReceive (message) { const error = make(message); if (error !== undefined) throw error } }
  ]
  const skipped = await handle(t, throwing(() => new SkipMessage()), invalid)
  t.same([skipped.outcomes, skipped.errors.length, seen], [['skipped'], 0, [undefined]])
  const rejected = await handle(t, throwing(() => new RejectMessage('early')), invalid)
  t.match(rejected.errors, [{ stage: 'rejected', error: { message: 'early' } }])
  t.match(seen[1], { message: 'early' })
  const again = await handle(t, throwing(({ attempt }) => attempt < 3 ? new NackMessage({ delay: 0 }) : undefined))
  t.same([again.handled, again.outcomes, seen.length], [[1], ['acknowledged'], 5])
  const stopped = await handle(t, throwing(() => new StopConsume()))
  t.same([stopped.outcomes, stopped.unsettled.length], [[], 1])
  t.match(stopped.app.broker.health().subscribers, [{ state: 'stopped' }])
})

t.test('an error of afterProcessed fails an attempt that had succeeded', async (t) => {
  const seen: unknown[] = []
  const { errors, outcomes, results, handled } = await handle(t, [
    { afterProcessed: (error) => { seen.push(error?.message) } },
    { afterProcessed: (_, { attempt }) => { if (attempt === 1) throw new Error('not committed') } }
  ], { retry: { retries: 1 } })
  t.match(errors, [{ stage: 'handler', error: { message: 'not committed' } }])
  t.same(outcomes, ['acknowledged'])
  t.same(handled, [1, 1])
  t.same(results, ['result', 'result'], 'the result of the first attempt was in the log already')
  t.same(seen, ['not committed', undefined], 'the outer one sees the error of the inner one')
})

t.test('an error of afterProcessed after a failure is logged, and the failure stands', async (t) => {
  const { errors, lines } = await handle(t, [
    { afterProcessed () { throw new Error('of the middleware') } }
  ], { handler: () => { throw new Error('of the handler') } })
  t.match(errors, [{ error: { message: 'of the handler' } }])
  t.match(lines.filter(({ msg }) => msg === 'afterProcessed failed when its attempt had failed already'), [
    { level: 50, err: { message: 'of the middleware' }, topic: 'orders' }
  ])
})

t.test('the decisions of a handler may be thrown by afterProcessed', async (t) => {
  const after = (error: Error): Middleware[] => [{ afterProcessed () { throw error } }]
  const skipped = await handle(t, after(new SkipMessage()))
  t.same([skipped.outcomes, skipped.errors.length], [['skipped'], 0])
  const rejected = await handle(t, after(new RejectMessage('after all')))
  t.match(rejected.errors, [{ stage: 'rejected', error: { message: 'after all' } }])
  const stopped = await handle(t, after(new StopConsume()))
  t.same(stopped.outcomes, ['acknowledged'], 'it was handled')
  t.match(stopped.app.broker.health().subscribers, [{ state: 'stopped' }])
})

t.test('a message that its handler acknowledged stays so, whatever afterProcessed throws', async (t) => {
  const { errors, outcomes, lines } = await handle(t, [
    { afterProcessed () { throw new Error('too late') } }
  ], { handler: (_, message) => { message.ack() } })
  t.same([errors.length, outcomes], [0, ['acknowledged']])
  t.match(lines.filter(({ msg }) => /decided already/.test(msg)), [{ err: { message: 'too late' } }])
})

t.test('onReceive and afterProcessed have the time of a handler', async (t) => {
  const aborted = async ({ signal }: UndecodedMessage): Promise<void> => {
    await new Promise((resolve) => { signal.addEventListener('abort', resolve) })
  }
  const before = await handle(t, [{ onReceive: aborted }], { handlerTimeout: 20 })
  t.match(before.errors, [{ stage: 'retries-exhausted', error: { code: 'FASTSTREAM_ERR_HANDLER_TIMEOUT' } }])
  t.same(before.handled, [])
  const after = await handle(t, [{ afterProcessed: async (_, message) => { await aborted(message) } }], {
    handlerTimeout: 20
  })
  t.match(after.errors, [{ error: { code: 'FASTSTREAM_ERR_HANDLER_TIMEOUT' } }])
  t.same(after.outcomes, ['dead-lettered'])
})

for (const moment of ['onReceive', 'afterProcessed'] as const) {
  t.test(`an attempt that is given up in ${moment} leaves its message unsettled`, async (t) => {
    const { opened, open } = gate()
    const begun = gate()
    const seen: unknown[] = []
    const app = await build(t, { drainTimeout: 20 })
    const wait = async (): Promise<void> => { begun.open(); await opened }
    app.broker.addMiddleware({ afterProcessed: (error) => { seen.push(error) } })
    app.broker.addMiddleware({ [moment]: wait })
    app.broker.subscriber('orders', () => {})
    const unsettled = hear(t, 'faststream.message.unsettled')
    await app.ready()
    await app.broker.publish('orders', 1)
    await begun.opened
    await app.close()
    open()
    while (unsettled.length === 0) await new Promise((resolve) => { setImmediate(resolve) })
    t.equal(unsettled.length, 1)
    if (moment === 'onReceive') t.match(seen, [{ code: 'FASTSTREAM_ERR_HANDLER_ABORTED' }])
  })
}

t.test('each ackPolicy settles as it does without middlewares', async (t) => {
  const failing: Options = { handler: () => { throw new Error('no') } }
  for (const [ackPolicy, outcome] of [['ACK_FIRST', 'acknowledged'], ['ACK', 'acknowledged']] as const) {
    const seen: unknown[] = []
    const middleware: Middleware = { afterProcessed: (error) => { seen.push(error) } }
    const { outcomes } = await handle(t, [middleware], { ...failing, ackPolicy })
    t.same(outcomes, [outcome])
    t.match(seen, [{ message: 'no' }])
    const after = await handle(t, [{ afterProcessed () { throw new Error('after') } }], { ackPolicy })
    t.same([after.outcomes, after.errors.length], [[outcome], 1])
  }
  const acknowledging: Options = { ackPolicy: 'MANUAL', handler: (_, { ack }) => { ack() } }
  const manual = await handle(t, [{ afterProcessed () {} }], acknowledging)
  t.same(manual.outcomes, ['acknowledged'])
})
