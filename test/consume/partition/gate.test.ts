import { getEventListeners } from 'node:events'
import t from 'tap'
import { Gate } from '../../../lib/consume/partition/gate.js'

t.test('a gate lets all through that wait for it, once it opens', async (t) => {
  const gate = new Gate()
  const { signal } = new AbortController()
  t.equal(gate.isShut, false)
  gate.shut()
  t.equal(gate.isShut, true)
  const waiting = [gate.opened(signal), gate.opened(signal)]
  gate.open()
  t.same(await Promise.all(waiting), [true, true])
  t.equal(gate.isShut, false)
})

t.test('an abort ends one wait, and the others go on', async (t) => {
  const gate = new Gate()
  const aborted = new AbortController()
  const other = gate.opened(new AbortController().signal)
  const one = gate.opened(aborted.signal)
  aborted.abort()
  t.equal(await one, false)
  t.equal(await gate.opened(aborted.signal), false, 'a signal that has aborted before')
  gate.open()
  t.equal(await other, true)
})

t.test('a wait that has ended leaves no listener at its signal', async (t) => {
  const gate = new Gate()
  const { signal } = new AbortController()
  const opened = gate.opened(signal)
  gate.open()
  await opened
  t.same(getEventListeners(signal, 'abort'), [])
})
