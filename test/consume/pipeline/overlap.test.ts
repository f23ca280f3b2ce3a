import t from 'tap'
import { FASTSTREAM_ERR_PUBLISH_REFUSED } from '../../../lib/errors.js'
import { AckMessage, NackMessage, SkipMessage, StopConsume } from '../../../lib/message/ack.js'
import { gate } from '../../support/inbox.js'
import { turn } from '../../support/manual-clock.js'
import { build, refusal } from '../../support/overlap-world.js'

const UNSTORED = 'warn the result could not be published, it will be tried again'
const warnings = ({ lines }: { readonly lines: readonly string[] }) => lines.filter((line) => line.startsWith('warn'))

t.test('the next messages of a partition are handled while a result is being stored', async (t) => {
  const { handled, sends, ends, receive, answer } = build()
  await receive('a')
  await receive('b', 'c')
  t.same([handled, sends(), ends], [['0', '1', '2'], ['0:a'], []])
  await answer()
  t.same([sends(), ends], [['0:a', '0:b 0:c'], ['0 acknowledged']], 'a message is settled when its result is stored')
  await answer()
  t.same(ends, ['0 acknowledged', '1 acknowledged', '2 acknowledged'])
})

t.test('a message whose result is stored first waits for those before it', async (t) => {
  const { clock, sends, ends, receive, answer } = build()
  await receive('a/0', 'b/1')
  t.same(sends(), ['0:a 1:b'])
  await answer(refusal('timeout', [undefined, 7n]))
  t.same(ends, [], 'after a crash the first one would be handled again, behind the second one')
  await clock.advance(1000)
  t.same(sends().slice(1), ['0:a'], 'what is stored is not sent again')
  await answer()
  t.same(ends, ['0 acknowledged', '1 acknowledged'])
})

t.test('behind a result that could not be stored none is stored and no message begins', async (t) => {
  const { clock, log, handled, sends, ends, receive, answer } = build()
  await receive('a')
  await receive('b', 'c/1', 'd')
  await answer(refusal('timeout'))
  await receive('e')
  t.same([handled, sends(), ends], [['0', '1', '2', '3'], ['0:a'], []])
  t.equal(log.lines.filter((line) => line.includes('result')).length, 1, 'only the first one has failed')
  await clock.advance(1000)
  t.same(sends(), ['0:a', '0:a'])
  for (const stored of ['0:b', '1:c', '0:d']) {
    await answer()
    await clock.advance(1)
    t.same(sends().at(-1), stored, 'one after the other')
  }
  t.equal(handled.length, 4)
  await answer()
  t.same(ends, ['0 acknowledged', '1 acknowledged', '2 acknowledged', '3 acknowledged'])
  t.same([handled.at(-1), sends().at(-1)], ['4', '0:e'])
})

t.test('a result whose time is over while it is in flight takes those in flight behind it along', async (t) => {
  const { clock, sends, ends, receive, answer } = build()
  await receive('x/2')
  await receive('a')
  await clock.advance(10)
  await receive('b')
  await answer()
  t.same(sends(), ['2:x', '0:a 0:b'])
  await clock.advance(990)
  await answer()
  t.same(ends, ['0 acknowledged'], 'the send was too late for the first one')
  await clock.advance(1000)
  t.same(sends().at(-1), '0:a')
  await answer()
  await clock.advance(1)
  t.same(sends().at(-1), '0:b', 'the second one is sent again, so that it is the last one in the log')
  await answer()
  t.same(ends.length, 3)
})

t.test('a refusal of several results concerns the one that is refused alone', async (t) => {
  const { clock, sends, ends, receive, answer } = build()
  await receive('a', 'b')
  t.same(sends(), ['0:a 0:b'])
  await answer(refusal())
  await clock.advance(1)
  t.same(sends().at(-1), '0:a')
  await answer(refusal())
  t.match(sends().at(-1), /^orders.dlq:/)
  await answer()
  await clock.advance(1)
  t.same(sends().at(-1), '0:b')
  await answer()
  t.same(ends, ['0 dead-lettered', '1 acknowledged'])
})

t.test('results that are too large together are sent one by one, and none behind one that failed', async (t) => {
  const { clock, sends, ends, receive, answer } = build()
  await receive('a', 'b', 'c')
  await answer(refusal('too-large'))
  t.same(sends(), ['0:a 0:b 0:c', '0:a'])
  await answer(refusal('timeout'))
  t.same(sends().length, 2)
  await clock.advance(1000)
  for (const each of ['0:a', '0:b', '0:c']) {
    await clock.advance(1)
    t.same(sends().at(-1), each)
    await answer()
  }
  t.same(ends.length, 3)
})

t.test('a message with several results lets the next one begin when all have their place', async (t) => {
  const { clock, handled, sends, receive, answer } = build({}, { messages: 4, bytes: 100_000 })
  await receive('a+b', 'c', 'd')
  t.same([handled, sends()], [['0', '1'], ['0:a 0:b 0:c']], 'half of the queue is for others')
  await answer()
  t.same([handled, sends().at(-1)], [['0', '1', '2'], '0:d'])
  await answer(refusal('timeout'))
  await clock.advance(1000)
  t.same(sends().at(-1), '0:d')
})

t.test('a result that fails again and again is logged each time', async (t) => {
  const { clock, log, ends, receive, answer } = build()
  await receive('a')
  for (let i = 0; i < 3; i++) {
    await answer(refusal('timeout'))
    await clock.advance(1000)
  }
  await answer()
  t.same(ends, ['0 acknowledged'])
  t.same(warnings(log), [UNSTORED, UNSTORED, UNSTORED])
  const attempts = log.details.filter((details) => 'retryIn' in details)
  t.match(attempts, [{ to: 'out', attempt: 1 }, { to: 'out', attempt: 2 }, { to: 'out', attempt: 3 }])
})

t.test('a handler that returns nothing, and one that fails, wait for those before', async (t) => {
  const errors: Record<string, unknown> = {
    skip: new SkipMessage(), ack: new AckMessage(), nack: new NackMessage(), fail: new Error('broken')
  }
  for (const [value, outcome] of Object.entries({
    none: 'acknowledged', skip: 'skipped', ack: 'acknowledged', fail: 'dead-lettered'
  })) {
    const { ends, sends, receive, answer } = build({
      handle: ({ record }) => {
        const text = String(record.value)
        if (errors[text] !== undefined) throw errors[text]
        return text === 'none' ? undefined : text
      }
    })
    await receive('a', value)
    t.same(ends, [], value)
    t.equal(sends().length, 1, 'no dead letter before the result of the message before')
    await answer()
    if (value === 'fail') await answer()
    t.same(ends, ['0 acknowledged', `1 ${outcome}`])
  }
})

t.test('a message that is left unsettled leaves those behind it unsettled', async (t) => {
  for (const value of ['b', 'b/1', 'none', 'skip', 'fail', 'stop']) {
    const { clock, handled, ends, group, receive, answer } = build({
      handle: ({ record }) => {
        const text = String(record.value)
        handled.push(text)
        if (text === 'skip') throw new SkipMessage()
        if (text === 'fail') throw new Error('broken')
        if (text === 'stop') throw new StopConsume()
        return text === 'none' ? undefined : text
      }
    })
    await receive('a', value, 'c')
    await answer(refusal('timeout', value === 'b/1' ? [undefined, 3n] : []))
    const closed = group.close(1000)
    await clock.advance(5000)
    await closed
    t.same(ends.slice(0, 2), ['0 unsettled', '1 unsettled'], value)
    t.notOk(ends.some((each) => each.endsWith('acknowledged')))
  }
})

t.test('a drain waits for the results that are being stored, and what it commits has them', async (t) => {
  const { clock, consumer, handled, ends, group, receive, answer } = build()
  await receive('a', 'b')
  const closed = group.close(5000)
  await receive('c')
  t.same([handled, ends], [['0', '1'], []])
  await answer()
  await clock.advance(1)
  await closed
  t.same(ends, ['0 acknowledged', '1 acknowledged'])
  t.same(consumer.commits.at(-1), ['orders[0] 2'])
})

t.test('of a lost partition nothing more is sent; assigned again, it waits for what was sent', async (t) => {
  const { clock, handled, sends, ends, group, receive, answer, assign } = build()
  await receive('a')
  await receive('b')
  group.lost()
  assign()
  await receive('c')
  t.same([handled, sends()], [['0', '1'], ['0:a']])
  await answer()
  await clock.advance(1)
  t.same([handled, sends()], [['0', '1', '2'], ['0:a', '0:c']])
  await answer()
  t.same(ends, ['0 unsettled', '1 unsettled', '2 acknowledged'])
})

t.test('with an open breaker a message waits to be the first one, and its publish is repeated', async (t) => {
  const breaker = { minimum: 2, ratio: 1, window: 60_000 }
  const { clock, failed, handled, sends, ends, receive, answer } = build({ breaker })
  const stages = new Set<string>()
  failed.on(({ stage }) => { stages.add(stage) })
  await receive('a', 'b')
  await answer(refusal())
  const refused: string[] = []
  for (let i = 0; i < 3; i++) {
    await clock.advance(1)
    refused.push(sends().at(-1)!)
    if (refused.at(-1)!.startsWith('orders.dlq')) await answer()
    else await answer(refusal())
  }
  t.same(refused.map((each) => each.slice(0, 3)), ['0:a', 'ord', '0:b'])
  t.same(ends, ['0 dead-lettered'], 'the second one waits for a probe')
  await receive('c')
  t.equal(handled.length, 2, 'no message begins')
  for (const outcome of [refusal(), undefined]) {
    const before = sends().length
    while (sends().length === before) await clock.advance(1000)
    t.equal(sends().at(-1), '0:b')
    await answer(outcome)
  }
  t.same(ends.slice(1), ['1 acknowledged'])
  t.same(handled, ['0', '1', '2'], 'a handler that has succeeded is not run again')
  t.same([...stages], ['publish'])
  await answer()
  await turn()
  t.same(ends.slice(2), ['2 acknowledged'])
})

t.test('with an open breaker a message that is redelivered with the one before it is no probe', async (t) => {
  const { clock, handled, ends, group, receive, answer } = build({
    breaker: { minimum: 1, ratio: 1, window: 60_000 },
    ordering: 'key',
    handle: ({ record: { value, offset } }) => {
      handled.push(String(offset))
      if (String(value) === 'fail') throw new Error('broken')
      return String(value)
    }
  })
  await receive('a/0')
  await receive('fail/1')
  await receive('b/0')
  t.same(handled, ['0', '1'], 'the partition stands still')
  await answer(refusal('timeout'))
  const closed = group.close(1000)
  await clock.advance(5000)
  await closed
  t.same(ends.sort(), ['0 unsettled', '1 unsettled', '2 unsettled'])
  t.same(handled, ['0', '1'])
})

t.test('a message behind one that stayed unsettled does so, too, whenever its handler ends', async (t) => {
  const slow = gate()
  const { clock, handled, ends, group, receive, answer } = build({
    handle: async ({ record: { value, offset } }) => {
      handled.push(String(offset))
      if (String(value) === 'slow') await slow.opened
      return String(value) === 'slow' ? undefined : String(value)
    }
  })
  await receive('a', 'slow')
  await answer(refusal('timeout'))
  const closed = group.close(5000)
  await clock.advance(1)
  t.same([handled, ends], [['0', '1'], ['0 unsettled']])
  slow.open()
  await clock.advance(1)
  await closed
  t.same(ends, ['0 unsettled', '1 unsettled'])
})

t.test('results that pass middlewares wait for those before, which are stored first', async (t) => {
  for (const isStored of [true, false]) {
    let ended = 0
    const { clock, sends, ends, group, receive, answer, prepare } = build({
      prepare: (result, delivery) => {
        const prepared = prepare(result, delivery)
        if (result === 'a') return prepared
        return Promise.resolve({ prepared, end: async () => { ended++ } })
      }
    })
    await receive('a', 'b')
    t.same(sends(), ['0:a'])
    if (isStored) {
      await answer()
      t.same([sends(), ended], [['0:a', '0:b'], 0])
      await answer()
    } else {
      await answer(refusal('timeout'))
      const closed = group.close(1000)
      await clock.advance(5000)
      await closed
    }
    t.same(ends.map((each) => each.split(' ')[1]), Array(2).fill(isStored ? 'acknowledged' : 'unsettled'))
    t.equal(ended, 1, 'a middleware is never left waiting')
  }
})

t.test('with an open breaker the first message of a lane is the probe, not one behind it', async (t) => {
  const { clock, handled, sends, ends, receive, answer } = build({
    breaker: { minimum: 1, ratio: 1, window: 60_000 },
    ordering: 'key',
    handle: ({ attempt, record: { value, offset } }) => {
      handled.push(String(offset))
      if (String(value) === 'fail' && attempt <= 2) throw new FASTSTREAM_ERR_PUBLISH_REFUSED('out', 'no')
      return String(value)
    }
  })
  await receive('a/0')
  await receive('fail/1')
  await receive('b/0')
  t.same(handled, ['0', '1'])
  await answer(refusal())
  await clock.advance(1)
  t.same(sends(), ['0:a', '0:a'])
  await answer(refusal())
  let answered = sends().length
  for (let i = 0; i < 40 && ends.length < 3; i++) {
    await clock.advance(500)
    for (; answered < sends().length; answered++) await answer()
  }
  t.same(ends.filter((end) => !end.startsWith('1')), ['0 acknowledged', '2 acknowledged'])
})

t.test('a probe that cannot store its result before the group closes leaves its message unsettled', async (t) => {
  const { clock, sends, ends, group, receive, answer } = build({ breaker: { minimum: 1, ratio: 1, window: 60_000 } })
  await receive('a')
  await answer(refusal())
  await clock.advance(1)
  await answer(refusal())
  t.same([sends(), ends], [['0:a', '0:a'], []], 'the breaker is open')
  while (sends().length === 2) await clock.advance(1000)
  await answer(refusal('timeout'))
  const closed = group.close(1000)
  await clock.advance(5000)
  await closed
  t.same([sends(), ends], [['0:a', '0:a', '0:a'], ['0 unsettled']])
})

t.test('a result that is withdrawn is no failed publish: it is published again', async (t) => {
  const failures: Error[] = []
  const { clock, publishFailed, sends, ends, receive, answer } = build()
  publishFailed.on(({ error }) => { failures.push(error) })
  await receive('a')
  await receive('b', 'c')
  await answer(refusal('timeout'))
  t.match(failures, [{ code: 'FASTSTREAM_ERR_PUBLISH_TIMEOUT' }])
  await clock.advance(1000)
  for (let i = 0; i < 3; i++) {
    await answer()
    await clock.advance(1)
  }
  t.same([sends().slice(1), ends.length, failures.length], [['0:a', '0:b', '0:c'], 3, 1])
})

t.test('a handler that fails behind a message that stays unsettled keeps its error', async (t) => {
  const seen: Array<Error | undefined> = []
  const { clock, ended, group, receive, answer } = build({
    handle: ({ record: { value } }) => {
      if (String(value) === 'fail') throw new Error('broken')
      return String(value)
    }
  })
  ended.on(({ error }) => { seen.push(error) })
  await receive('a', 'fail')
  await answer(refusal('timeout'))
  const closed = group.close(1000)
  await clock.advance(5000)
  await closed
  t.ok(seen.some((error) => error?.message === 'broken'))
})

t.test('of several results of a message only the one that could not be stored is sent again', async (t) => {
  const { clock, sends, ends, receive, answer } = build()
  await receive('a+b')
  t.same(sends(), ['0:a 0:b'])
  await answer(refusal('timeout', [7n, undefined]))
  t.same(ends, [])
  await clock.advance(1000)
  t.same(sends().slice(1), ['0:b'])
  await answer()
  t.same(ends, ['0 acknowledged'])
})
