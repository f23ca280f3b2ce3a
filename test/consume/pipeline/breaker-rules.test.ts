import t from 'tap'
import type { Delivery } from '../../../lib/consume/pipeline/delivery.js'
import { FASTSTREAM_ERR_VALIDATION } from '../../../lib/errors.js'
import { RejectMessage } from '../../../lib/message/ack.js'
import { build, PAUSE, refused } from '../../support/breaker-fixture.js'
import { gate } from '../../support/inbox.js'
import { turn } from '../../support/manual-clock.js'

t.test('a probe that fails ten times becomes a letter only while few letters were written', async (t) => {
  const { clock, dead, faults, start, run } = build({ breaker: { window: 3_600_000, ratio: 0.5, minimum: 4 } })
  faults.set('all', refused())
  await run(['a', 'b', 'c'])
  const head = start('head')
  await clock.advance(20 * PAUSE)
  t.equal(await head.ended, 'settled')
  const next = start('next')
  await clock.advance(40 * PAUSE)
  t.same(dead, ['a', 'b', 'c', 'head'], 'four letters are as many as the window takes')
  await clock.advance(100 * PAUSE)
  t.equal(await next.ended, 'settled', 'they are older than the window')
  t.same(dead, ['a', 'b', 'c', 'head', 'next'])
})

t.test('a success between failures does not hide them', async (t) => {
  const { faults, dead, pipeline, start, run } = build()
  faults.set('bad', refused())
  await run(['bad', 'good', 'bad'])
  const held = start('bad')
  await turn()
  t.not(pipeline.breaker, undefined)
  t.equal(dead.length, 2)
  held.halt.abort()
  t.equal(await held.ended, 'unsettled')
})

t.test('a failure that as many successes follow as the minimum is forgotten, with them', async (t) => {
  const { faults, dead, events, run } = build()
  faults.set('bad', refused())
  await run(['bad', 'good', 'good', 'good', 'good', 'bad', 'bad', 'bad'])
  t.equal(dead.length, 4)
  t.same(events, [])
})

t.test('a message that was running when its partition came to a standstill says nothing of the storm', async (t) => {
  const { opened, open } = gate()
  const { pipeline, start, run } = build({
    async handle ({ record }: Delivery) {
      if (String(record.value) === 'slow') await opened
      else throw refused()
    }
  })
  const slow = start('slow')
  await run(['a', 'b', 'c'])
  const held = start('d')
  await turn()
  open()
  t.equal(await slow.ended, 'settled')
  t.match(pipeline.breaker?.partitions, [{ partition: 0 }])
  held.halt.abort()
  t.equal(await held.ended, 'unsettled')
})

t.test('nine successes after a storm are too few for a single failure to count as any other', async (t) => {
  const { clock, faults, events, start, run } = build()
  faults.set('db', refused())
  await run(['db', 'db', 'db'])
  const first = start('db')
  await turn()
  faults.clear()
  await clock.advance(PAUSE)
  t.equal(await first.ended, 'settled')
  await run(Array.from({ length: 9 }, () => 'db'))
  faults.set('db', refused())
  const second = start('db')
  await turn()
  t.match(events, [['opened'], ['closed'], ['opened']])
  second.halt.abort()
  t.equal(await second.ended, 'unsettled')
})

t.test('the probes of a new storm begin with short pauses, and the end of a storm tells how long it was', async (t) => {
  const { clock, faults, events, start, run } = build()
  faults.set('all', refused())
  await run(['a', 'b', 'c'])
  const first = start('d')
  await clock.advance(3 * PAUSE)
  faults.clear()
  await clock.advance(PAUSE)
  t.equal(await first.ended, 'settled')
  const [, , duration] = events[1] as [string, string, number]
  t.ok(duration > 3 * PAUSE && duration <= 4 * PAUSE, `${duration} ms`)
  await run(Array.from({ length: 10 }, () => 'good'))
  faults.set('all', refused())
  await run(['e', 'f', 'g'])
  const second = start('h')
  await turn()
  faults.clear()
  await clock.advance(1200)
  t.equal(await Promise.race([second.ended, 'it still waits']), 'settled')
})

t.test('a probe that succeeds lets the next partition try at once', async (t) => {
  const { clock, faults, pipeline, start, run } = build()
  faults.set('all', refused())
  await run(['a', 'b', 'c'])
  const held = [0, 1, 2].map((partition) => start(`held ${partition}`, partition))
  await turn()
  faults.clear()
  await clock.advance(1200)
  t.equal(pipeline.breaker, undefined)
  t.same(await Promise.all(held.map(({ ended }) => ended)), ['settled', 'settled', 'settled'])
})

t.test('a probe that is given up ends no storm', async (t) => {
  const { opened, open } = gate()
  const calls: string[] = []
  const { clock, pipeline, start, run } = build({
    async handle ({ record }: Delivery) {
      calls.push(String(record.value))
      if (calls.filter((value) => value === 'slow').length === 2) return await opened
      throw refused()
    }
  })
  await run(['a', 'b', 'c'])
  const slow = start('slow')
  await clock.advance(PAUSE)
  const next = start('next')
  t.same(calls.slice(3), ['slow', 'slow'])
  pipeline.giveUp('its partition is lost')
  open()
  t.equal(await slow.ended, 'unsettled')
  t.not(pipeline.breaker, undefined)
  await turn()
  t.equal(calls.at(-1), 'slow', 'the next probe follows after a pause')
  next.halt.abort()
  t.equal(await next.ended, 'unsettled')
})

t.test('a message that gets its place when its partition stands still again is held again', async (t) => {
  const place = gate()
  const { clock, attempts, faults, start, run } = build()
  faults.set('all', refused())
  await run(['a', 'b', 'c'])
  const probe = start('probe')
  await turn()
  const held = start('held', 0, place.opened)
  await turn()
  faults.clear()
  await clock.advance(1200)
  t.equal(await probe.ended, 'settled')
  faults.set('all', refused())
  const other = start('other')
  await turn()
  place.open()
  await turn()
  t.notOk(attempts.includes('held'))
  for (const { halt } of [held, other]) halt.abort()
  t.same(await Promise.all([held.ended, other.ended]), ['unsettled', 'unsettled'])
})

t.test('a message that is invalid, or that its codec rejects, does not count', async (t) => {
  for (const error of [new FASTSTREAM_ERR_VALIDATION('no'), new RejectMessage('no')]) {
    const { dead, events, run } = build({ decode: () => { throw error } })
    await run(Array.from({ length: 5 }, (_, i) => String(i)))
    t.equal(dead.length, 5)
    t.same(events, [])
  }
})

t.test('the class of an error without a code is its name', async (t) => {
  const { faults, events, start, run } = build()
  faults.set('all', new TypeError('no total'))
  await run(['a', 'b', 'c'])
  const held = start('d')
  await turn()
  t.same(events, [['opened', 'take', 'orders', 0, 'TypeError']])
  held.halt.abort()
  t.equal(await held.ended, 'unsettled')
})

t.test('a held message that is halted leaves the others their turns', async (t) => {
  const { clock, faults, start, run } = build()
  faults.set('all', refused())
  await run(['a', 'b', 'c'])
  const [first, second] = [start('first', 0), start('second', 1)]
  await turn()
  first.halt.abort()
  t.equal(await first.ended, 'unsettled')
  faults.clear()
  await clock.advance(1200)
  t.equal(await Promise.race([second.ended, 'it still waits']), 'settled')
})

t.test('the end of a storm lets all messages of the partition go together', async (t) => {
  const { opened, open } = gate()
  let isOver = false
  const running: string[] = []
  const { clock, start, run } = build({
    async handle ({ record }: Delivery) {
      if (!isOver) throw refused()
      running.push(String(record.value))
      if (running.length > 1) await opened
    }
  })
  await run(['a', 'b', 'c'])
  const held = ['d', 'e', 'f'].map((value) => start(value))
  await turn()
  isOver = true
  await clock.advance(1200)
  t.same(running.toSorted(), ['d', 'e', 'f'])
  open()
  t.same(await Promise.all(held.map(({ ended }) => ended)), ['settled', 'settled', 'settled'])
})

t.test('one probe runs at a time, however long it takes', async (t) => {
  const { opened, open } = gate()
  const attempts: string[] = []
  const { clock, start, run } = build({
    async handle ({ record }: Delivery) {
      attempts.push(String(record.value))
      if (attempts.filter((value) => value === 'd').length === 2) await opened
      throw refused()
    }
  })
  await run(['a', 'b', 'c'])
  const probe = start('d')
  await clock.advance(PAUSE)
  const other = start('e')
  t.same(attempts, ['a', 'b', 'c', 'd', 'd'])
  await clock.advance(4 * PAUSE)
  t.equal(attempts.length, 5)
  for (const { halt } of [probe, other]) halt.abort()
  open()
  await Promise.all([probe.ended, other.ended])
})

t.test('no probe is planned where no message is held', async (t) => {
  const { clock, faults, start, run } = build()
  faults.set('all', refused())
  await run(['a', 'b', 'c'])
  const head = start('head')
  while (await Promise.race([head.ended, 'it waits']) === 'it waits') await clock.advance(1000)
  t.equal(await head.ended, 'settled', 'it went its way')
  t.equal(clock.waiting, 0)
})

t.test('an attempt that is followed by another one writes no letter', async (t) => {
  const { clock, dead, faults, start } = build({
    retry: { retries: 3, delay: 100, factor: 1, maxDelay: 100, jitter: 0, retryOn: () => true },
    breaker: { window: 3_600_000, ratio: 0.5, minimum: 4 }
  })
  faults.set('all', refused())
  for (const value of ['a', 'b']) {
    const { ended } = start(value)
    await clock.advance(1000)
    if (value === 'a') t.equal(await ended, 'settled')
    else {
      await clock.advance(20 * PAUSE)
      t.equal(await Promise.race([ended, 'it still waits']), 'settled', 'a single letter was written before it')
    }
  }
  t.same(dead, ['a', 'b'])
})

t.test('a message is the probe ten times before it goes its way', async (t) => {
  const { clock, attempts, faults, start, run } = build()
  faults.set('all', refused())
  await run(['a', 'b', 'c'])
  const head = start('head')
  await clock.advance(20 * PAUSE)
  t.equal(await head.ended, 'settled')
  t.equal(attempts.filter((value) => value === 'head').length, 1 + 10)
})

t.test('a partition that fails in another way does not join those that stand still', async (t) => {
  const { dead, faults, pipeline, start, run } = build()
  faults.set('db', refused())
  await run(['db', 'db', 'db'], 0)
  const held = start('db', 0)
  await turn()
  faults.set('odd', new TypeError('no total'))
  await run(['odd'], 1)
  t.equal(dead.at(-1), 'odd')
  t.match(pipeline.breaker?.partitions, [{ partition: 0 }])
  held.halt.abort()
  t.equal(await held.ended, 'unsettled')
})

t.test('pauses stay long until the last partition has recovered', async (t) => {
  const { clock, attempts, faults, start, run } = build({ breaker: { window: 3_600_000, ratio: 0.5, minimum: 4 } })
  faults.set('all', refused())
  faults.set('odd', new TypeError('no total'))
  await run(['a', 'b', 'c'], 0)
  const [first, second] = [start('first', 0), start('second', 1)]
  await run(['odd'], 2)
  await clock.advance(4 * PAUSE)
  faults.set('first', new Error('none'))
  faults.set('ten', new Error('none'))
  while (await Promise.race([first.ended, 'it waits']) === 'it waits') await clock.advance(1000)
  await run(Array.from({ length: 10 }, () => 'ten'), 0)
  const before = attempts.length
  await clock.advance(3 * PAUSE)
  t.ok(attempts.length - before <= 5, `${attempts.length - before} probes`)
  second.halt.abort()
  t.equal(await second.ended, 'unsettled')
})

t.test('a probe that is halted while it runs leaves the others their turns', async (t) => {
  const { opened, open } = gate()
  let probes = 0
  let isOver = false
  const { clock, start, run } = build({
    async handle ({ record }: Delivery) {
      if (String(record.value) === 'slow' && ++probes === 2) await opened
      if (!isOver) throw refused()
    }
  })
  await run(['a', 'b', 'c'])
  const slow = start('slow')
  await clock.advance(PAUSE)
  t.equal(probes, 2, 'it is the probe')
  const held = start('held')
  await turn()
  slow.halt.abort()
  open()
  t.equal(await slow.ended, 'unsettled')
  isOver = true
  await clock.advance(PAUSE)
  t.equal(await Promise.race([held.ended, 'it still waits']), 'settled')
})

t.test('a breaker that is switched off does not look at the clock', async (t) => {
  const { clock, dead, faults, run } = build({ breaker: false })
  faults.set('all', refused())
  clock.elapsed = () => { throw new Error('the time is read') }
  await run(['a', 'b'])
  t.same(dead, ['a', 'b'])
})

t.test('a message that is halted while it is held is not handled, though its partition goes on', async (t) => {
  const place = gate()
  const { clock, attempts, faults, start, run } = build()
  faults.set('all', refused())
  await run(['a', 'b', 'c'])
  const probe = start('probe')
  await turn()
  const held = start('held', 0, place.opened)
  await turn()
  held.halt.abort()
  faults.clear()
  await clock.advance(1200)
  t.equal(await probe.ended, 'settled')
  place.open()
  t.equal(await held.ended, 'unsettled')
  t.notOk(attempts.includes('held'))
})

t.test('a letter that is as old as the window does not count', async (t) => {
  const window = 3_600_000
  let probes = 0
  const { clock, start, run } = build({
    breaker: { window, ratio: 0.5, minimum: 4 },
    async handle ({ record }: Delivery) {
      if (String(record.value) === 'next' && ++probes === 10) clock.elapsed = () => began + window
      throw refused()
    }
  })
  const began = clock.elapsed()
  await run(['a', 'b', 'c'])
  const head = start('head')
  await clock.advance(20 * PAUSE)
  t.equal(await head.ended, 'settled')
  const next = start('next')
  await clock.advance(40 * PAUSE)
  t.equal(await Promise.race([next.ended, 'it still waits']), 'settled')
})
