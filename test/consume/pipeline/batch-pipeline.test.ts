import t from 'tap'
import type { BatchDelivery } from '../../../lib/consume/pipeline/batch-delivery.js'
import { AckMessage, NackMessage, RejectMessage, SkipMessage, StopConsume } from '../../../lib/message/ack.js'
import type { MessageProcessContext } from '../../../types/index.js'
import { build, type Take } from '../../support/batch-fixture.js'
import { hearTrace } from '../../support/hear.js'
import { gate } from '../../support/inbox.js'
import { turn } from '../../support/manual-clock.js'
import { retry } from '../../support/pipeline-fixture.js'
import { prepared } from '../../support/prepared.js'

const DOWN = Object.assign(new Error('down'), { code: 'ECONNREFUSED' })

t.test('a batch whose handler succeeds is settled', async (t) => {
  const { run, calls } = build()
  const { ended, settlements } = run(['a', 'b'])
  t.equal(await ended, 'settled')
  t.same([calls, settlements()], [[['a 1', 'b 1']], ['acknowledged', 'acknowledged']])
})

t.test('a batch that waits for another try when its lane is halted stays unsettled', async (t) => {
  const { run, calls, clock, halt, pauses } = build(() => { throw DOWN })
  const { ended, settlements } = run(['a', 'b'])
  await turn()
  halt.abort()
  t.equal(await ended, 'unsettled')
  t.same([calls.length, settlements(), clock.waiting], [1, [undefined, undefined], 0])
  t.same(pauses, [[100, true]], 'a paused subscriber is waited for')
})

t.test('a batch that is given up during its handler stays unsettled', async (t) => {
  for (const how of ['returns', 'throws']) {
    const { opened, open } = gate()
    const { run, pipeline, dead, calls } = build(async () => { await opened; if (how === 'throws') throw DOWN })
    const { ended, settlements } = run(['a', 'b'])
    await turn()
    pipeline.giveUp('the app closes')
    open()
    t.equal(await ended, 'unsettled', how)
    t.same([settlements(), dead, calls.length], [[undefined, undefined], [], 1])
  }
})

t.test('a batch whose handler has had its time is late until it ends, and is handled again', async (t) => {
  const { opened, open } = gate()
  const { run, pipeline, clock, calls } = build(async (_, call) => {
    if (call === 1) await opened
  }, { handlerTimeout: 1000 })
  const { ended } = run(['a', 'b'])
  t.equal(pipeline.lastError, undefined)
  await clock.advance(1000)
  t.equal([...pipeline.late].length, 1)
  open()
  await clock.advance(100)
  t.equal(await ended, 'settled')
  t.same(calls, [['a 1', 'b 1'], ['a 2', 'b 2']])
  t.same([...pipeline.late], [])
  t.match(pipeline.lastError, { error: { code: 'FASTSTREAM_ERR_HANDLER_TIMEOUT' } })
})

t.test('a message that was redriven for another group leaves its batch before the handler', async (t) => {
  const { run, calls, environment } = build()
  const completed: string[] = []
  environment.events.completed.on(({ offset, outcome }) => { completed.push(`${offset} ${outcome}`) })
  const some = run(['a', 'b'], { a: 'billing', b: 'shop' })
  t.equal(await some.ended, 'settled')
  t.same([calls, some.settlements()], [[['b 1']], ['skipped', 'acknowledged']])
  t.same(completed, ['1 acknowledged'])
  const all = run(['a', 'b'], { a: 'billing', b: 'billing' })
  t.equal(await all.ended, 'settled')
  t.same([calls.length, all.settlements()], [1, ['skipped', 'skipped']])
})

t.test('the message that is blamed is tried again by itself, and those behind it come after it', async (t) => {
  const { run, calls, clock, dead } = build((batch) => {
    const index = batch.members.findIndex(({ delivery: { record } }) => String(record.value) === 'bad')
    if (index === -1) return
    batch.blame(index)
    throw DOWN
  })
  const { ended, settlements } = run(['a', 'bad', 'c', 'd'])
  await turn()
  t.same(settlements(), ['acknowledged', undefined, undefined, undefined])
  await clock.advance(100)
  t.equal(calls.length, 2)
  await clock.advance(200)
  t.equal(await ended, 'settled')
  t.same(calls, [['a 1', 'bad 1', 'c 1', 'd 1'], ['bad 2'], ['bad 3'], ['c 1', 'd 1']])
  t.same([settlements(), dead], [['acknowledged', 'dead-lettered', 'acknowledged', 'acknowledged'], ['bad']])
})

t.test('what is behind the blamed message stays unsettled where its dead letter cannot be stored', async (t) => {
  const { run, calls, halt, outcomes } = build((batch) => { batch.blame(0); throw new RejectMessage('no') })
  outcomes.push(new Error('not now'))
  halt.abort()
  const { ended, settlements } = run(['a', 'b'])
  t.equal(await ended, 'unsettled')
  t.same([calls.length, settlements()], [1, [undefined, undefined]])
})

t.test('messages behind one whose dead letter cannot be stored do not become dead letters', async (t) => {
  const { run, halt, outcomes, dead } = build(() => { throw new RejectMessage('no') })
  outcomes.push(new Error('not now'))
  halt.abort()
  const { ended, settlements } = run(['a', 'b'])
  t.equal(await ended, 'unsettled')
  t.same([dead, settlements()], [[], [undefined, undefined]])
})

t.test('a batch that is given up settles nothing, nor what is before the blamed message', async (t) => {
  const { opened, open } = gate()
  const { run, pipeline } = build(async (batch) => { await opened; batch.blame(1); throw DOWN })
  const { ended, settlements } = run(['a', 'b', 'c'])
  await turn()
  pipeline.giveUp('the app closes')
  open()
  t.equal(await ended, 'unsettled')
  t.same(settlements(), [undefined, undefined, undefined])
})

t.test('a batch that stops its subscriber is not settled, but for what is before the blamed message', async (t) => {
  const { run } = build((batch) => { batch.blame(1); throw new StopConsume() })
  const { ended, settlements } = run(['a', 'b', 'c'])
  t.equal(await ended, 'stop')
  t.same(settlements(), ['acknowledged', undefined, undefined])
})

/** Sets a message aside that could not be decoded, or whose result could not be published. */
function aside (step: 'decode' | 'publish', error: Error, value = 'bad'): Take {
  return (batch) => {
    const member = batch.members.find(({ delivery: { record } }) => String(record.value) === value)
    if (member !== undefined) batch.setAside([{ member, step, error }])
  }
}

t.test('a message that fails by itself ends as its error says, and the others are settled', async (t) => {
  for (const [step, error, settlement, lines] of [
    ['decode', new TypeError('no JSON'), 'dead-lettered', 1],
    ['decode', new RejectMessage('no'), 'dead-lettered', 1],
    ['decode', new SkipMessage(), 'skipped', 1],
    ['decode', new AckMessage(), 'acknowledged', 1],
    ['publish', new TypeError('invalid'), 'dead-lettered', 1],
    ['publish', new SkipMessage(), 'dead-lettered', 1]
  ] as const) {
    const { run, calls, dead, log } = build(aside(step, error))
    const { ended, settlements } = run(['a', 'bad', 'c'])
    t.equal(await ended, 'settled')
    t.same(settlements(), ['acknowledged', settlement, 'acknowledged'], `${step} ${error.name}`)
    t.same([calls.length, dead, log.lines.length], [1, settlement === 'dead-lettered' ? ['bad'] : [], lines])
  }
})

t.test('a message that is wanted again by its codec is tried again by itself', async (t) => {
  const { run, calls, clock } = build((batch, call) => {
    if (call < 3) aside('decode', new NackMessage({ delay: 70 }))(batch, call)
  })
  const { ended, settlements } = run(['a', 'bad', 'c'])
  await clock.advance(140)
  t.equal(await ended, 'settled')
  t.same([calls, settlements()], [
    [['a 1', 'bad 1', 'c 1'], ['bad 2'], ['bad 3']], ['acknowledged', 'acknowledged', 'acknowledged']
  ])
})

t.test('an error handler may settle a message that fails by itself with a reply', async (t) => {
  const { run, dead } = build(aside('decode', new TypeError('no JSON')), {
    onFailure: async () => ({ kind: 'reply', value: 1, prepared: () => [] })
  })
  const { ended, settlements } = run(['a', 'bad'])
  t.equal(await ended, 'settled')
  t.same([settlements(), dead], [['acknowledged', 'acknowledged'], []])
})

t.test('a message that failed by itself and whose dead letter cannot be stored stays unsettled', async (t) => {
  const { run, dead, halt, outcomes } = build((batch) => {
    const [, b, c] = batch.members
    const error = new TypeError('no JSON')
    batch.setAside([{ member: b!, step: 'decode', error }, { member: c!, step: 'decode', error }])
  })
  outcomes.push(new Error('not now'))
  halt.abort()
  const { ended, settlements } = run(['a', 'b', 'c'])
  t.equal(await ended, 'unsettled')
  t.same([settlements(), dead], [['acknowledged', undefined, undefined], []])
})

t.test('a message that failed by itself stays unsettled where the reply instead cannot be stored', async (t) => {
  const refused = prepared('out', async () => { throw new Error('not now') })
  const { run, halt } = build(aside('decode', new TypeError('no JSON')), {
    onFailure: async () => ({ kind: 'reply', value: 1, prepared: () => [refused] })
  })
  halt.abort()
  const { ended, settlements } = run(['a', 'bad'])
  t.equal(await ended, 'unsettled')
  t.same(settlements(), ['acknowledged', undefined])
})

t.test('each message of a call has its end, and the event loop was held for the first one only', async (t) => {
  const { run, clock, environment } = build(async (batch, call) => {
    time += 40
    await turn()
    time += 2
    if (call > 1) return
    aside('decode', new TypeError('no JSON'))(batch, call)
    batch.blame(1)
    throw new RejectMessage('no')
  })
  let time = 1000
  clock.elapsed = () => time
  const ended: unknown[] = []
  environment.events.ended.on(({ offset, attempt, outcome, error, duration, blocked }) => {
    ended.push([Number(offset), attempt, outcome, error?.message, duration, blocked])
  })
  const completed: unknown[] = []
  environment.events.completed.on(({ offset, outcome, duration }) => {
    completed.push([Number(offset), outcome, duration])
  })
  const batch = run(['bad', 'a', 'b', 'c'])
  await clock.advance(0)
  t.equal(await batch.ended, 'settled')
  t.same(ended, [
    [0, 1, 'failed', 'no JSON', 42, 40], [1, 1, 'settled', undefined, 42, 0], [2, 1, 'failed', 'no', 42, 0],
    [3, 1, 'unsettled', undefined, 42, 0], [3, 1, 'settled', undefined, 42, 40]
  ])
  t.same(completed, [
    [0, 'dead-lettered', 84], [1, 'acknowledged', 84], [2, 'dead-lettered', 84], [3, 'acknowledged', 84]
  ])
})

t.test('events of an attempt name each message that it concerns', async (t) => {
  const { run, clock, environment: { events } } = build((_, call) => { if (call === 1) throw DOWN })
  const told: string[] = []
  for (const name of ['started', 'failed', 'retried'] as const) {
    events[name].on(({ offset, attempt }) => { told.push(`${name} ${offset} ${attempt}`) })
  }
  const { ended } = run(['a', 'b'])
  await clock.advance(100)
  t.equal(await ended, 'settled')
  t.same(told, [
    'started 0 1', 'started 1 1', 'failed 0 1', 'failed 1 1', 'retried 0 1', 'retried 1 1', 'started 0 2', 'started 1 2'
  ])
})

t.test('ACK_FIRST settles all messages of a batch before its handler', async (t) => {
  const { opened, open } = gate()
  const { run } = build(async () => { await opened }, { ackPolicy: 'ACK_FIRST' })
  const { ended, settlements } = run(['a', 'b'])
  await turn()
  t.same(settlements(), ['acknowledged', 'acknowledged'])
  open()
  t.equal(await ended, 'settled')
})

t.test('ACK_FIRST handles nothing again behind a message that is blamed', async (t) => {
  const { run, calls } = build((batch) => { batch.blame(0); throw DOWN }, { ackPolicy: 'ACK_FIRST' })
  const { ended, settlements } = run(['a', 'b'])
  t.equal(await ended, 'settled')
  t.same([calls.length, settlements()], [1, ['acknowledged', 'acknowledged']])
})

t.test('a batch whose decision comes by hand tells its lane that it waits for it', async (t) => {
  const batches: BatchDelivery[] = []
  const { run, waits } = build((batch) => { batches.push(batch) }, { ackPolicy: 'MANUAL' })
  const { ended, settlements } = run(['a', 'b'])
  await turn()
  t.same([waits, settlements()], [['waits'], [undefined, undefined]])
  batches[0]?.decide({ kind: 'ack' })
  t.equal(await ended, 'settled')
  t.same(settlements(), ['acknowledged', 'acknowledged'])
})

t.test('a plan without a breaker has none to open', async (t) => {
  const { pipeline } = build()
  pipeline.assigned([{ topic: 'orders', partition: 0 }])
  t.equal(pipeline.breaker, undefined)
})

t.test('while a storm lasts a batch is held, and is handled as a whole when it is over', async (t) => {
  let isOver = false
  const { run, calls, clock, dead, pipeline, halt } = build(() => { if (!isOver) throw DOWN }, {
    retry: { ...retry, retries: 0 }, breaker: { window: 60_000, ratio: 0.5, minimum: 2 }
  })
  t.equal(pipeline.breaker, undefined)
  pipeline.assigned([{ topic: 'orders', partition: 0 }])
  const { ended, settlements } = run(['a', 'b'])
  await turn()
  t.match(pipeline.breaker, { error: 'Error ECONNREFUSED', partitions: [{ topic: 'orders', partition: 0 }] })
  t.same(calls, [['a 1', 'b 1']])
  isOver = true
  await clock.advance(36_000)
  t.equal(await ended, 'settled')
  t.same([settlements(), dead, pipeline.breaker], [['acknowledged', 'acknowledged'], [], undefined])
  t.same(calls.at(-1), ['a 2', 'b 2'])

  isOver = false
  const held = run(['c', 'd'])
  await turn()
  t.match(pipeline.breaker, { error: 'Error ECONNREFUSED' })
  halt.abort()
  t.equal(await held.ended, 'unsettled')
  t.same(held.settlements(), [undefined, undefined])
  pipeline.assigned([])
  t.equal(pipeline.breaker, undefined)
})

t.test('a batch that fails as the probe ten times goes its way', async (t) => {
  const { run, clock, dead } = build(() => { throw DOWN }, {
    retry: { ...retry, retries: 0 }, breaker: { window: 60_000, ratio: 0.5, minimum: 2 }
  })
  const { ended } = run(['a', 'b'])
  await turn()
  t.same(dead, [])
  await clock.advance(20 * 36_000)
  t.equal(await ended, 'settled')
  t.same(dead, ['a', 'b'])
})

t.test('the trace of a call has each of its messages', async (t) => {
  const trace = hearTrace<MessageProcessContext>(t, 'faststream.message.process')
  const { run } = build()
  await run(['a', 'b']).ended
  t.match(trace[0]?.context, { offset: 0n, batch: [{ offset: 0n, tombstone: false }, { offset: 1n }] })
  t.equal(trace[0]?.context.batch?.length, 2)
})

t.test('a batch that is given up while its error handler is asked settles nothing', async (t) => {
  const { opened, open } = gate()
  const { run, pipeline } = build((batch) => { batch.blame(1); throw DOWN }, {
    retry: { ...retry, retries: 0 }, onFailure: async () => { await opened; return undefined }
  })
  const { ended, settlements } = run(['a', 'b'])
  await turn()
  pipeline.giveUp('the app closes')
  open()
  t.equal(await ended, 'unsettled')
  t.same(settlements(), [undefined, undefined])
})

t.test('a batch whose reply cannot be stored settles nothing', async (t) => {
  const unstored = prepared('out', async () => { throw new Error('not now') })
  const { run, halt } = build((batch) => { batch.blame(1); throw DOWN }, {
    retry: { ...retry, retries: 0 }, onFailure: async () => ({ kind: 'reply', value: 1, prepared: () => [unstored] })
  })
  halt.abort()
  const { ended, settlements } = run(['a', 'b'])
  t.equal(await ended, 'unsettled')
  t.same(settlements(), [undefined, undefined])
})

t.test('a batch may wait for its decision in a lane that is not told', async (t) => {
  const batches: BatchDelivery[] = []
  const { run, lane } = build((batch) => { batches.push(batch) }, { ackPolicy: 'MANUAL' })
  delete lane.awaitsDecision
  const { ended, settlements } = run(['a'])
  await turn()
  batches[0]?.decide({ kind: 'ack' })
  t.equal(await ended, 'settled')
  t.same(settlements(), ['acknowledged'])
})
