import { getEventListeners } from 'node:events'
import t from 'tap'
import { sleep } from '../lib/clock.js'
import { ManualClock } from './support/manual-clock.js'

t.test('a wait removes its listener: a signal may live as long as the app', async (t) => {
  const clock = new ManualClock()
  const halt = new AbortController()
  const waited = sleep(clock, 10, halt.signal)
  await clock.advance(10)
  t.equal(await waited, true)
  t.same(getEventListeners(halt.signal, 'abort'), [])
  const halted = sleep(clock, 10, halt.signal)
  halt.abort()
  t.equal(await halted, false)
  t.equal(clock.waiting, 0)
  t.same(getEventListeners(halt.signal, 'abort'), [])
})
