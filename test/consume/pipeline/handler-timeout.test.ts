import t from 'tap'
import { Delivery } from '../../../lib/consume/pipeline/delivery.js'
import { HandlerDeadlines } from '../../../lib/consume/pipeline/handler-deadlines.js'
import { gate } from '../../support/inbox.js'
import { ManualClock, turn } from '../../support/manual-clock.js'
import { record } from '../../support/record.js'

function build () {
  const clock = new ManualClock()
  const late: bigint[] = []
  const running = new HandlerDeadlines(1000, clock, ({ record: { offset } }) => { late.push(offset) })
  function start (offset: number) {
    const attempt = new Delivery('orders', 0, record(offset))
    const { opened, open } = gate()
    return { attempt, open, ended: running.watch(attempt, opened) }
  }
  return { clock, late, running, start }
}

t.test('attempts time out in the order of their starts', async (t) => {
  const { clock, late, running, start } = build()
  const first = start(1)
  await clock.advance(400)
  const second = start(2)
  await clock.advance(599)
  t.same(late, [])
  await clock.advance(1)
  t.same(late, [1n])
  t.match(first.attempt.aborted, { code: 'FASTSTREAM_ERR_HANDLER_TIMEOUT', message: /1000 ms/ })
  t.equal(second.attempt.aborted, undefined)
  t.equal(clock.waiting, 1, 'one timer serves all')
  await clock.advance(400)
  t.same(late, [1n, 2n])
  t.same([...running.late], [first.attempt, second.attempt])
  first.open()
  await first.ended
  t.same([...running.late], [second.attempt], 'until it ends')
  t.equal(clock.waiting, 0)
})

t.test('an attempt that ends in time sees no abort', async (t) => {
  const { clock, late, start } = build()
  const first = start(1)
  await clock.advance(500)
  first.open()
  await first.ended
  const second = start(2)
  await clock.advance(999)
  t.same(late, [])
  await clock.advance(1)
  t.same(late, [2n])
  t.equal(first.attempt.aborted, undefined)
  second.open()
})

t.test('what fails, fails as it did', async (t) => {
  const { running } = build()
  const error = new Error('no')
  await t.rejects(running.watch(new Delivery('orders', 0, record(1)), Promise.reject(error)), error)
})

t.test('attempts that are given up see the abort, late ones as well, and no timer is left', async (t) => {
  const { clock, late, running, start } = build()
  const first = start(1)
  await clock.advance(1000)
  const second = start(2)
  running.giveUp('the app closes')
  t.equal(clock.waiting, 0)
  t.same(late, [1n])
  t.ok(first.attempt.givenUp)
  t.ok(second.attempt.givenUp)
  t.match(first.attempt.aborted, { code: 'FASTSTREAM_ERR_HANDLER_TIMEOUT' }, 'the first reason stays')
  t.match(second.attempt.aborted, { code: 'FASTSTREAM_ERR_HANDLER_ABORTED', message: /because the app closes/ })
  t.same([...running.late], [first.attempt], 'it still runs')
})

t.test('an attempt that was given up is also reported as late once it times out', async (t) => {
  const { clock, late, running, start } = build()
  const first = start(1)
  running.giveUp('its partition is no longer ours')
  await clock.advance(999)
  t.same([...running.late], [])
  const second = start(2)
  await clock.advance(1)
  t.same([...running.late], [first.attempt], 'a redelivery waits for it')
  await clock.advance(999)
  t.same(late, [2n], 'it was told before')
  t.same([...running.late], [first.attempt, second.attempt])
  first.open()
  second.open()
  await Promise.all([first.ended, second.ended])
  t.same([...running.late], [])
  t.equal(clock.waiting, 0)
})

t.test('a clean-up that does not end is late without an abort: its handler has ended', async (t) => {
  const { clock, late, running } = build()
  const attempt = new Delivery('orders', 0, record(1))
  const { opened, open } = gate()
  const ended = running.end(attempt, opened)
  t.same([...running.late], [])
  await clock.advance(1000)
  t.same([[...running.late], late, attempt.aborted], [[attempt], [], undefined])
  open()
  await ended
  t.same([...running.late], [])
})

t.test('a signal aborts whenever it was asked for', async (t) => {
  const attempt = new Delivery('orders', 0, record(1))
  const early = attempt.signal
  t.notOk(early.aborted)
  const reason = new Error('late')
  attempt.abort(reason)
  attempt.abort(new Error('later'))
  t.equal(early.reason, reason)
  const other = new Delivery('orders', 0, record(1))
  other.abort(reason)
  t.equal(other.signal.reason, reason)
  await turn()
})
