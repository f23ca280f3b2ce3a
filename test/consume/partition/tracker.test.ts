import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import t from 'tap'
import fc from 'fast-check'
import { PartitionTracker, type Tracked } from '../../../lib/consume/partition/tracker.js'

/** Hands over the records at these offsets, as one batch; `position` is that behind the last one. */
function receive (
  tracker: PartitionTracker, offsets: readonly bigint[], position = (offsets.at(-1) ?? 0n) + 1n
): Tracked[] {
  const records = offsets.map((offset) => ({ offset, settled: false, forget () {} }))
  tracker.receive(records, position)
  return records
}

t.test('the watermark is the lowest unsettled offset, whatever the order of settling', async (t) => {
  const tracker = new PartitionTracker()
  const [a, b, c] = receive(tracker, [5n, 6n, 9n]) as [Tracked, Tracked, Tracked]
  t.equal(tracker.committable, undefined, 'nothing is settled')
  t.ok(tracker.settle(c))
  t.equal(tracker.committable, 5n, 'the same offset, with what is settled behind it')
  t.ok(tracker.settle(a))
  t.equal(tracker.committable, 6n)
  t.equal(tracker.oldest, b)
  t.ok(tracker.settle(b))
  t.equal(tracker.committable, 10n)
  t.equal(tracker.pending, 0)
  t.equal(tracker.oldest, undefined)
})

t.test('what is never handed over moves the position, and the watermark when nothing is open', async (t) => {
  const tracker = new PartitionTracker()
  receive(tracker, [], 3n)
  t.equal(tracker.committable, 3n)
  const [a] = receive(tracker, [3n], 8n) as [Tracked]
  t.equal(tracker.committable, 3n)
  tracker.settle(a)
  t.equal(tracker.committable, 8n)
  receive(tracker, [], 2n)
  t.equal(tracker.committable, 8n, 'never backwards')
})

t.test('a message is settled once', async (t) => {
  const tracker = new PartitionTracker()
  const [a] = receive(tracker, [0n]) as [Tracked]
  t.equal(tracker.settle(a), true)
  t.equal(tracker.settle(a), false)
})

t.test('an offset that was received before is refused', async (t) => {
  const tracker = new PartitionTracker()
  receive(tracker, [7n])
  t.throws(() => receive(tracker, [7n]), RangeError)
})

t.test('what is committed is not committed again', async (t) => {
  const tracker = new PartitionTracker()
  const [a] = receive(tracker, [0n]) as [Tracked]
  tracker.settle(a)
  t.equal(tracker.committable, 1n)
  tracker.commitSucceeded(1n)
  t.equal(tracker.committable, undefined)
  tracker.commitSucceeded(0n)
  t.equal(tracker.committable, undefined, 'an older answer that comes late changes nothing')
})

t.test('what is settled ahead is committed once, and what joins it meanwhile next time', async (t) => {
  const tracker = new PartitionTracker()
  const [a, b, c, d] = receive(tracker, [0n, 2n, 3n, 9n]) as [Tracked, Tracked, Tracked, Tracked]
  tracker.settle(d)
  tracker.settle(b)
  t.same(tracker.settledAhead, [2n, 9n])
  const { ahead } = tracker
  tracker.settle(c)
  tracker.commitSucceeded(0n, ahead)
  t.equal(tracker.committable, 0n)
  tracker.commitSucceeded(0n, tracker.ahead)
  t.equal(tracker.committable, undefined)
  tracker.commitSucceeded(0n, ahead)
  t.equal(tracker.committable, undefined, 'an older answer that comes late changes nothing')
  tracker.settle(a)
  t.same([tracker.committable, tracker.settledAhead], [10n, []])
})

t.test('a late result of a lost generation moves nothing', async (t) => {
  const tracker = new PartitionTracker()
  const [a] = receive(tracker, [0n]) as [Tracked]
  tracker.revoke()
  t.ok(tracker.revoked)
  t.equal(tracker.settle(a), false)
  t.equal(tracker.committable, undefined)
  t.equal(tracker.pending, 0)
})

t.test('random orders never commit past an unsettled offset or backwards, and end with all committed', async (t) => {
  // Two generations: what the first has not committed is redelivered to the second.
  const action = fc.record({
    kind: fc.constantFrom('receive', 'settle', 'commit-ok', 'commit-fail', 'rebalance', 'late'),
    gap: fc.integer({ min: 0, max: 3 }),
    pick: fc.nat()
  })
  fc.assert(fc.property(fc.array(action, { maxLength: 120 }), (actions) => {
    let tracker = new PartitionTracker()
    let committed = 0n
    let next = 0n
    const settledOffsets = new Set<bigint>()
    const received = new Set<bigint>()
    let open: Tracked[] = []
    const lost: Array<{ tracker: PartitionTracker, tracked: Tracked }> = []

    function commit (ok: boolean): void {
      const offset = tracker.committable
      if (offset === undefined) return
      if (offset < committed) throw new Error(`backwards: ${offset} after ${committed}`)
      for (const at of received) {
        if (at < offset && !settledOffsets.has(at)) throw new Error(`past unsettled ${at}: ${offset}`)
      }
      if (!ok) return
      committed = offset
      tracker.commitSucceeded(offset, tracker.ahead)
    }

    for (const { kind, gap, pick } of actions) {
      if (kind === 'receive') {
        // A batch of one to three records, with gaps before and behind them.
        const offsets = Array.from({ length: 1 + pick % 3 }, (_, i) => next + BigInt(gap * (i + 1) + i))
        for (const offset of offsets) received.add(offset)
        next = (offsets.at(-1) as bigint) + 1n + BigInt(gap % 2)
        open.push(...receive(tracker, offsets, next))
      }
      if (kind === 'settle' && open.length > 0) {
        const [tracked] = open.splice(pick % open.length, 1) as [Tracked]
        settledOffsets.add(tracked.offset)
        tracker.settle(tracked)
      }
      if (kind === 'commit-ok' || kind === 'commit-fail') commit(kind === 'commit-ok')
      if (kind === 'late' && lost.length > 0) {
        const { tracker, tracked } = lost[pick % lost.length] as (typeof lost)[number]
        if (tracker.settle(tracked)) throw new Error('a lost tracker took a result')
        if (tracker.committable !== undefined) throw new Error('a lost tracker wants to commit')
      }
      if (kind === 'rebalance') {
        for (const tracked of open) lost.push({ tracker, tracked })
        tracker.revoke()
        tracker = new PartitionTracker()
        open = []
        next = committed
        // A settled offset that was not committed is redelivered, as new work.
        for (const at of received) if (at >= committed) { received.delete(at); settledOffsets.delete(at) }
      }
    }
    for (const tracked of open) {
      settledOffsets.add(tracked.offset)
      tracker.settle(tracked)
    }
    commit(true)
    return tracker.pending === 0 && tracker.committable === undefined && committed === (
      received.size === 0 ? committed : next
    )
  }), { numRuns: 10_000 })
})

t.test('a long life holds no memory of what is settled', async (t) => {
  const tracker = new PartitionTracker()
  let [previous] = receive(tracker, [0n]) as [Tracked]
  for (let offset = 1n; offset < 10_000n; offset++) {
    const [tracked] = receive(tracker, [offset]) as [Tracked]
    tracker.settle(previous)
    previous = tracked
  }
  t.equal(tracker.pending, 1)
  t.equal(tracker.committable, 9_999n)
})

t.test('an offset settled out of order keeps no record, and is freed with the watermark', async (t) => {
  const tracker = new PartitionTracker()
  const forgotten: bigint[] = []
  const records = [5n, 6n, 7n, 8n].map((offset) => ({ offset, settled: false, forget () { forgotten.push(offset) } }))
  const held = new WeakRef(records[0] as object)
  tracker.receive(records, 9n)
  const [, second, third] = records
  tracker.settle(second!)
  tracker.settle(third!)
  t.same(forgotten, [6n, 7n])
  t.equal(tracker.pending, 4)
  tracker.settle(records.shift()!)
  t.same(forgotten, [6n, 7n], 'the oldest is not kept at all')
  t.equal(tracker.pending, 1)
  t.equal(tracker.watermark, 8n)
  records.length = 0
  setFlagsFromString('--expose-gc')
  const gc = runInNewContext('gc') as () => void
  await new Promise((resolve) => { setImmediate(resolve) })
  gc()
  t.equal(held.deref(), undefined, 'the tracker lets go of it at once')
})

t.test('a position that was committed before anything was received is not committed again', async (t) => {
  const tracker = new PartitionTracker()
  receive(tracker, [], 3n)
  t.equal(tracker.committable, 3n)
  tracker.commitSucceeded(3n)
  t.equal(tracker.committable, undefined)
})
