import t from 'tap'
import { Delivery } from '../../../lib/consume/pipeline/delivery.js'
import type { SubscriberPlan } from '../../../lib/consume/pipeline/subscriber-plan.js'
import { noteFailedDependency } from '../../../lib/deps/failed-dependency.js'
import { AckMessage, RejectMessage, SkipMessage } from '../../../lib/message/ack.js'
import { notAuthorized } from '../../../lib/missing-rights.js'
import type { MessageProcessContext } from '../../../types/index.js'
import { build as buildStorm, PAUSE, refused } from '../../support/breaker-fixture.js'
import { hear, hearTrace } from '../../support/hear.js'
import { gate } from '../../support/inbox.js'
import { turn } from '../../support/manual-clock.js'
import { build as buildPipeline, retry } from '../../support/pipeline-fixture.js'
import { record } from '../../support/record.js'

/** What each line about the message of the fixture has. */
const PLACE = { subscriber: 'take', groupId: 'shop', topic: 'orders', partition: 1, offset: '7', correlationId: String }

const err = new Error('no')
const fails = (): never => { throw err }
const missing = notAuthorized([{ operation: 'Write', resource: 'topic', name: 'orders.dlq' }], undefined)

function build (overrides: Partial<SubscriberPlan<Delivery>>) {
  return buildPipeline({ retry: { ...retry, retries: 0 }, ...overrides })
}

t.test('a line about a failure has its error, its stage, and what follows', async (t) => {
  const failed = { err, stage: 'retries-exhausted', attempts: 1 }
  for (const [overrides, level, details] of [
    [{ handle: fails }, 'error', { ...failed, deadLetterTopic: 'orders.dlq' }],
    [{ handle: fails, deadLetterTopic: () => undefined }, 'error', failed],
    [{ handle: fails, ackPolicy: 'ACK' }, 'error', failed],
    [{ handle: () => { throw missing } }, 'error', { err: missing }],
    [{ handle: () => { throw new AckMessage() } }, 'debug', {}],
    [{ handle: () => { throw new SkipMessage() } }, 'debug', {}],
    [{ decode: () => { throw new SkipMessage() } }, 'debug', {}],
    [{ handle: async (delivery) => { delivery.decide({ kind: 'ack' }); throw err } }, 'error', { err }]
  ] satisfies Array<[Partial<SubscriberPlan<Delivery>>, string, object]>) {
    const { run, log } = build(overrides)
    await run()
    t.match(log.lines, [new RegExp(`^${level} `)])
    t.match(log.details, [{ ...PLACE, ...details }])
    t.equal(Object.keys(log.details[0]!).length, Object.keys({ ...PLACE, ...details }).length)
  }
})

t.test('lines about another try say when it is, in whole milliseconds', async (t) => {
  const { run, clock, log } = build({
    retry: { ...retry, retries: 1, delay: 70.4 }, handle: ({ attempt }) => { if (attempt === 1) throw err }
  })
  const ended = run()
  await clock.advance(71)
  t.equal(await ended, 'settled')
  t.match(log.lines, [/^warn /])
  t.match(log.details, [{ ...PLACE, err, attempt: 1, retryIn: 70 }])

  const unsent = build({ handle: fails })
  const down = new Error('down')
  unsent.outcomes.push(down)
  const settled = unsent.run()
  await unsent.clock.advance(1000)
  t.equal(await settled, 'settled')
  t.match(unsent.log.lines, [/^warn /, /^error /])
  t.match(unsent.log.details, [{ ...PLACE, err: down, to: 'orders.dlq', attempt: 1, retryIn: Number }, {}])
  t.ok(Number.isInteger((unsent.log.details[0] as { retryIn: number }).retryIn))
})

t.test('a line about a handler that takes too long has its time', async (t) => {
  const { opened, open } = gate()
  const { run, clock, log } = build({ handlerTimeout: 1000, handle: () => opened })
  const ended = run()
  await clock.advance(1000)
  t.match(log.lines, [/^warn /])
  t.match(log.details, [{ ...PLACE, attempt: 1, timeout: 1000 }])
  open()
  await ended
})

t.test('a line names the dependency that threw, where one did', async (t) => {
  const thrown = new Error('no connection')
  noteFailedDependency(thrown, 'db')
  const { run, log } = build({ handle: () => { throw thrown } })
  await run()
  t.match(log.details, [{ err: thrown, dependency: 'db' }])
  const other = build({ handle: fails })
  await other.run()
  t.notOk('dependency' in other.log.details[0]!)
})

t.test('a retryOn that throws has a line with its error', async (t) => {
  const bug = new TypeError('a bug')
  const { run, clock, log } = build({
    retry: { ...retry, retries: 1, retryOn: () => { throw bug } },
    handle: ({ attempt }) => { if (attempt === 1) fails() }
  })
  const ended = run()
  await clock.advance(100)
  t.equal(await ended, 'settled')
  t.match(log.lines, [/^error retryOn /, /^warn /])
  t.match(log.details[0], { ...PLACE, err: bug })
})

t.test('a completed message has a line at its level, with its outcome and its time', async (t) => {
  const { run, clock, log } = build({
    messageLogLevel: 'info', retry: { ...retry, retries: 1 }, handle: ({ attempt }) => { if (attempt === 1) fails() }
  })
  const ended = run()
  await clock.advance(100)
  t.equal(await ended, 'settled')
  t.match(log.lines, [/^warn /, 'info message completed'])
  t.match(log.details[1], { ...PLACE, attempts: 2, outcome: 'acknowledged', responseTime: 100 })

  const halted = build({ messageLogLevel: 'info', retry, handle: fails })
  halted.halt.abort()
  t.equal(await halted.run(), 'unsettled')
  t.match(halted.log.lines, [/^warn /, /^info message is not settled/])
  t.match(halted.log.details[1], { ...PLACE, attempts: 1, outcome: 'unsettled' })
})

t.test('the last error is that of the last failure, also of one that has no consequence', async (t) => {
  for (const overrides of [
    { handle: fails },
    { handle: async (delivery) => { delivery.decide({ kind: 'ack' }); return fails() } }
  ] satisfies Array<Partial<SubscriberPlan<Delivery>>>) {
    const { run, clock, pipeline } = build(overrides)
    t.equal(pipeline.lastError, undefined)
    await run()
    t.match(pipeline.lastError, { error: err, at: clock.now() })
  }
  const stopped = build({ handle: () => { throw new RejectMessage() } })
  stopped.outcomes.push(missing)
  t.equal(await stopped.run(), 'stop')
  t.match(stopped.pipeline.lastError, { error: missing })
  const unsent = build({ handle: fails })
  unsent.outcomes.push(new Error('down'))
  unsent.halt.abort()
  t.equal(await unsent.run(), 'unsettled')
  t.match(unsent.pipeline.lastError, { error: { message: 'down' } })
})

t.test('a storm is told with its place, and its end with its time', async (t) => {
  const [opened, closed] = [hear(t, 'faststream.breaker.opened'), hear(t, 'faststream.breaker.closed')]
  const { clock, log, faults, start, run } = buildStorm()
  const error = refused()
  faults.set('all', error)
  await run(['a', 'b', 'c'])
  const { ended } = start('d')
  await turn()
  faults.clear()
  await clock.advance(PAUSE)
  t.equal(await ended, 'settled')
  const subscriber = { broker: 'default', brokerId: 'id', subscriber: 'take', groupId: 'shop' }
  t.same(opened, [{ ...subscriber, topic: 'orders', partition: 0, error, errorClass: 'Error ECONNREFUSED' }])
  t.match(closed, [{ ...subscriber, duration: Number }])
  const about = { subscriber: 'take', groupId: 'shop' }
  t.match(log.details.at(-2), { ...about, err: error, errorClass: 'Error ECONNREFUSED', offset: '3' })
  t.same(log.details.at(-1), { ...about, duration: Math.round(closed[0]!.duration) })
})

t.test('a trace has the message: its key, its id, and whether it is a tombstone', async (t) => {
  const trace = hearTrace<MessageProcessContext>(t, 'faststream.message.process')
  const { run, log, pipeline, slot } = build({ messageLogLevel: 'info' })
  await run()
  const [{ context } = { context: undefined }] = trace
  t.match(context, { offset: 7n, key: Buffer.from('k'), tombstone: false, attempt: 1 })
  t.equal(context?.header('a'), undefined, 'the last one counts')
  t.match(log.details[0], { correlationId: context?.correlationId() })
  await pipeline.run(new Delivery('orders', 1, record(8, null)), slot)
  t.match(trace.at(-1)?.context, { offset: 8n, key: null, tombstone: true })
})

t.test('code around each attempt runs it, also where its trace has no listener', async (t) => {
  const { run, clock, environment, slot } = build({
    retry: { ...retry, retries: 1 }, handle: ({ attempt }) => { if (attempt === 1) fails() }
  })
  const attempts: number[] = []
  environment.events.around.attempt = async ({ attempt }, work) => { attempts.push(attempt); return await work() }
  const ended = run()
  await clock.advance(100)
  t.equal(await ended, 'settled')
  t.same([attempts, slot.settlement], [[1, 2], undefined])
})

t.test('no line is made for a level that is off', async (t) => {
  const { run, log, dead } = build({ handle: fails })
  Object.assign(log, { isLevelEnabled: () => false })
  t.equal(await run(), 'settled')
  t.same([dead.length, log.lines], [1, []])
})
