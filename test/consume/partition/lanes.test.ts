import t from 'tap'
import { Lanes } from '../../../lib/consume/partition/lanes.js'
import { Pace } from '../../../lib/consume/partition/pace.js'
import { ManualClock } from '../../support/manual-clock.js'

/** Lanes whose items end when they are told to. */
function manual (concurrency: number) {
  const started: string[] = []
  const ends = new Map<string, () => void>()
  const lanes = new Lanes<string>(concurrency, new Pace(new ManualClock()), (item) => {
    started.push(item)
    return new Promise((resolve) => { ends.set(item, () => { resolve(true) }) })
  })
  async function end (item: string): Promise<void> {
    ends.get(item)?.()
    ends.delete(item)
    await new Promise((resolve) => { setImmediate(resolve) })
  }
  return { lanes, started, end, open: () => [...ends.keys()] }
}

t.test('a lane runs its items one after the other, lanes run side by side', async (t) => {
  const { lanes, started, end } = manual(16)
  lanes.push('a', 'a', ['a1', 'a2'])
  lanes.push('b', 'b', ['b1'])
  t.same(started, [], 'nothing before dispatch')
  lanes.dispatch()
  t.same(started, ['a1', 'b1'])
  await end('a1')
  t.same(started, ['a1', 'b1', 'a2'])
})

t.test('no more run than the concurrency allows, and lanes take turns', async (t) => {
  const { lanes, started, end } = manual(1)
  lanes.push('a', 'a', ['a1', 'a2'])
  lanes.push('b', 'b', ['b1', 'b2'])
  lanes.dispatch()
  for (const item of ['a1', 'b1', 'a2', 'b2']) await end(item)
  t.same(started, ['a1', 'b1', 'a2', 'b2'])
  t.equal(lanes.size, 0)
})

t.test('frozen lanes start nothing, what runs runs on', async (t) => {
  const { lanes, started, end } = manual(2)
  lanes.push('a', 'a', ['a1', 'a2'])
  lanes.dispatch()
  lanes.freeze()
  const idle = lanes.idle()
  await end('a1')
  await idle
  t.same(started, ['a1'])
  t.equal(lanes.running, 0)
  await lanes.idle()
  lanes.thaw()
  t.same(started, ['a1', 'a2'])
})

t.test('a lane that is cleared while it runs waits for what runs before it takes new items', async (t) => {
  const { lanes, started, end } = manual(4)
  lanes.push('a', 'a', ['old1', 'old2'])
  lanes.push('b', 'b', ['b1', 'b2'])
  lanes.dispatch()
  lanes.clear()
  lanes.push('a', 'a', ['new1'])
  lanes.dispatch()
  t.same(started, ['old1', 'b1'], 'the zombie holds its lane')
  await end('old1')
  t.same(started, ['old1', 'b1', 'new1'])
  await end('b1')
  await end('new1')
  t.equal(lanes.size, 0)
})

t.test('nothing is pushed by an empty push', async (t) => {
  const { lanes } = manual(1)
  lanes.push('a', 'a', [])
  t.equal(lanes.size, 0)
})

t.test('handlers that never wait leave the event loop its turns', async (t) => {
  let handled = 0
  const lanes = new Lanes<number>(1, new Pace(new ManualClock()), async () => { handled++; return true })
  lanes.push('a', 'a', Array.from({ length: 10_000 }, (_, i) => i))
  lanes.dispatch()
  await new Promise((resolve) => { setImmediate(resolve) })
  t.ok(handled > 0 && handled < 10_000, `${handled} handled in one turn`)
  await lanes.idle()
  t.ok(handled < 10_000 || lanes.size === 0)
})

t.test('partitions take turns, however many lanes one of them has', async (t) => {
  const { lanes, started, end } = manual(1)
  for (const key of ['p1', 'p2', 'p3', 'p4']) lanes.push('p', key, [key])
  lanes.push('q', 'q1', ['q1'])
  lanes.push('q', 'q2', ['q2'])
  lanes.dispatch()
  for (const item of ['p1', 'q1', 'p2', 'q2', 'p3', 'p4']) await end(item)
  t.same(started, ['p1', 'q1', 'p2', 'q2', 'p3', 'p4'])
})

t.test('a waiting item gives its slot to others, and precedes them once its wait is over', async (t) => {
  const events: string[] = []
  const waits = new Map<string, () => void>()
  const ends = new Map<string, () => void>()
  const lanes = new Lanes<string>(1, new Pace(new ManualClock()), async (item, pause) => {
    events.push(`start ${item}`)
    if (item.startsWith('wait')) {
      await pause(new Promise<void>((resolve) => { waits.set(item, resolve) }))
      events.push(`back ${item}`)
    }
    await new Promise<void>((resolve) => { ends.set(item, resolve) })
    return true
  })
  async function open (gates: Map<string, () => void>, item: string): Promise<void> {
    gates.get(item)?.()
    await new Promise((resolve) => { setImmediate(resolve) })
  }
  for (const item of ['wait1', 'one', 'two', 'wait2', 'three']) lanes.push('p', item, [item])
  lanes.dispatch()
  t.same(events, ['start wait1', 'start one'])
  t.equal(lanes.running, 2)
  await open(waits, 'wait1')
  t.same(events, ['start wait1', 'start one'], 'the place is taken')
  await open(ends, 'one')
  t.same(events.slice(2), ['back wait1'])
  await open(ends, 'wait1')
  await open(ends, 'two')
  t.same(events.slice(3), ['start two', 'start wait2', 'start three'])
  await open(ends, 'three')
  await open(waits, 'wait2')
  t.same(events.at(-1), 'back wait2', 'at once when there is room')
  await open(ends, 'wait2')
  await lanes.idle()
})

t.test('a wait that fails has its place again, too', async (t) => {
  const seen: string[] = []
  const lanes = new Lanes<string>(1, new Pace(new ManualClock()), async (item, pause) => {
    await pause(Promise.reject(new Error(item))).catch(({ message }) => { seen.push(message) })
    return true
  })
  lanes.push('p', 'a', ['a1', 'a2'])
  lanes.dispatch()
  while (lanes.size > 0) await new Promise((resolve) => { setImmediate(resolve) })
  t.same(seen, ['a1', 'a2'])
  t.equal(lanes.running, 0)
})

t.test('items behind an unsettled one are dropped, items that were queued later are not', async (t) => {
  const started: string[] = []
  const ends = new Map<string, (goOn: boolean) => void>()
  const lanes = new Lanes<string>(4, new Pace(new ManualClock()), (item) => {
    started.push(item)
    return new Promise((resolve) => { ends.set(item, resolve) })
  })
  const turn = (): Promise<void> => new Promise((resolve) => { setImmediate(resolve) })
  lanes.push('p', 'a', ['a1', 'a2'])
  lanes.push('p', 'b', ['b1', 'b2'])
  lanes.dispatch()
  ends.get('a1')?.(false)
  await turn()
  t.same(started, ['a1', 'b1'])
  t.equal(lanes.size, 1)
  lanes.clear()
  lanes.push('p', 'b', ['b1 again'])
  ends.get('b1')?.(false)
  await turn()
  t.same(started, ['a1', 'b1', 'b1 again'])
})

t.test('stopped lanes start nothing more', async (t) => {
  const { lanes, started, end } = manual(1)
  lanes.push('p', 'a', ['a1', 'a2'])
  lanes.dispatch()
  lanes.stop()
  await end('a1')
  lanes.thaw()
  t.same(started, ['a1'])
})

t.test('lanes that the pace holds back start nothing, and ask once until they are told to go on', async (t) => {
  const started: string[] = []
  const asked: Array<() => void> = []
  let takes = false
  const pace = { takes: (again: () => void) => { asked.push(again); return takes } } as unknown as Pace
  const lanes = new Lanes<string>(1, pace, async (item) => { started.push(item); return true })
  lanes.dispatch()
  t.equal(asked.length, 0, 'nothing is to start')
  lanes.push('p', 'a', ['a1'])
  lanes.dispatch()
  lanes.dispatch()
  t.same([started, asked.length], [[], 1])
  takes = true
  asked[0]?.()
  t.same(started, ['a1'])
})

t.test('who waits until nothing runs is told then, and once', async (t) => {
  const { lanes, end } = manual(1)
  lanes.push('p', 'a', ['a1'])
  lanes.dispatch()
  let isIdle = false
  let asked = 0
  lanes.idle().then(() => { isIdle = true })
  const spared = lanes.idle(() => { asked++; return 0 })
  await new Promise((resolve) => { setImmediate(resolve) })
  t.equal(isIdle, false)
  await end('a1')
  await spared
  t.equal(isIdle, true)
  const before = asked
  lanes.checkIdle()
  t.equal(asked, before)
})

t.test('an item whose wait is over takes its place again: no other begins beside it', async (t) => {
  const started: string[] = []
  let over = (): void => {}
  const lanes = new Lanes<string>(1, new Pace(new ManualClock()), async (item, pause) => {
    started.push(item)
    if (item === 'waits') await pause(new Promise<void>((resolve) => { over = resolve }))
    return await new Promise<boolean>(() => {})
  })
  lanes.push('p', 'a', ['waits'])
  lanes.dispatch()
  over()
  await new Promise((resolve) => { setImmediate(resolve) })
  for (const item of ['b', 'c']) lanes.push('p', item, [item])
  lanes.dispatch()
  t.same(started, ['waits'])
  lanes.resize(2)
  t.same(started, ['waits', 'b'])
})

t.test('a change of places lets no more items go on than there are places', async (t) => {
  const seen: string[] = []
  const over = new Map<string, () => void>()
  const lanes = new Lanes<string>(1, new Pace(new ManualClock()), async (item, pause) => {
    if (item.startsWith('waits')) {
      await pause(new Promise<void>((resolve) => { over.set(item, resolve) }))
      seen.push(item)
    }
    return await new Promise<boolean>(() => {})
  })
  for (const item of ['waits 1', 'waits 2', 'b']) lanes.push('p', item, [item])
  lanes.dispatch()
  for (const end of over.values()) end()
  await new Promise((resolve) => { setImmediate(resolve) })
  lanes.resize(1)
  await new Promise((resolve) => { setImmediate(resolve) })
  t.same(seen, [], 'the only place is taken')
  lanes.resize(2)
  await new Promise((resolve) => { setImmediate(resolve) })
  t.same(seen, ['waits 1'])
})
