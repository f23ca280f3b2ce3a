import t from 'tap'
import { NackMessage, RejectMessage } from '../../../index.js'
import type { Delivery } from '../../../lib/consume/pipeline/delivery.js'
import { build, PAUSE, refused } from '../../support/breaker-fixture.js'
import { gate } from '../../support/inbox.js'
import { turn } from '../../support/manual-clock.js'

const OPENED = 'error most attempts fail alike: messages wait instead of becoming dead letters, until a probe succeeds'
const CLOSED = 'info a probe succeeded: messages are handled again'
const NONE = new Error('none')

t.test('messages wait before the letter that would be one of most, and one probe at a time follows', async (t) => {
  const { clock, log, dead, handled, attempts, faults, events, pipeline, start, run } = build()
  faults.set('all', refused())
  await run(['a', 'b', 'c'])
  t.same(dead, ['a', 'b', 'c'])
  t.equal(pipeline.breaker, undefined)
  const [d, e] = [start('d'), start('e')]
  await turn()
  t.same(dead, ['a', 'b', 'c'], 'the fourth attempt is the one that makes them most of four')
  t.match(pipeline.breaker, { error: 'Error ECONNREFUSED', partitions: [{ topic: 'orders', partition: 0 }] })
  t.same(events, [['opened', 'take', 'orders', 0, 'Error ECONNREFUSED']])
  t.equal(log.lines.filter((line) => line === OPENED).length, 1)
  attempts.length = 0
  await clock.advance(5 * PAUSE)
  t.ok(attempts.length >= 5 && attempts.length < 15, `${attempts.length} probes`)
  t.same(dead, ['a', 'b', 'c'])
  faults.clear()
  attempts.length = 0
  await clock.advance(PAUSE)
  t.same(attempts.toSorted(), ['d', 'e'], 'a probe that succeeds lets the others go')
  t.same(await Promise.all([d.ended, e.ended]), ['settled', 'settled'])
  t.same(handled.toSorted(), ['d', 'e'])
  t.match(events[1], ['closed', 'take', Number])
  t.ok(log.lines.includes(CLOSED))
  t.equal(pipeline.breaker, undefined)
  t.equal(clock.waiting, 0)
})

t.test('pauses between probes grow to half a minute', async (t) => {
  const { clock, attempts, faults, start, run } = build()
  faults.set('all', refused())
  await run(['a', 'b', 'c'])
  start('d')
  const after: number[] = []
  for (const pause of [1200, 2400, 4800, 9600, 19_200, PAUSE, PAUSE]) {
    const before = attempts.length
    await clock.advance(pause)
    after.push(attempts.length - before)
  }
  t.ok(after.every((count) => count === 1 || count === 2), String(after))
})

t.test('an error of another class is the fault of its message, whose letter is written', async (t) => {
  const { clock, dead, handled, faults, pipeline, start, run } = build()
  faults.set('all', refused())
  await run(['a', 'b', 'c'])
  faults.set('bad', new TypeError('no total'))
  const [bad, good] = [start('bad'), start('good')]
  await turn()
  t.same(dead, ['a', 'b', 'c', 'bad'])
  t.match(pipeline.breaker, { error: 'Error ECONNREFUSED' }, 'and the message behind it waits')
  const typed = start('bad')
  await clock.advance(4 * PAUSE)
  t.equal(await typed.ended, 'settled')
  t.same(dead.at(-1), 'bad')
  t.not(pipeline.breaker, undefined, 'and it says nothing about the storm')
  faults.delete('all')
  await clock.advance(PAUSE)
  t.same(await Promise.all([bad.ended, good.ended]), ['settled', 'settled'])
  t.same(handled, ['good'])
})

t.test('one poison message of a hundred never opens it, however often it is tried', async (t) => {
  const retry = { retries: 50, delay: 1, factor: 1, maxDelay: 1, jitter: 0, retryOn: () => true }
  const { clock, dead, faults, events, start } = build({ retry, breaker: { window: 600_000, ratio: 0.5, minimum: 50 } })
  faults.set('poison', new Error('poison'))
  for (let i = 0; i < 1000; i++) {
    const { ended } = start(i % 100 === 50 ? 'poison' : 'good', i % 3)
    await clock.advance(60)
    t.equal(await ended, 'settled')
  }
  t.equal(dead.length, 10)
  t.same(events, [])
})

t.test('healthy partitions do not outnumber a failing one', async (t) => {
  const { handled, dead, events, faults, pipeline, start, run } = build()
  faults.set('shard', refused())
  const healthy = Array.from({ length: 10 }, (_, i) => `ok ${i}`)
  for (let i = 0; i < 3; i++) {
    await run(['shard'], 1)
    await run(healthy, 0)
  }
  t.equal(dead.length, 3)
  const held = start('shard', 1)
  await turn()
  t.same(events, [['opened', 'take', 'orders', 1, 'Error ECONNREFUSED']])
  t.equal(dead.length, 3)
  await run(healthy, 0)
  t.equal(handled.length, 40, 'and the healthy one goes on')
  t.match(pipeline.breaker?.partitions, [{ partition: 1 }])
  held.halt.abort()
  t.equal(await held.ended, 'unsettled')
})

t.test('a partition that fails alike joins before its first letter', async (t) => {
  const { clock, dead, events, faults, pipeline, start, run } = build()
  faults.set('all', refused())
  await run(['a', 'b', 'c'], 0)
  const held = [0, 1, 2].map((partition) => start(`held ${partition}`, partition))
  await turn()
  t.equal(dead.length, 3)
  t.equal(pipeline.breaker?.partitions.length, 3)
  t.equal(events.length, 1, 'told once')
  faults.clear()
  await clock.advance(PAUSE)
  t.same(await Promise.all(held.map(({ ended }) => ended)), ['settled', 'settled', 'settled'], 'one after the other')
  t.match(events, [['opened'], ['closed']])
  t.equal(dead.length, 3)
})

t.test('the retries of a held message do not run beside the probes', async (t) => {
  const retry = { retries: 3, delay: 100, factor: 1, maxDelay: 100, jitter: 0, retryOn: () => true }
  const { clock, dead, attempts, faults, pipeline, start } = build({ retry })
  faults.set('all', refused())
  const all = Array.from({ length: 6 }, (_, i) => start(String(i)))
  await turn()
  t.not(pipeline.breaker, undefined, 'the first attempts of four messages are enough')
  await clock.advance(150)
  const before = attempts.length
  await clock.advance(600)
  t.equal(attempts.length, before)
  faults.clear()
  await clock.advance(PAUSE)
  t.same(await Promise.all(all.map(({ ended }) => ended)), all.map(() => 'settled'))
  t.same(dead, [])
})

t.test('after a close a single failure of its class opens it again, until ten messages have succeeded', async (t) => {
  const { clock, dead, faults, events, start, run } = build()
  faults.set('db', refused())
  await run(['db', 'db', 'db'])
  const first = start('db')
  faults.set('db', NONE)
  await clock.advance(PAUSE)
  t.equal(await first.ended, 'settled')
  faults.set('db', refused())
  const second = start('db')
  await turn()
  t.match(events, [['opened'], ['closed'], ['opened']])
  faults.set('db', NONE)
  await clock.advance(PAUSE)
  t.equal(await second.ended, 'settled')
  await run(Array.from({ length: 10 }, () => 'db'))
  faults.set('db', refused())
  await run(['db', 'db', 'db'])
  t.equal(dead.length, 6, 'then it counts as at first')
  t.match(events, [['opened'], ['closed'], ['opened'], ['closed']])
})

t.test('a message that fails as the probe ten times goes its way, so that the next one is tried', async (t) => {
  const { clock, dead, handled, faults, pipeline, start, run } = build()
  faults.set('all', refused())
  await run(['a', 'b', 'c'])
  const head = start('head')
  await clock.advance(20 * PAUSE)
  t.equal(await head.ended, 'settled')
  t.same(dead, ['a', 'b', 'c', 'head'])
  faults.set('next', NONE)
  const next = start('next')
  await clock.advance(PAUSE)
  t.equal(await next.ended, 'settled')
  t.same(handled, ['next'])
  t.equal(pipeline.breaker, undefined)
})

t.test('attempts older than the window do not count', async (t) => {
  const { clock, dead, faults, events, run } = build()
  faults.set('all', refused())
  for (let i = 0; i < 10; i++) {
    await run([`${i}`])
    await clock.advance(20_001)
  }
  t.equal(dead.length, 10)
  t.same(events, [])
})

t.test('a decision of the handler, and a message that cannot be decoded, do not count', async (t) => {
  const { clock, dead, faults, events, start, run } = build({
    decode (delivery) {
      if (String(delivery.record.value) === 'broken') throw new SyntaxError('not JSON')
      return delivery
    }
  })
  faults.set('reject', new RejectMessage())
  faults.set('nack', new NackMessage({ delay: 1 }))
  await run(Array.from({ length: 5 }, () => 'broken'))
  await run(Array.from({ length: 5 }, () => 'reject'))
  const nacked = Array.from({ length: 5 }, () => start('nack'))
  await clock.advance(10)
  t.equal(dead.length, 10)
  t.same(events, [])
  for (const { halt } of nacked) halt.abort()
  await Promise.all(nacked.map(({ ended }) => ended))
})

t.test('a policy that loses failures on purpose has no breaker to stop it, and false switches it off', async (t) => {
  for (const plan of [{ ackPolicy: 'ACK' as const }, { breaker: false as const }]) {
    const { faults, events, dead, pipeline, run } = build(plan)
    faults.set('all', refused())
    await run(Array.from({ length: 20 }, (_, i) => String(i)))
    t.same(events, [])
    t.equal(dead.length, 'breaker' in plan ? 20 : 0)
    t.equal(pipeline.breaker, undefined)
    pipeline.assigned([])
  }
})

t.test('a topic without dead letters discards nothing more either', async (t) => {
  const { faults, log, start, run } = build({ deadLetterTopic: () => undefined })
  faults.set('all', refused())
  await run(['a', 'b', 'c'])
  const held = start('d')
  await turn()
  t.equal(log.lines.filter((line) => line.includes('is skipped')).length, 3)
  held.halt.abort()
  t.equal(await held.ended, 'unsettled')
})

t.test('partitions of other processes are forgotten, and nothing waits for a timer', async (t) => {
  const { clock, dead, faults, events, pipeline, start, run } = build()
  faults.set('all', refused())
  await run(['a', 'b', 'c'], 0)
  const held = start('d', 0)
  await turn()
  held.halt.abort()
  t.equal(await held.ended, 'unsettled')
  t.equal(clock.waiting, 0)
  pipeline.assigned([{ topic: 'orders', partition: 0 }])
  t.equal(pipeline.breaker?.partitions.length, 1, 'its own one stands still in the next generation, too')
  const again = start('d', 0)
  t.equal(dead.length, 3)
  again.halt.abort()
  t.equal(await again.ended, 'unsettled')
  pipeline.assigned([{ topic: 'orders', partition: 1 }])
  t.equal(pipeline.breaker, undefined)
  t.match(events, [['opened'], ['closed']])
  pipeline.assigned([])
  t.equal(events.length, 2)
})

t.test('a probe that is halted, or given up, makes room for the next one', async (t) => {
  const { clock, faults, start, run } = build()
  faults.set('all', refused())
  await run(['a', 'b', 'c'], 0)
  const [first, second] = [start('first', 0), start('second', 0)]
  await turn()
  first.halt.abort()
  t.equal(await first.ended, 'unsettled')
  faults.clear()
  await clock.advance(PAUSE)
  t.equal(await second.ended, 'settled')
  const late = start('late', 0)
  late.halt.abort()
  t.equal(await late.ended, 'settled')
})

t.test('a message whose lane is halted while it is held, or while it is the probe, is not held on', async (t) => {
  const probes: Array<() => void> = []
  const { clock, faults, start, run } = build({
    async handle ({ record }: Delivery) {
      if (String(record.value) === 'd') await new Promise<void>((resolve) => { probes.push(resolve) })
      throw refused()
    }
  })
  faults.set('all', refused())
  await run(['a', 'b', 'c'])
  const d = start('d')
  await turn()
  probes[0]!()
  await clock.advance(PAUSE)
  t.equal(probes.length, 2, 'it is the probe')
  d.halt.abort()
  probes[1]!()
  t.equal(await d.ended, 'unsettled')
  const e = start('e')
  e.halt.abort()
  t.equal(await e.ended, 'unsettled')
})

t.test('a probe whose partition is lost before it ends leaves room for the probes of the next storm', async (t) => {
  const { opened, open } = gate()
  let probes = 0
  let isOver = false
  const { clock, faults, pipeline, start, run } = build({
    async handle ({ record }: Delivery) {
      if (String(record.value) === 'slow' && ++probes === 2) await opened
      if (!isOver) throw refused()
    }
  })
  faults.set('all', refused())
  await run(['a', 'b', 'c'], 0)
  const slow = start('slow', 0)
  await clock.advance(PAUSE)
  t.equal(probes, 2, 'it is the probe')
  pipeline.giveUp('its partition is lost')
  pipeline.assigned([{ topic: 'orders', partition: 1 }])
  open()
  t.equal(await slow.ended, 'unsettled')
  await run(['d', 'e', 'f'], 1)
  const held = start('g', 1)
  await turn()
  t.match(pipeline.breaker?.partitions, [{ partition: 1 }])
  isOver = true
  await clock.advance(PAUSE)
  t.equal(pipeline.breaker, undefined)
  t.equal(await held.ended, 'settled')
})
