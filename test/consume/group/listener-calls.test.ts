import { AsyncLocalStorage } from 'node:async_hooks'
import t from 'tap'
import type { RebalanceListener, TopicPartition } from '../../../index.js'
import { ListenerCalls } from '../../../lib/consume/group/listener-calls.js'
import { logLines } from '../../support/log-lines.js'
import { ManualClock, turn } from '../../support/manual-clock.js'

const PLAN = { name: 'count', groupId: 'shop', handlerTimeout: 1000 }

const parts = (...partitions: number[]): TopicPartition[] => {
  return partitions.map((partition) => ({ topic: 'orders', partition }))
}

/** A listener that writes down its calls, and waits in those that are held until the test ends them. */
function build (options: { dispatch?: boolean, held?: ReadonlyArray<keyof RebalanceListener> } = {}) {
  const { dispatch = true, held = [] } = options
  const clock = new ManualClock()
  const log = logLines()
  const told: string[] = []
  const ends: Array<(error?: Error) => void> = []
  const call = (name: keyof RebalanceListener) => (partitions: readonly TopicPartition[]) => {
    told.push(`${name} ${partitions.map(({ partition }) => partition).join()}`)
    if (!held.includes(name)) return
    return new Promise<void>((resolve, reject) => {
      ends.push((error) => { if (error === undefined) resolve(); else reject(error) })
    })
  }
  const listener = { onAssigned: call('onAssigned'), onRevoked: call('onRevoked'), onLost: call('onLost') }
  const calls = new ListenerCalls(listener, PLAN, { clock, log })
  if (dispatch) calls.dispatch()
  return { clock, log, told, ends, listener, calls }
}

t.test('the calls of a listener come one after the other', async (t) => {
  const { calls, told, ends } = build({ held: ['onAssigned'] })
  calls.assigned(parts(0, 1))
  const revoked = calls.revoked(calls.assignment, 500)
  calls.assigned(parts(1))
  await turn()
  t.same(told, ['onAssigned 0,1'])
  ends.shift()?.()
  await revoked
  await turn()
  t.same(told, ['onAssigned 0,1', 'onRevoked 0,1', 'onAssigned 1'])
  ends.shift()?.()
  await turn()
  t.equal(calls.calling, undefined)
})

t.test('before the app is ready a listener hears nothing, and then of what is assigned at that time', async (t) => {
  const { calls, told } = build({ dispatch: false })
  calls.assigned(parts(0))
  await calls.revoked(calls.assignment, 500)
  calls.assigned(parts(1))
  calls.lost()
  calls.assigned(parts(2))
  await turn()
  t.same(told, [])
  calls.dispatch()
  await turn()
  t.same(told, ['onAssigned 2'])
})

t.test('an assignment without partitions is told, and nothing is revoked of it', async (t) => {
  const { calls, told } = build()
  calls.assigned([])
  await calls.revoked(calls.assignment, 500)
  t.same(told, ['onAssigned '])
})

t.test('partitions are revoked once, and those of a later generation not by an earlier drain', async (t) => {
  const { calls, told } = build()
  calls.assigned(parts(0))
  const first = calls.assignment
  await calls.revoked(first, 500)
  await calls.revoked(first, 500)
  calls.lost()
  calls.assigned(parts(1))
  await calls.revoked(first, 500)
  await turn()
  t.same(told, ['onAssigned 0', 'onRevoked 0', 'onAssigned 1'])
})

t.test('a second drain waits for the call of the first one', async (t) => {
  const { calls, ends } = build({ held: ['onRevoked'] })
  calls.assigned(parts(0))
  const { assignment } = calls
  const order: string[] = []
  const first = calls.revoked(assignment, 500).then(() => { order.push('first') })
  const second = calls.revoked(assignment, 500).then(() => { order.push('second') })
  await turn()
  t.same(order, [])
  ends.shift()?.()
  await Promise.all([first, second])
})

t.test('lost partitions are told as such, or as revoked where the listener has no onLost', async (t) => {
  const { calls, told, listener, clock, log } = build()
  calls.assigned(parts(0))
  calls.lost()
  await turn()
  t.same(told.splice(0), ['onAssigned 0', 'onLost 0'])
  const { onRevoked } = listener
  const without = new ListenerCalls({ onRevoked }, PLAN, { clock, log })
  without.dispatch()
  without.assigned(parts(3))
  without.lost()
  await turn()
  t.same(told, ['onRevoked 3'])
})

t.test('a call that takes too long is logged, and the drain does not wait for it', async (t) => {
  const { calls, clock, log, told, ends } = build({ held: ['onRevoked'] })
  calls.assigned(parts(0))
  const revoked = calls.revoked(calls.assignment, 500)
  await clock.advance(500)
  await revoked
  t.same(log.lines, ['error the rebalance listener did not end in time: the group goes on'])
  t.same(log.details, [{ subscriber: 'count', groupId: 'shop', call: 'onRevoked', timeout: 500 }])
  calls.assigned(parts(1))
  await turn()
  t.same(told.at(-1), 'onAssigned 1', 'it holds up no later call')
  ends.shift()?.(new Error('late'))
  await turn()
})

t.test('a drain waits for its time only, also behind an earlier call', async (t) => {
  const { calls, clock, told } = build({ held: ['onAssigned'] })
  calls.assigned(parts(0))
  const revoked = calls.revoked(calls.assignment, 500)
  await clock.advance(500)
  await revoked
  t.same(told, ['onAssigned 0'])
  await clock.advance(500)
  t.same(told, ['onAssigned 0', 'onRevoked 0'], 'it is called all the same')
})

t.test('an error of a listener is logged, whether it is thrown or rejected', async (t) => {
  const { clock, log } = build()
  const listener: RebalanceListener = {
    onAssigned () { throw new Error('thrown') },
    async onRevoked () { throw new Error('rejected') }
  }
  const calls = new ListenerCalls(listener, PLAN, { clock, log })
  calls.dispatch()
  calls.assigned(parts(0))
  await calls.revoked(calls.assignment, 500)
  t.same(log.lines, Array(2).fill('error the rebalance listener failed: the group goes on'))
  t.match(log.details, [
    { err: { message: 'thrown' }, call: 'onAssigned' }, { err: { message: 'rejected' }, call: 'onRevoked' }
  ])
})

t.test('a listener runs in an async context of its own, as a method of its object', async (t) => {
  const { clock, log } = build()
  const storage = new AsyncLocalStorage<string>()
  class Seen implements RebalanceListener {
    readonly stores: unknown[] = []
    onAssigned (): void { this.stores.push(storage.getStore()) }
    async onRevoked (): Promise<void> { this.stores.push(storage.getStore()) }
  }
  const seen = new Seen()
  const calls = new ListenerCalls(seen, PLAN, { clock, log })
  await storage.run('of another message', async () => {
    calls.dispatch()
    calls.assigned(parts(0))
    await calls.revoked(calls.assignment, 500)
  })
  t.same(seen.stores, [undefined, undefined])
})

t.test('a listener without a function is not called for it, and nothing is logged', async (t) => {
  const { clock, log } = build()
  const calls = new ListenerCalls({}, PLAN, { clock, log })
  calls.dispatch()
  calls.assigned(parts(0))
  await calls.revoked(calls.assignment, 500)
  t.same(log.lines, [])
})

t.test('calls are under way until the last one has ended', async (t) => {
  const { calls, ends } = build({ held: ['onAssigned', 'onRevoked'] })
  calls.assigned(parts(0))
  const revoked = calls.revoked(calls.assignment, 500)
  await turn()
  ends.shift()?.()
  await turn()
  t.not(calls.calling, undefined, 'onRevoked runs')
  ends.shift()?.()
  await revoked
  t.equal(calls.calling, undefined)
})
