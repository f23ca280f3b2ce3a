import t from 'tap'
import fc from 'fast-check'
import { Lanes } from '../lib/consume/lanes.js'

/** Lanes whose items end when they are told to. */
function manual (concurrency: number) {
  const started: string[] = []
  const ends = new Map<string, () => void>()
  const lanes = new Lanes<string>(concurrency, (item) => {
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
  const lanes = new Lanes<number>(1, async () => { handled++; return true })
  lanes.push('a', 'a', Array.from({ length: 10_000 }, (_, i) => i))
  lanes.dispatch()
  await new Promise((resolve) => { setImmediate(resolve) })
  t.ok(handled > 0 && handled < 10_000, `${handled} handled in one turn`)
  await lanes.idle()
  t.ok(handled < 10_000 || lanes.size === 0)
})

t.test('FIFO per lane, one at a time in it, none starves, and nothing is left, whatever happens', async (t) => {
  const action = fc.record({ kind: fc.constantFrom('push', 'push', 'end', 'end', 'end', 'freeze', 'thaw'), lane: fc.integer({ min: 0, max: 4 }), count: fc.integer({ min: 1, max: 4 }), pick: fc.nat() })
  await fc.assert(fc.asyncProperty(fc.integer({ min: 1, max: 4 }), fc.array(action, { maxLength: 40 }), async (concurrency, actions) => {
    const running = new Map<string, { n: number, end: () => void }>()
    const last = new Map<string, number>()
    const pushed = new Map<string, number>()
    const lanes = new Lanes<{ lane: string, n: number }>(concurrency, ({ lane, n }) => {
      if (running.has(lane)) throw new Error(`two run in ${lane}`)
      if (n !== (last.get(lane) ?? 0) + 1) throw new Error(`${lane} ran ${n} after ${last.get(lane)}`)
      last.set(lane, n)
      return new Promise((resolve) => {
        running.set(lane, { n, end: () => { running.delete(lane); resolve(true) } })
      })
    })
    async function end (pick: number): Promise<void> {
      const open = [...running.values()]
      if (open.length > concurrency) throw new Error('too many run')
      open[pick % Math.max(1, open.length)]?.end()
      await Promise.resolve()
      await Promise.resolve()
    }
    for (const { kind, lane, count, pick } of actions) {
      if (kind === 'push') {
        const name = String(lane)
        const from = pushed.get(name) ?? 0
        pushed.set(name, from + count)
        lanes.push('p', name, Array.from({ length: count }, (_, i) => ({ lane: name, n: from + i + 1 })))
        lanes.dispatch()
      }
      if (kind === 'end') await end(pick)
      if (kind === 'freeze') lanes.freeze()
      if (kind === 'thaw') lanes.thaw()
    }
    lanes.thaw()
    while (lanes.size > 0) {
      await end(0)
      if (running.size === 0) await new Promise((resolve) => { setImmediate(resolve) })
    }
    for (const [lane, count] of pushed) if (last.get(lane) !== count) throw new Error(`${lane} starved at ${last.get(lane)} of ${count}`)
    return lanes.running === 0
  }), { numRuns: 2000 })
})
