import { setImmediate as turn } from 'node:timers/promises'
import t from 'tap'
import { systemClock } from '../../lib/clock.js'
import { closeCalled, watchClose } from '../../lib/consume/close-calls.js'
import type { Events } from '../../lib/events.js'
import { environmentOf } from '../support/environment.js'

const createBroker = (): Events => environmentOf(systemClock).events

/** Runs work in a function of this name, which waits for it. */
async function runAs (name: string, work: () => Promise<void>): Promise<void> {
  const { [name]: run } = { [name]: async () => { await work() } }
  await run!()
}

t.test('a handler that waits for a close is told, in whichever turn it calls', async (t) => {
  const [one, other] = [createBroker(), createBroker()]
  const told: string[] = []
  const [a, b] = [watchClose(one, () => { told.push('a') }), watchClose(one, () => { told.push('b') })]
  const c = watchClose(other, () => { told.push('c') })
  t.equal(new Set([a, b, c]).size, 3)

  await runAs(a, async () => { closeCalled([one]) })
  t.same(told.splice(0), ['a'])
  await runAs(b, async () => { await turn(); closeCalled([one, other]) })
  t.same(told.splice(0), ['b'])
  await runAs(a, () => runAs(b, async () => { await turn(); closeCalled([one]) }))
  t.same(told.splice(0).sort(), ['a', 'b'])
  await runAs(c, async () => { closeCalled([one, createBroker(), other]) })
  t.same(told.splice(0), ['c'])
})

t.test('no handler is told of a close of another app, or of one that it does not wait for', async (t) => {
  const [one, other] = [createBroker(), createBroker()]
  const told: string[] = []
  const name = watchClose(one, () => { told.push('one') })
  watchClose(other, () => { told.push('other') })
  await runAs(name, async () => { closeCalled([other]) })
  await runAs(name, async () => { closeCalled([createBroker()]) })
  await runAs('another function', async () => { closeCalled([one, other]) })
  t.same(told, [])
})
