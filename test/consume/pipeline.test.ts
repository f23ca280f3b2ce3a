import t from 'tap'
import { sleep } from '../../lib/clock.js'
import { Delivery } from '../../lib/consume/pipeline/delivery.js'
import type { Outcome } from '../../lib/consume/pipeline/outcome.js'
import { Pipeline } from '../../lib/consume/pipeline/pipeline.js'
import { backoff } from '../../lib/consume/pipeline/backoff.js'
import { toError } from '../../lib/to-error.js'
import { AckMessage, NackMessage, RejectMessage, SkipMessage, StopConsume } from '../../lib/message/ack.js'
import type { AckPolicy, MessageFailedEvent } from '../../types/index.js'
import type { SubscriberPlan } from '../../lib/consume/pipeline/subscriber-plan.js'
import { FASTSTREAM_ERR_DECODE, FASTSTREAM_ERR_PUBLISH_REFUSED, FASTSTREAM_ERR_PUBLISH_TIMEOUT, FASTSTREAM_ERR_VALIDATION } from '../../lib/errors.js'
import type { Outgoing } from '../../lib/message/outgoing.js'
import type { Producer } from '../../lib/produce/producer.js'
import { SendError, type RawHeader } from '../../lib/transport/transport.js'
import { environmentOf } from '../support/environment.js'
import { gate } from '../support/inbox.js'
import { ManualClock, turn } from '../support/manual-clock.js'
import { logLines } from '../support/log-lines.js'
import { prepared } from '../support/prepared.js'
import { record } from '../support/record.js'

const retry = { retries: 2, delay: 100, factor: 2, maxDelay: 1000, jitter: 0, retryOn: () => true }

const SPOOFED = Object.entries({ topic: 'spoofed', partition: '0', offset: '1', timestamp: '2' })
const HEADERS: RawHeader[] = [['a', Buffer.from('1')], ['a', null], ...SPOOFED.map(([name, value]): RawHeader => [`x-dlq-${name}`, Buffer.from(value)])]

function build (overrides: Partial<SubscriberPlan<Delivery>> = {}) {
  const clock = new ManualClock()
  const log = logLines()
  const dead: Outgoing[] = []
  const environment = environmentOf(clock, log)
  const failures: MessageFailedEvent[] = []
  environment.events.failed.on((event) => { failures.push(event) })
  const outcomes: Error[] = []
  const producer = {
    publish: async (outgoing: Outgoing) => {
      const error = outcomes.shift()
      if (error !== undefined) throw error
      dead.push(outgoing)
    }
  } as unknown as Producer
  const plan: SubscriberPlan<Delivery> = {
    name: 'take',
    topics: ['orders'],
    groupId: 'shop',
    ordering: 'partition',
    concurrency: 1,
    ackPolicy: 'REJECT_ON_ERROR',
    retry,
    handlerTimeout: 60_000,
    bodyLimit: 1_000_000,
    deadLetterTopic: (topic) => `${topic}.dlq`,
    isDeadLetterOf: () => false,
    decode: (delivery) => delivery,
    handle: () => undefined,
    release: () => undefined,
    prepare: () => [],
    ...overrides
  }
  const pipeline = new Pipeline(plan, producer, environment)
  const halt = new AbortController()
  const pauses: string[] = []
  const settles: string[] = []
  const slot = { wait: (ms: number) => { pauses.push('pause'); return sleep(clock, ms, halt.signal) }, settle: () => { settles.push('settled') } }
  const run = (): Promise<Outcome> => pipeline.run(new Delivery('orders', 1, record(7, 'bytes', { key: Buffer.from('k'), headers: HEADERS })), slot)
  return { clock, log, dead, failures, outcomes, halt, pauses, settles, pipeline, run }
}

function headersOf (outgoing: Outgoing | undefined): Record<string, string | undefined> {
  return Object.fromEntries((outgoing?.headers ?? []).map(([name, value]) => [name, value?.toString()]))
}

t.test('a handler that succeeds settles its message', async (t) => {
  const { run, failures } = build({ handle: async () => {} })
  t.equal(await run(), 'settled')
  t.same(failures, [])
})

t.test('a handler that fails is run again, later each time, then the message goes to the dead-letter topic', async (t) => {
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
  t.same(letter?.headers.slice(0, 2), [['a', Buffer.from('1')], ['a', null]], 'the original headers, but for those of an earlier dead letter')
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
  t.match(log.lines, ['warn handler failed, it will be run again', 'warn handler failed, it will be run again', 'error message cannot be handled and was moved to the dead-letter topic'])
})

t.test('no stack leaves the process in production', async (t) => {
  const before = process.env.NODE_ENV
  t.teardown(() => {
    if (before === undefined) delete process.env.NODE_ENV
    else process.env.NODE_ENV = before
  })
  process.env.NODE_ENV = 'production'
  const { run, dead } = build({ decode: () => { throw new FASTSTREAM_ERR_DECODE('value', 'no JSON') } })
  t.equal(await run(), 'settled')
  t.notOk('x-dlq-error-stack' in headersOf(dead[0]))
})

t.test('long texts are cut between characters', async (t) => {
  const { run, dead } = build({ decode: () => { throw new Error('é'.repeat(1000) + 'x') } })
  await run()
  t.equal(headersOf(dead[0])['x-dlq-error-message'], 'é'.repeat(512))
  const odd = build({ decode: () => { throw new Error('x' + 'é'.repeat(1000)) } })
  await odd.run()
  t.equal(headersOf(odd.dead[0])['x-dlq-error-message'], 'x' + 'é'.repeat(511))
})

t.test('an error without a stack is described by what it has', async (t) => {
  const bare = new Error('bare')
  delete bare.stack
  const { run, dead } = build({ decode: () => { throw bare } })
  await run()
  t.equal(headersOf(dead[0])['x-dlq-error-stack'], '')
})

t.test('what cannot be decoded or is invalid goes to the dead-letter topic at once', async (t) => {
  const undecodable = build({ decode: () => { throw new FASTSTREAM_ERR_DECODE('value', 'no JSON') } })
  t.equal(await undecodable.run(), 'settled')
  t.match(headersOf(undecodable.dead[0]), { 'x-dlq-stage': 'deserialize', 'x-dlq-attempts': '1' })

  const invalid = build({ decode: () => { throw Object.assign(new FASTSTREAM_ERR_VALIDATION('value/total must be >= 0'), { validation: [{ instancePath: '/total' }] }) } })
  t.equal(await invalid.run(), 'settled')
  t.match(headersOf(invalid.dead[0]), { 'x-dlq-stage': 'validate', 'x-dlq-errors': '[{"instancePath":"/total"}]' })
})

t.test('an error for which retryOn says no is not tried again', async (t) => {
  const { run, dead } = build({ retry: { ...retry, retryOn: () => false }, handle: () => { throw new Error('final') } })
  t.equal(await run(), 'settled')
  t.match(headersOf(dead[0]), { 'x-dlq-stage': 'retries-exhausted', 'x-dlq-attempts': '1' })
})

t.test('a retryOn that fails is taken as a yes', async (t) => {
  let handled = 0
  const { run, clock, log } = build({ retry: { ...retry, retryOn: () => { throw new Error('bug') } }, handle: () => { if (++handled < 2) throw new Error('once') } })
  const done = run()
  await clock.advance(100)
  t.equal(await done, 'settled')
  t.match(log.lines, ['error retryOn failed, which is taken as a yes', 'warn handler failed, it will be run again'])
})

t.test('errors may hold anything where a text should be', async (t) => {
  const circular: { self?: unknown } = {}
  circular.self = circular
  const odd: object[] = [
    { validation: circular }, { validation: [1n] }, { validation: undefined }, { message: undefined }, { name: 7 }, { stack: {} }, { stack: undefined },
    Object.defineProperty({}, 'message', { get () { throw new Error('trap') }, enumerable: true })
  ]
  for (const members of odd) {
    const error = Object.defineProperties(new Error('odd'), Object.getOwnPropertyDescriptors(members))
    const { run, dead } = build({ decode: () => { throw error } })
    t.equal(await run(), 'settled')
    t.equal(headersOf(dead[0])['x-dlq-offset'], '7')
  }
})

t.test('a dead letter that is too large says less, and at last leaves its value out', async (t) => {
  const tooLarge = new FASTSTREAM_ERR_PUBLISH_REFUSED('orders.dlq', 'too large', { cause: new SendError('too large', 'not-sent', 'too-large') })
  const brief = build({ decode: () => { throw new Error('x'.repeat(500)) } })
  brief.outcomes.push(tooLarge)
  t.equal(await brief.run(), 'settled')
  t.match(brief.dead[0], { value: Buffer.from('bytes') })
  t.equal(headersOf(brief.dead[0])['x-dlq-error-message']?.length, 128)
  t.notOk('x-dlq-error-stack' in headersOf(brief.dead[0]))

  const reference = build({ decode: () => { throw new Error('no') } })
  reference.outcomes.push(tooLarge, tooLarge)
  t.equal(await reference.run(), 'settled')
  t.match(reference.dead[0], { key: Buffer.from('k'), value: null })
  t.match(headersOf(reference.dead[0]), { 'x-dlq-value-omitted': 'true', 'x-dlq-topic': 'orders', 'x-dlq-offset': '7' })

  const insisting = build({ decode: () => { throw new Error('no') } })
  insisting.outcomes.push(tooLarge, tooLarge, tooLarge)
  const done = insisting.run()
  await insisting.clock.advance(1000)
  t.equal(await done, 'settled', 'the last form is insisted on')
})

t.test('a result that is refused waits for the others before its message fails', async (t) => {
  const order: string[] = []
  const slow = gate()
  const { run, dead } = build({
    handle: () => 1,
    prepare: () => [
      prepared('a', async () => { throw new FASTSTREAM_ERR_PUBLISH_REFUSED('a', 'no') }),
      prepared('b', async () => { await slow.opened; order.push('b'); return { topic: 'b', partition: 0, offset: 0n } })
    ]
  })
  const done = run()
  await turn()
  t.same(dead, [])
  slow.open()
  t.equal(await done, 'settled')
  t.same(order, ['b'])
  t.equal(dead.length, 1)
})

t.test('a dead letter that fails again keeps its first origin, where that can be believed', async (t) => {
  const again = build({ isDeadLetterOf: (topic, origin) => topic === 'orders' && origin === 'spoofed', decode: () => { throw new Error('no') } })
  t.equal(await again.run(), 'settled')
  const headers = again.dead[0]?.headers.filter(([name]) => name === 'x-dlq-topic').map(([, value]) => String(value))
  t.same(headers, ['spoofed'])
  t.match(headersOf(again.dead[0]), { 'x-dlq-stage': 'deserialize', 'x-dlq-group': 'shop' })
})

t.test('without a dead-letter topic the message is logged and skipped', async (t) => {
  const { run, dead, log } = build({ deadLetterTopic: () => undefined, decode: () => { throw new Error('no') } })
  t.equal(await run(), 'settled')
  t.same(dead, [])
  t.same(log.lines, ['error message cannot be handled and is skipped: it has no dead-letter topic'])
})

t.test('a dead letter is insisted on for as long as it takes', async (t) => {
  const { run, clock, dead, outcomes, log, settles } = build({ decode: () => { throw new Error('no') } })
  outcomes.push(...Array.from({ length: 20 }, () => new FASTSTREAM_ERR_PUBLISH_REFUSED('orders.dlq', 'not now')))
  const done = run()
  await clock.advance(60_000)
  t.same(dead, [])
  t.same(settles, [])
  await clock.advance(1_000_000)
  t.equal(await done, 'settled')
  t.equal(dead.length, 1)
  const pauses = log.details.flatMap((details) => 'retryIn' in details ? [Number(details.retryIn)] : [])
  t.equal(pauses.length, 20)
  const longest = pauses.slice(8)
  t.ok(longest.every((pause) => pause >= 24_000 && pause <= 36_000))
  t.ok(new Set(longest).size > 1, 'those who wait for the same outage do not come back together')
})

t.test('a result is published; when that fails it alone is tried again', async (t) => {
  let handled = 0
  let sent = 0
  const { run, clock, settles } = build({
    handle: () => { handled++; return 'result' },
    prepare: (result) => [prepared('invoices', async () => { if (++sent < 3) throw new FASTSTREAM_ERR_PUBLISH_TIMEOUT('invoices', 'slow'); return { topic: String(result), partition: 0, offset: 0n } })]
  })
  const done = run()
  await turn()
  t.same([sent, settles], [1, []])
  await clock.advance(10_000)
  t.equal(await done, 'settled')
  t.equal(handled, 1)
  t.equal(sent, 3)
})

t.test('results that fail wait together, and only they are sent again, in their order', async (t) => {
  const sent: string[] = []
  const failures: Record<string, number> = { a: 2, b: 0, c: 1 }
  const { run, clock, pauses, log } = build({
    handle: () => 'result',
    prepare: () => ['a', 'b', 'c'].map((topic) => prepared(topic, async () => {
      sent.push(topic)
      if (failures[topic]!-- > 0) throw new FASTSTREAM_ERR_PUBLISH_TIMEOUT(topic, 'slow')
      return { topic, partition: 0, offset: 0n }
    }))
  })
  const done = run()
  await clock.advance(10_000)
  t.equal(await done, 'settled')
  t.equal(sent.join(' '), 'a b c a c a')
  t.equal(pauses.length, 2, 'each pause gives a place away: a message has one')
  t.equal(log.lines.length, 3, 'a line for each failure')
})

t.test('a result that is wrong, or that the cluster refuses, makes its message a dead letter', async (t) => {
  const wrong = build({ handle: () => 1, prepare: () => { throw new Error('invalid') } })
  t.equal(await wrong.run(), 'settled')
  t.match(headersOf(wrong.dead[0]), { 'x-dlq-stage': 'publish' })
  const refused = build({ handle: () => 1, prepare: () => [prepared('invoices', async () => { throw new FASTSTREAM_ERR_PUBLISH_REFUSED('invoices', 'too large') })] })
  t.equal(await refused.run(), 'settled')
  t.match(headersOf(refused.dead[0]), { 'x-dlq-stage': 'publish' })
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

  const publishing = build({ handle: () => 1, prepare: () => [prepared('invoices', async () => { throw new Error('not now') })] })
  publishing.halt.abort()
  t.equal(await publishing.run(), 'unsettled')
})

t.test('whatever is thrown is an error', async (t) => {
  for (const thrown of [undefined, null, 'text', 42, Symbol('s'), { a: 1 }, Object.create(null), { get message () { throw new Error('trap') } }]) {
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

t.test('a handler that had its time has failed, whatever it returns, and is run again when it has ended', async (t) => {
  const ends = [gate(), gate()]
  const signals: AbortSignal[] = []
  const { clock, run, failures, log } = build({
    handlerTimeout: 1000,
    handle: async ({ attempt, signal }) => {
      signals.push(signal)
      await ends[attempt - 1]?.opened
      if (attempt === 2) throw new Error('stopped half-way')
    }
  })
  const settled = run()
  await clock.advance(1000)
  t.match(signals[0]?.reason, { code: 'FASTSTREAM_ERR_HANDLER_TIMEOUT' })
  await clock.advance(5000)
  t.equal(signals.length, 1, 'it does not overlap with itself')
  ends[0]?.open()
  await clock.advance(100)
  t.match(failures, [{ stage: 'handler', error: { code: 'FASTSTREAM_ERR_HANDLER_TIMEOUT' } }])
  await clock.advance(1000)
  ends[1]?.open()
  await clock.advance(200)
  t.match(failures[1], { error: { code: 'FASTSTREAM_ERR_HANDLER_TIMEOUT' } }, 'what it throws then is not why it failed')
  t.equal(await settled, 'settled', 'the third one is in time')
  t.equal(log.lines.filter((line) => line.includes('has had its time')).length, 2)
})

t.test('a handler that nobody waits for leaves its message unsettled, and has not failed', async (t) => {
  for (const how of ['returns', 'throws']) {
    const { opened, open } = gate()
    const { pipeline, run, failures, dead } = build({ handle: async () => { await opened; if (how === 'throws') throw new Error('aborted') } })
    const settled = run()
    await turn()
    pipeline.giveUp('the app closes')
    open()
    t.equal(await settled, 'unsettled', how)
    t.same([failures, dead], [[], []])
  }
})

t.test('nor is one settled that nobody waits for when its handler has ended and what was made for it is cleaned up', async (t) => {
  const cases: Array<[title: string, overrides: Partial<SubscriberPlan<Delivery>>]> = [
    ['it succeeded', { handle: () => 'result' }],
    ['it failed', { handle: () => { throw new Error('no') } }],
    ['it rejected its message', { handle: () => { throw new RejectMessage() } }],
    ['it is done', { handle: () => { throw new AckMessage() } }],
    ['it decides later', { handle: () => {}, ackPolicy: 'MANUAL' }]
  ]
  for (const [title, overrides] of cases) {
    const { opened, open } = gate()
    const prepared: unknown[] = []
    const { clock, pipeline, run, failures, dead } = build({ retry: { ...retry, retries: 0 }, release: () => opened, prepare: (result) => { prepared.push(result); return [] }, ...overrides })
    const settled = run()
    await turn()
    pipeline.giveUp('the app closes')
    open()
    await turn()
    t.equal(await Promise.race([settled, 'it still waits']), 'unsettled', title)
    t.same([prepared, failures, dead, clock.waiting], [[], [], [], 0])
  }
})

t.test('the last error is told, of a handler and of what could not be published', async (t) => {
  const { clock, pipeline, run, outcomes } = build({ retry: { ...retry, retries: 0 }, handle: () => { throw new Error('no') } })
  t.equal(pipeline.lastError, undefined)
  outcomes.push(new Error('unreachable'))
  const settled = run()
  await turn()
  t.match(pipeline.lastError, { error: { message: 'unreachable' }, at: clock.now() })
  await clock.advance(300)
  t.equal(await settled, 'settled')
})

const policies: readonly AckPolicy[] = ['ACK_FIRST', 'ACK', 'REJECT_ON_ERROR', 'NACK_ON_ERROR', 'MANUAL']

t.test('ACK_FIRST settles before the handler, and a failure is only logged', async (t) => {
  const order: string[] = []
  const { run, settles, dead, failures, log, pipeline } = build({ ackPolicy: 'ACK_FIRST', handle: () => { order.push(...settles); throw new Error('no') } })
  t.equal(await run(), 'settled')
  t.equal(order[0], 'settled')
  t.same([settles.length, dead, failures], [1, [], []])
  t.same(log.lines, ['error handler failed when it had decided already: that stands'])
  t.match(pipeline.lastError, { error: { message: 'no' } }, 'health() tells it as well')
})

t.test('ACK settles also when the handler failed, which is logged', async (t) => {
  let runs = 0
  const { run, dead, failures, log } = build({ ackPolicy: 'ACK', handle: async () => { runs++; throw new Error('no') } })
  t.equal(await run(), 'settled')
  t.same([runs, dead], [1, []])
  t.match(failures, [{ stage: 'retries-exhausted' }])
  t.same(log.lines, ['error handler failed, and its message is settled all the same'])
})

t.test('NACK_ON_ERROR and MANUAL run a handler that throws again, for as long as retryOn says', async (t) => {
  for (const ackPolicy of ['NACK_ON_ERROR', 'MANUAL'] as const) {
    let runs = 0
    const { clock, run, dead } = build({
      ackPolicy,
      retry: { ...retry, retryOn: (error) => (error as Error).message !== 'for good' },
      handle: async () => { throw new Error(++runs < 20 ? 'no' : 'for good') }
    })
    const settled = run()
    await clock.advance(60_000)
    t.equal(await settled, 'settled')
    t.same([runs, dead.length], [20, 1], ackPolicy)
  }
})

t.test('what cannot be decoded is a dead letter under every policy', async (t) => {
  for (const ackPolicy of policies) {
    const { run, dead } = build({ ackPolicy, decode: () => { throw new FASTSTREAM_ERR_DECODE('value', 'no') } })
    t.equal(await run(), 'settled')
    t.equal(dead.length, 1, ackPolicy)
  }
})

t.test('a result that is refused is a dead letter, unless failures are only logged', async (t) => {
  for (const ackPolicy of policies) {
    const refused = prepared('results', async () => { throw new FASTSTREAM_ERR_PUBLISH_REFUSED('results', 'no') })
    const { run, dead } = build({ ackPolicy, handle: () => 1, prepare: () => [refused], release: (delivery) => { delivery.decide({ kind: 'ack' }); return undefined } })
    t.equal(await run(), 'settled')
    t.equal(dead.length, ackPolicy.startsWith('ACK') ? 0 : 1, ackPolicy)
  }
})

t.test('a handler decides: the first decision counts, whatever it does then', async (t) => {
  for (const ackPolicy of policies.slice(1)) {
    for (const ends of ['returns', 'throws']) {
      const again: boolean[] = []
      const { run, dead, log } = build({
        ackPolicy,
        handle: async (delivery) => {
          again.push(delivery.decide({ kind: 'ack' }), delivery.decide({ kind: 'reject', error: new Error('no') }))
          if (ends === 'throws') throw new Error('after that')
        }
      })
      t.equal(await run(), 'settled')
      t.same([again, dead], [[true, false], []], `${ackPolicy} ${ends}`)
      t.same(log.lines, ends === 'throws' ? ['error handler failed when it had decided already: that stands'] : [])
    }
  }
})

t.test('a handler may want its message again, after its own time, as often as it says so', async (t) => {
  for (const how of ['decides', 'throws']) {
    let runs = 0
    const { clock, run, dead, failures, pauses } = build({
      retry: { ...retry, retries: 1 },
      handle: async (delivery) => {
        if (++runs > 5) return
        const error = new NackMessage(runs === 1 ? { delay: 7000 } : {})
        if (how === 'throws') throw error
        delivery.decide({ kind: 'nack', error, delay: error.delay })
      }
    })
    const settled = run()
    await clock.advance(6999)
    t.equal(runs, 1, how)
    await clock.advance(1)
    t.equal(runs, 2)
    await clock.advance(10_000)
    t.equal(await settled, 'settled')
    t.same([runs, dead, failures, pauses.length], [6, [], [], 5])
  }
})

t.test('a handler may reject its message: it is a dead letter at once, and says why', async (t) => {
  for (const how of ['decides', 'throws']) {
    const error = new RejectMessage('a negative total')
    const { run, dead, failures } = build({ handle: async (delivery) => { if (how === 'throws') throw error; delivery.decide({ kind: 'reject', error }) } })
    t.equal(await run(), 'settled')
    t.match(headersOf(dead[0]), { 'x-dlq-stage': 'rejected', 'x-dlq-error-class': 'RejectMessage', 'x-dlq-error-message': 'a negative total', 'x-dlq-attempts': '1' })
    t.match(failures, [{ stage: 'rejected' }])
  }
})

t.test('to acknowledge and to skip by throwing is a success for what was made, to want it again and to reject is none', async (t) => {
  for (const [thrown, released] of [[new AckMessage(), undefined], [new SkipMessage(), undefined], [new NackMessage(), 'the handler wants the message again'], [new RejectMessage('no'), 'no'], [new StopConsume(), 'the handler stops its subscriber']] as const) {
    const failures: unknown[] = []
    const { run, halt } = build({ handle: async () => { throw thrown }, release: async (_, failure) => { failures.push((failure?.error as Error | undefined)?.message) } })
    halt.abort()
    const outcome = await run()
    t.same(failures, [released], thrown.name)
    t.equal(outcome, thrown instanceof StopConsume ? 'stop' : thrown instanceof NackMessage ? 'unsettled' : 'settled')
  }
})

t.test('MANUAL waits for the decision, also when the handler has ended', async (t) => {
  const results: unknown[] = []
  let delivery!: Delivery
  const { run } = build({ ackPolicy: 'MANUAL', handle: (given) => { delivery = given; return 'result' }, prepare: (result) => { results.push(result); return [] } })
  let settled: unknown
  const ran = run().then((outcome) => { settled = outcome })
  await turn()
  t.same([settled, results], [undefined, []])
  t.equal(delivery.decide({ kind: 'ack' }), true)
  t.equal(delivery.decide({ kind: 'ack' }), false)
  await ran
  t.same([settled, results], ['settled', ['result']])
})

t.test('MANUAL that is not decided in time is run again, and one that nobody waits for is not settled', async (t) => {
  const deliveries: Delivery[] = []
  const { clock, run, failures, pipeline } = build({ ackPolicy: 'MANUAL', handlerTimeout: 1000, handle: (delivery) => { deliveries.push(delivery) } })
  const settled = run()
  await clock.advance(1000)
  t.match(failures, [{ stage: 'handler', error: { code: 'FASTSTREAM_ERR_HANDLER_TIMEOUT' } }])
  t.equal(deliveries[0]?.decide({ kind: 'ack' }), false, 'that is too late')
  await clock.advance(100)
  t.equal(deliveries.length, 2)
  pipeline.giveUp('its partition is no longer ours')
  t.equal(await settled, 'unsettled')
  t.equal(deliveries[1]?.decide({ kind: 'ack' }), false)
})

t.test('a delay must be a time', async (t) => {
  for (const delay of [-1, NaN, Infinity, 2 ** 31]) t.throws(() => new NackMessage({ delay }), { code: 'FASTSTREAM_ERR_INVALID_OPTION', message: /'delay'/ })
  t.equal(new NackMessage({ delay: 0 }).delay, 0)
  t.equal(new RejectMessage().message, 'the handler rejected the message')
})
