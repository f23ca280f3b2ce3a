import t from 'tap'
import { sleep } from '../lib/clock.js'
import { LightSignal, type Signal } from '../lib/light-signal.js'
import { ManualClock } from './support/manual-clock.js'

const reason = new Error('no answer is waited for')

t.test('an abort calls each listener once, and none that was removed', async (t) => {
  const signal = new LightSignal()
  const called: string[] = []
  const removed = (): void => { called.push('removed') }
  const twice = (): void => { called.push('twice') }
  signal.addEventListener('abort', removed)
  signal.addEventListener('abort', twice)
  signal.addEventListener('abort', twice)
  signal.addEventListener('abort', () => { called.push('last') })
  signal.removeEventListener('abort', removed)
  signal.abort(reason)
  t.same(called, ['twice', 'last'])
  signal.abort(new Error('again'))
  t.same(called, ['twice', 'last'])
  t.equal(signal.reason, reason, 'the first reason counts')
})

t.test('it tells whether it was aborted, and throws its reason', async (t) => {
  const signal = new LightSignal()
  t.equal(signal.aborted, false)
  t.equal(signal.reason, undefined)
  t.doesNotThrow(() => { signal.throwIfAborted() })
  signal.addEventListener('abort', () => { t.equal(signal.aborted, true, 'when listeners are called, too') })
  signal.abort(reason)
  t.throws(() => { signal.throwIfAborted() }, reason)
})

t.test('a listener that is removed or added while others are called is not called', async (t) => {
  for (const signal of [new LightSignal(), new AbortController().signal]) {
    const called: string[] = []
    const removed = (): void => { called.push('removed') }
    signal.addEventListener('abort', () => {
      called.push('first')
      signal.removeEventListener('abort', removed)
      signal.addEventListener('abort', () => { called.push('added') })
    })
    signal.addEventListener('abort', removed)
    if (signal instanceof LightSignal) signal.abort(reason)
    else signal.dispatchEvent(new Event('abort'))
    t.same(called, ['first'])
  }
})

t.test('a wait ends with it, as with an AbortSignal', async (t) => {
  const controller = new AbortController()
  const light = new LightSignal()
  const clock = new ManualClock()
  const waits = [light, controller.signal].map((signal: Signal) => sleep(clock, 1000, signal))
  light.abort(reason)
  controller.abort(reason)
  t.same(await Promise.all(waits), [false, false])
  t.equal(await sleep(clock, 1000, light), false)
})
