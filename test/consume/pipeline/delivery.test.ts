import t from 'tap'
import { Delivery } from '../../../lib/consume/pipeline/delivery.js'
import { record } from '../../support/record.js'

const build = (): Delivery => new Delivery('orders', 0, record(7))

t.test('an attempt has one signal, however often it is asked for', async (t) => {
  const attempt = build()
  const { signal } = attempt
  t.equal(attempt.signal, signal)
  attempt.abort(new Error('late'))
  t.equal(attempt.signal, signal)
  t.ok(signal.aborted)
})

t.test('a handler that decides after the abort is told that it is too late', async (t) => {
  const attempt = build()
  attempt.abort(new Error('late'))
  t.equal(attempt.decide({ kind: 'ack' }), false)
  t.equal(attempt.decision, undefined)
})

t.test('a handler that decides after the end of its attempt is told that it is too late', async (t) => {
  const attempt = build()
  attempt.end()
  t.equal(attempt.decide({ kind: 'ack' }), false)
  t.equal(attempt.decision, undefined)
})

t.test('a decision counts once', async (t) => {
  const attempt = build()
  t.equal(attempt.decide({ kind: 'ack' }), true)
  t.equal(attempt.decide({ kind: 'reject', error: new Error('no') }), false)
  t.same(attempt.decision, { kind: 'ack' })
})
