import fc from 'fast-check'
import t, { type Test } from 'tap'
import {
  decodeAssignment, decodeSubscription, encodeAssignment, encodeSubscription
} from '../../lib/transport/consumer-protocol.js'
import { readSubscriptions, StickyAssignor } from '../../lib/transport/sticky-assignor.js'
import { anyAssignment, anySubscriptions, assignAsLeader, takeAssignment } from '../fuzz/targets/members.js'

/** SEED=… repeats a run. */
const seed = Number(process.env['SEED'] ?? 13_001)
const RUNS = 10_000
/** ms that a run may take. A whole run is far below it: the bound is for a loop that foreign bytes control. */
const TIME = 1000
/** Bytes that all runs may leave on the heap. */
const MEMORY = 256 * 1024 * 1024
/** Runs `property` for each value, with a bound of time for each and of memory for all. */
function fuzz<Value> (t: Test, values: fc.Arbitrary<Value>, property: (value: Value) => void): void {
  const before = process.memoryUsage().heapUsed
  let slowest = 0
  fc.assert(fc.property(values, (value) => {
    const start = performance.now()
    property(value)
    slowest = Math.max(slowest, performance.now() - start)
  }), { seed, numRuns: RUNS, endOnFailure: true })
  t.comment(`SEED=${seed}: ${RUNS} runs, the slowest took ${slowest.toFixed(1)} ms`)
  t.ok(slowest < TIME, 'each is bounded in time')
  t.ok(process.memoryUsage().heapUsed - before < MEMORY, 'all are bounded in memory')
}

t.test('whatever members say of themselves, each partition that exists has one owner that can be read', async (t) => {
  const assignor = new StickyAssignor()
  fuzz(t, anySubscriptions, (list) => { assignAsLeader(assignor, list) })
})

t.test('a member takes from an assignment only existing partitions of its topics, each once', async (t) => {
  fuzz(t, anyAssignment, takeAssignment)
})

t.test('what is written is read', async (t) => {
  const own = { topics: ['b', 'a'], counts: new Map([['a', 3], ['b', 12]]) }
  t.same(decodeSubscription(encodeSubscription(own)), own)
  const given = new Map([['a', [0, 2]], ['__proto__', [1]]])
  t.same(decodeAssignment(encodeAssignment(given)), given)
  t.same(decodeAssignment(Buffer.alloc(0)), new Map())
})

t.test('a subscription of another client is read: newer versions, foreign or no user data', async (t) => {
  const [head] = [encodeSubscription({ topics: ['a'], counts: new Map() })]
  const newer = Buffer.concat([head, Buffer.from('owned partitions, generation and rack')])
  newer.writeInt16BE(3)
  const none = Buffer.from(head)
  none.writeInt32BE(-1, head.length - 4)
  const long = Buffer.concat([head.subarray(0, -4), Buffer.from([0, 0, 0, 100]), Buffer.alloc(100, 'a:1,')])
  for (const bytes of [newer, none, long, head.subarray(0, -4)]) {
    t.same(decodeSubscription(bytes), { topics: ['a'], counts: new Map() })
  }
})

t.test('bytes that are no subscription say why', async (t) => {
  const cases: Array<[bytes: number[] | Buffer, reason: RegExp]> = [
    [[], /ends too early/],
    [[0xff, 0xff, 0, 0, 0, 0], /version -1/],
    [[0, 0, 0xff, 0xff, 0xff, 0xff], /list of length -1/],
    [[0, 0, 0x7f, 0xff, 0xff, 0xff], /longer than the bytes/],
    [[0, 0, 0, 0, 0, 1, 0xff, 0xff], /length of -1/],
    [[0, 0, 0, 0, 0, 1, 0, 9, 0x61], /ends too early/],
    [[0, 0, 0, 0, 0, 1, 0, 1, 0x20], /not allow/],
    [
      encodeSubscription({ topics: Array.from({ length: 10_001 }, (_, i) => `t${i}`), counts: new Map() }),
      /more than 10000/
    ]
  ]
  for (const [bytes, reason] of cases) t.throws(() => decodeSubscription(Buffer.from(bytes)), { message: reason })
})

t.test('one topic that is named many times is one', async (t) => {
  const { topics } = readSubscriptions([{
    memberId: 'one',
    memberMetadata: encodeSubscription({ topics: Array.from({ length: 50_000 }, () => 'orders'), counts: new Map() })
  }])
  t.equal(topics.get('orders')?.able.length, 1)
})
