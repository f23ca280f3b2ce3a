import t from 'tap'
import { Delivery } from '../../../lib/consume/pipeline/delivery.js'
import { backoff } from '../../../lib/consume/pipeline/backoff.js'
import { toError } from '../../../lib/to-error.js'
import type { SubscriberPlan } from '../../../lib/consume/pipeline/subscriber-plan.js'
import type { RawHeader } from '../../../lib/transport/transport.js'
import { hear } from '../../support/hear.js'
import { turn } from '../../support/manual-clock.js'
import { build as buildWorld } from '../../support/overlap-world.js'
import { prepared } from '../../support/prepared.js'
import { retry, build, headersOf } from '../../support/pipeline-fixture.js'
import { record } from '../../support/record.js'

t.test('a handler that succeeds settles its message', async (t) => {
  const { run, failures } = build({ handle: async () => {} })
  t.equal(await run(), 'settled')
  t.same(failures, [])
})

t.test('a handler that fails is retried with growing delays, then its message is dead-lettered', async (t) => {
  const attempts: number[] = []
  const { run, clock, dead, failures, log } = build({
    handle: ({ attempt }: Delivery) => {
      attempts.push(attempt)
      throw new TypeError(`no\n  luck ${'x'.repeat(2000)}`)
    }
  } as Partial<SubscriberPlan<Delivery>>)
  const done = run()
  await turn()
  t.same(attempts, [1])
  await clock.advance(99)
  t.same(attempts, [1])
  await clock.advance(1)
  t.same(attempts, [1, 2])
  await clock.advance(200)
  t.same(attempts, [1, 2, 3])
  t.equal(await done, 'settled')
  t.same(failures.map(({ stage }) => stage), ['handler', 'handler', 'retries-exhausted'])
  const [letter] = dead
  t.match(letter, { topic: 'orders.dlq', key: Buffer.from('k'), value: Buffer.from('bytes') })
  t.same(
    letter?.headers.slice(0, 2),
    [['a', Buffer.from('1')], ['a', null]],
    'the original headers, but for those of an earlier dead letter'
  )
  const headers = headersOf(letter)
  t.match(headers, {
    'x-dlq-topic': 'orders',
    'x-dlq-partition': '1',
    'x-dlq-offset': '7',
    'x-dlq-timestamp': '1700000000000',
    'x-dlq-group': 'shop',
    'x-dlq-subscriber': 'take',
    'x-dlq-stage': 'retries-exhausted',
    'x-dlq-error-class': 'TypeError',
    'x-dlq-error-message': /^no luck x+$/,
    'x-dlq-attempts': '3',
    'x-dlq-first-failure-at': '1970-01-01T00:16:40.000Z',
    'x-dlq-failed-at': '1970-01-01T00:16:40.300Z'
  })
  t.equal(headers['x-dlq-error-message']?.length, 1024)
  t.match(headers['x-dlq-error-stack'], /TypeError/)
  t.match(log.lines, [
    'warn handler failed, it will be run again',
    'warn handler failed, it will be run again',
    'error message cannot be handled and was moved to the dead-letter topic'
  ])
})

t.test('an error for which retryOn says no is not tried again', async (t) => {
  const { run, dead } = build({ retry: { ...retry, retryOn: () => false }, handle: () => { throw new Error('final') } })
  t.equal(await run(), 'settled')
  t.match(headersOf(dead[0]), { 'x-dlq-stage': 'retries-exhausted', 'x-dlq-attempts': '1' })
})

t.test('a retryOn that fails is taken as a yes', async (t) => {
  let handled = 0
  const { run, clock, log } = build({
    retry: { ...retry, retryOn: () => { throw new Error('bug') } },
    handle: () => { if (++handled < 2) throw new Error('once') }
  })
  const done = run()
  await clock.advance(100)
  t.equal(await done, 'settled')
  t.match(log.lines, ['error retryOn failed, which is taken as a yes', 'warn handler failed, it will be run again'])
})

t.test('what waits for another try when the generation ends stays unsettled', async (t) => {
  const waiting = build({ handle: () => { throw new Error('again') } })
  const done = waiting.run()
  await turn()
  waiting.halt.abort()
  t.equal(await done, 'unsettled')
  t.equal(waiting.clock.waiting, 0)

  const burying = build({ decode: () => { throw new Error('no') } })
  burying.outcomes.push(new Error('not now'))
  burying.halt.abort()
  t.equal(await burying.run(), 'unsettled')

  const publishing = build({
    handle: () => 1, prepare: () => [prepared('invoices', async () => { throw new Error('not now') })]
  })
  publishing.halt.abort()
  t.equal(await publishing.run(), 'unsettled')
})

t.test('whatever is thrown is an error', async (t) => {
  for (const thrown of [
    undefined,
    null,
    'text',
    42,
    Symbol('s'),
    { a: 1 },
    Object.create(null),
    { get message () { throw new Error('trap') } }
  ]) {
    t.ok(toError(thrown) instanceof Error)
    const { run, dead } = build({ retry: { ...retry, retries: 0 }, handle: () => { throw thrown } })
    t.equal(await run(), 'settled')
    t.match(headersOf(dead[0]), { 'x-dlq-error-message': /^thrown: / })
  }
})

t.test('the wait before a retry grows, is bounded, and varies by the jitter', async (t) => {
  const settings = { ...retry, delay: 200, maxDelay: 1000, jitter: 0.2 }
  t.same([1, 2, 3, 4, 9].map((n) => backoff(settings, n, () => 0.5)), [200, 400, 800, 1000, 1000])
  t.equal(backoff(settings, 1, () => 0), 160)
  t.equal(backoff(settings, 1, () => 1), 240)
  t.equal(backoff({ ...settings, delay: 0 }, 2000, () => 0.5), 0, 'nothing grows to nothing')
})

t.test('the last error is told, of a handler and of what could not be published', async (t) => {
  const { clock, pipeline, run, outcomes } = build({
    retry: { ...retry, retries: 0 }, handle: () => { throw new Error('no') }
  })
  t.equal(pipeline.lastError, undefined)
  outcomes.push(new Error('unreachable'))
  const settled = run()
  await turn()
  t.match(pipeline.lastError, { error: { message: 'unreachable' }, at: clock.now() })
  await clock.advance(300)
  t.equal(await settled, 'settled')
})

t.test('a message is completed with the time of all its attempts and of the waits between them', async (t) => {
  const completed = hear(t, 'faststream.message.completed')
  const { run, clock } = build({ handle: ({ attempt }) => { if (attempt === 1) throw new Error('once') } })
  const done = run()
  await clock.advance(100)
  t.equal(await done, 'settled')
  t.match(completed, [{ outcome: 'acknowledged', attempts: 2, duration: 100 }])
})

t.test('a message that was redriven for another group is skipped before it is decoded', async (t) => {
  const { pipeline, slot } = build({ decode: () => t.fail('it is not decoded') as never })
  const headers: RawHeader[] = [['x-dlq-redrive-group', Buffer.from('billing')]]
  t.equal(await pipeline.run(new Delivery('orders', 0, record(7, 'v', { headers })), slot), 'settled')
  t.equal(slot.settlement, 'skipped')
})

t.test('a paused subscriber does not try a message another time until it is resumed', async (t) => {
  const attempts: number[] = []
  const { clock, group, ends, receive } = buildWorld({
    retry, handle: ({ attempt }) => { attempts.push(attempt); if (attempt === 1) throw new Error('once') }
  })
  await receive('a')
  group.pauses.pause('orders')
  await clock.advance(5000)
  t.same([attempts, ends], [[1], []])
  group.pauses.resume('orders')
  await turn()
  t.same([attempts, ends], [[1, 2], ['0 acknowledged']])
})
