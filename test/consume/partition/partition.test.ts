import t from 'tap'
import { encodeOffsetMap, OffsetMap } from '../../../lib/consume/group/offset-map.js'
import { Lanes } from '../../../lib/consume/partition/lanes.js'
import { Pace } from '../../../lib/consume/partition/pace.js'
import { Partition } from '../../../lib/consume/partition/partition.js'
import { TrackedBatch, type LaneItem } from '../../../lib/consume/partition/tracked-batch.js'
import { TrackedRecord } from '../../../lib/consume/partition/tracked-record.js'
import { MemoryBudget } from '../../../lib/memory-budget.js'
import type { ConsumerListener } from '../../../lib/transport/transport.js'
import { FakeConsumer } from '../../support/fake-consumer.js'
import { ManualClock, turn } from '../../support/manual-clock.js'
import { record } from '../../support/record.js'

// One owned partition: when its reading is paused and resumed, and what it tells of itself.

const PAUSE = 'pause orders[0]'
const RESUME = 'resume orders[0]'

function build ({ messages = 4, bytes = 1e6, places = 0 } = {}) {
  const clock = new ManualClock()
  const budget = new MemoryBudget(bytes)
  const consumer = new FakeConsumer({} as ConsumerListener)
  const begun: bigint[] = []
  const lanes = new Lanes<LaneItem>(places, new Pace(clock), async ({ offset }) => {
    begun.push(offset)
    return true
  })
  const queue = { ordering: 'none', lanes, clock, batch: undefined } as const
  const partition = new Partition({ topic: 'orders', partition: 0 }, queue, consumer, { messages, budget })
  /** Receives the records from one offset to another. */
  const receive = (from: number, to: number, size = 100) => partition.receive(
    Array.from({ length: to - from + 1 }, (_, i) => record(from + i, 'v', { size })), BigInt(to + 1), clock.elapsed())
  /** Settles the oldest record. */
  const settleOldest = (): boolean => partition.settle(partition.tracker.oldest!, clock.elapsed())
  return { clock, budget, consumer, begun, partition, receive, settleOldest, calls: consumer.calls }
}

t.test('reading pauses when exactly so many messages are in memory, and goes on at half of them', async (t) => {
  const { partition, receive, calls } = build()
  receive(0, 2)
  t.same(calls, [])
  receive(3, 3)
  t.same(calls, [PAUSE])
  receive(4, 4)
  t.same(calls, [PAUSE], 'once')
  partition.release(100, 1)
  partition.release(100, 1)
  t.same(calls, [PAUSE])
  partition.release(100, 1)
  t.same(calls, [PAUSE, RESUME])
  partition.release(100, 1)
  t.same(calls, [PAUSE, RESUME], 'once')
})

t.test('reading pauses when exactly so many bytes are in memory', async (t) => {
  for (const [size, expected] of [[499, []], [500, [PAUSE]], [501, [PAUSE]]] as const) {
    const { partition, receive, calls, budget } = build({ messages: 100, bytes: 1000 })
    receive(0, 1, size)
    t.same(calls, expected, String(size))
    partition.release(size, 1)
    partition.release(size, 1)
    t.equal(budget.taken, 0)
  }
})

t.test('what is settled behind an unsettled message counts a tenth', async (t) => {
  const { clock, partition, receive, calls } = build()
  for (let offset = 0; offset < 39; offset++) {
    receive(offset, offset)
    partition.release(100, 1)
  }
  t.same(calls, [])
  receive(39, 39)
  t.same(calls, [PAUSE])
  partition.release(100, 1)
  t.same(calls, [PAUSE])
  for (let i = 0; i < 20; i++) partition.settle(partition.tracker.oldest!, clock.elapsed())
  partition.release(0, 0)
  t.same(calls, [PAUSE, RESUME])
})

t.test('a partition that is held is not read, and is read again unless its buffer is full', async (t) => {
  const { partition, receive, calls } = build()
  partition.hold()
  t.same(calls, [PAUSE])
  partition.unhold(0)
  t.same(calls, [PAUSE, RESUME])
  receive(0, 3)
  partition.hold()
  partition.unhold(0)
  t.same(calls.slice(2), [PAUSE, PAUSE], 'it is full')
  partition.hold()
  for (let i = 0; i < 4; i++) partition.release(100, 1)
  t.same(calls.slice(4), [PAUSE], 'it is held')
  partition.unhold(0)
  t.same(calls.slice(5), [RESUME])
})

t.test('a partition that is abandoned or revoked is never read again, and gives back its memory', async (t) => {
  for (const end of ['abandon', 'revoke'] as const) {
    const { budget, partition, receive, calls } = build()
    receive(0, 4)
    t.equal(budget.taken, 500)
    partition[end]()
    t.equal(budget.taken, 0)
    for (let i = 0; i < 5; i++) partition.release(100, 1)
    t.equal(budget.taken, 0, 'not twice')
    partition[end]()
    t.equal(budget.taken, 0)
    t.notOk(calls.includes(RESUME), end)
  }
})

t.test('the share of the memory is that of the partitions that live', async (t) => {
  const budget = new MemoryBudget(1000)
  const leave = budget.join()
  budget.join()
  budget.take(1000)
  t.same([budget.fill(500), budget.fill(250)], [1, 0.5])
  leave()
  t.same([budget.fill(500), budget.fill(250)], [0.5, 0.25])
})

t.test('a partition that is stopped goes on where it is sent to, not before what was read', async (t) => {
  const { partition, receive, calls } = build({ messages: 100 })
  receive(0, 4)
  const refused = (offset: bigint, message: RegExp): void => {
    t.throws(() => { partition.skipTo(offset) }, { code: 'FASTSTREAM_ERR_SKIP', message })
  }
  refused(9n, /it is being read/)
  partition.stop({ offset: 5n, nextOffset: 8n, error: new Error('damaged') })
  t.match(partition.stopped, { offset: 5n, error: { message: 'damaged' } })
  refused(4n, /what lies before 5 was read/)
  t.same(calls, [])
  partition.skipTo(5n)
  t.same(calls, ['seek orders[0] 5'])
  t.equal(partition.stopped, undefined)
  partition.stop({ offset: 5n, nextOffset: undefined, error: new Error('damaged') })
  partition.skipTo(8n)
  t.same([calls[1], partition.tracker.position], ['seek orders[0] 8', 8n])
})

t.test('the age of the oldest message, and how long nothing has moved', async (t) => {
  const { clock, partition, receive, settleOldest } = build({ messages: 100 })
  t.same([partition.oldestAge(clock.elapsed()), partition.stalledFor(clock.elapsed())], [0, 0])
  receive(0, 1)
  await clock.advance(30)
  t.same([partition.oldestAge(clock.elapsed()), partition.stalledFor(clock.elapsed())], [30, 30])
  t.equal(settleOldest(), true)
  await clock.advance(5)
  t.same([partition.oldestAge(clock.elapsed()), partition.stalledFor(clock.elapsed())], [35, 5])
  partition.hold()
  t.same([partition.oldestAge(clock.elapsed()), partition.stalledFor(clock.elapsed())], [35, 0])
  partition.unhold(clock.elapsed())
  await clock.advance(2)
  t.equal(partition.stalledFor(clock.elapsed()), 2)
  const first = partition.tracker.oldest!
  t.equal(partition.settle(first, clock.elapsed()), true)
  t.equal(partition.settle(first, clock.elapsed()), false, 'it is settled once')
  t.equal(partition.standstill, undefined)
})

t.test('what was settled behind the watermark goes with the commit; the next owner does not handle it', async (t) => {
  t.equal(build().partition.metadata, '')
  const metadata = encodeOffsetMap({ offset: 10n, timestamp: 1_700_000_000_000 }, [11n, 13n])
  const next = build({ messages: 100, places: 10 })
  next.consumer.ends.set('orders[0]', { position: undefined, end: 14n })
  next.partition.restore(OffsetMap.decode(10n, metadata))
  t.same(next.receive(10, 11), { count: 2, isPossible: true })
  t.equal(OffsetMap.decode(10n, next.partition.metadata)?.count, 2, 'what is not read yet is kept')
  t.equal(next.receive(12, 14), undefined, 'it is told once')
  await turn()
  t.same(next.begun, [10n, 12n, 14n])
  t.same(OffsetMap.decode(10n, next.partition.metadata)?.from(10n), [11n, 13n])
})

t.test('an offset map that no owner can have written is told, and what it names is handled', async (t) => {
  const place = { offset: 0n, timestamp: 1_700_000_000_000 }
  const restored = (settled: bigint[], end: bigint | undefined, messages: number) => {
    const { consumer, partition, receive } = build({ messages })
    consumer.ends.set('orders[0]', { position: undefined, end })
    partition.restore(OffsetMap.decode(0n, encodeOffsetMap(place, settled)))
    return receive(0, 0)
  }
  t.same(restored([3n], 4n, 4), { count: 1, isPossible: true })
  t.same(restored([3n], undefined, 4), { count: 1, isPossible: true })
  t.same(restored([3n], 3n, 4), { count: 1, isPossible: false }, 'it is not in the log')
  const most = 1 * 10 + 100_000
  const many = (count: number): bigint[] => Array.from({ length: count }, (_, i) => BigInt(i + 1))
  t.same(restored(many(most), undefined, 1), { count: most, isPossible: true })
  t.same(restored(many(most + 1), undefined, 1), { count: most + 1, isPossible: false })
})

t.test('an offset map of another log is dropped', async (t) => {
  for (const place of [{ offset: 0n, timestamp: 5 }, { offset: 1n, timestamp: 1_700_000_000_000 }]) {
    const { partition, receive, begun } = build({ messages: 100, places: 10 })
    partition.restore(OffsetMap.decode(place.offset, encodeOffsetMap(place, [2n])))
    t.equal(receive(0, 2), undefined)
    await turn()
    t.same(begun, [0n, 1n, 2n])
  }
})

t.test('a batch takes records up to exactly its bounds, and none after it has begun', async (t) => {
  const { partition } = build()
  const tracked = (size: number): TrackedRecord => new TrackedRecord(partition, record(7, 'v', { size }), 0)
  const bySize = new TrackedBatch(tracked(100), { maxSize: 2, maxBytes: 1e6, timeout: 0 })
  t.same([bySize.isFull, bySize.add(tracked(100)), bySize.isFull, bySize.add(tracked(100))], [false, true, true, false])
  t.same([bySize.count, bySize.size, bySize.offset], [2, 200, 7n])
  for (const [size, isTaken, isFull] of [[399, true, false], [400, true, true], [401, false, false]] as const) {
    const byBytes = new TrackedBatch(tracked(600), { maxSize: 9, maxBytes: 1000, timeout: 0 })
    t.same([byBytes.add(tracked(size)), byBytes.isFull], [isTaken, isFull], String(size))
  }
  const begun = new TrackedBatch(tracked(100), { maxSize: 9, maxBytes: 1e6, timeout: 0 })
  begun.begin()
  t.same([begun.add(tracked(100)), begun.count], [false, 1])
})
