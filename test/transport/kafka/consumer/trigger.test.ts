import { getEventListeners } from 'node:events'
import t from 'tap'
import { Trigger } from '../../../../lib/transport/kafka/consumer/trigger.js'
import { manualEnvironment } from '../../../support/kafka-client.js'
import { turn } from '../../../support/manual-clock.js'

t.test('a wait ends with its time, or when it is fired, or when its loop is over', async (t) => {
  const environment = manualEnvironment()
  const trigger = new Trigger()
  const loop = new AbortController()
  const state = { waited: 0 }
  const wait = (): void => { trigger.wait(1000, environment, loop.signal).then(() => { state.waited++ }, () => {}) }
  wait()
  await environment.clock.advance(999)
  t.equal(state.waited, 0)
  await environment.clock.advance(1)
  t.equal(state.waited, 1, 'its time')
  wait()
  trigger.fire()
  await turn()
  t.equal(state.waited, 2, 'fired')
  trigger.fire()
  wait()
  await turn()
  t.equal(state.waited, 3, 'fired before')
  wait()
  await turn()
  t.equal(state.waited, 3, 'once for each time')
  t.equal(getEventListeners(loop.signal, 'abort').length, 1)
  loop.abort()
  await turn()
  t.equal(state.waited, 4, 'its loop')
  t.equal(getEventListeners(loop.signal, 'abort').length, 0, 'a wait leaves no listener behind')
  wait()
  await turn()
  t.equal(state.waited, 5, 'its loop was over before')
  t.equal(environment.clock.waiting, 0)
})
