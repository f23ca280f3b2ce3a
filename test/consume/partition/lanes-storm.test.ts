import t from 'tap'
import fc from 'fast-check'
import { Lanes, type Pause } from '../../../lib/consume/partition/lanes.js'
import { Pace } from '../../../lib/consume/partition/pace.js'
import { ManualClock } from '../../support/manual-clock.js'

t.test('FIFO per lane, one at a time in it, none starves, and nothing is left, whatever happens', async (t) => {
  interface Item { readonly lane: string, readonly n: number }
  interface Running extends Item {
    readonly born: number
    readonly end: (goOn: boolean) => void
    readonly pause: Pause
    resume: (() => void) | undefined
  }
  const kinds = [
    'push', 'push', 'push', 'end', 'end', 'end', 'again', 'wait', 'resume', 'resume', 'freeze', 'thaw', 'clear'
  ] as const
  const action = fc.record({
    kind: fc.constantFrom(...kinds), lane: fc.nat(4), count: fc.integer({ min: 1, max: 4 }), pick: fc.nat()
  })
  await fc.assert(fc.asyncProperty(fc.integer({ min: 1, max: 4 }), fc.array(action, {
    maxLength: 40
  }), async (concurrency, actions) => {
    const running = new Map<string, Running>()
    const expected = new Map<string, number[]>()
    const pushed = new Map<string, number>()
    let clears = 0
    const lanes = new Lanes<Item>(concurrency, new Pace(new ManualClock()), (item, pause) => {
      const { lane, n } = item
      if (running.has(lane)) throw new Error(`two run in ${lane}`)
      const next = expected.get(lane)?.shift()
      if (n !== next) throw new Error(`${lane} ran ${n} instead of ${next}`)
      return new Promise((resolve) => {
        running.set(lane, {
          ...item, born: clears, pause, resume: undefined, end: (goOn) => { running.delete(lane); resolve(goOn) }
        })
      })
    })
    async function act (kind: string, lane: string, count: number, pick: number): Promise<void> {
      const waiting = [...running.values()].filter(({ resume }) => resume !== undefined)
      const busy = [...running.values()].filter(({ resume }) => resume === undefined)
      if (busy.length > concurrency) throw new Error('too many run')
      const one = busy[pick % busy.length]
      if (kind === 'push') {
        const from = pushed.get(lane) ?? 0
        const items = Array.from({ length: count }, (_, i) => ({ lane, n: from + i + 1 }))
        pushed.set(lane, from + count)
        expected.set(lane, [...expected.get(lane) ?? [], ...items.map(({ n }) => n)])
        lanes.push(`p${lane.charCodeAt(0) % 2}`, lane, items)
        lanes.dispatch()
      }
      if (kind === 'end') one?.end(true)
      if (kind === 'again' && one !== undefined) {
        // What was queued since a clear is not behind it.
        if (one.born === clears) expected.delete(one.lane)
        one.end(false)
      }
      if (kind === 'wait' && one !== undefined) {
        one.pause(new Promise<void>((resolve) => { one.resume = resolve })).then(() => { one.resume = undefined })
      }
      if (kind === 'resume') waiting[pick % waiting.length]?.resume?.()
      if (kind === 'freeze') lanes.freeze()
      if (kind === 'thaw') lanes.thaw()
      if (kind === 'clear') {
        clears++
        expected.clear()
        lanes.clear()
      }
      for (let i = 0; i < 4; i++) await Promise.resolve()
    }
    for (const { kind, lane, count, pick } of actions) await act(kind, String(lane), count, pick)
    lanes.thaw()
    while (lanes.size > 0) {
      await act('resume', '', 0, 0)
      await act('end', '', 0, 0)
      if (running.size === 0) await new Promise((resolve) => { setImmediate(resolve) })
    }
    for (const [lane, left] of expected) if (left.length > 0) throw new Error(`${lane} starved before ${left[0]}`)
    return lanes.running === 0
  }), { numRuns: 10_000 })
})
