import fc from 'fast-check'
import t, { type Test } from 'tap'
import {
  decodeAssignment, decodeSubscription, encodeAssignment, encodeSubscription
} from '../../lib/transport/consumer-protocol.js'
import { readAssignment } from '../../lib/transport/received-assignment.js'
import { readSubscriptions, StickyAssignor } from '../../lib/transport/sticky-assignor.js'

/** SEED=… repeats a run. */
const seed = Number(process.env['SEED'] ?? 13_001)
const RUNS = 10_000
/** ms that a run may take. A whole run is far below it: the bound is for a loop that foreign bytes control. */
const TIME = 1000
/** Bytes that all runs may leave on the heap. */
const MEMORY = 256 * 1024 * 1024
const COUNTS: Readonly<Record<string, number>> = { orders: 6, invoices: 3, gone: 0 }

const countOf = (topic: string): number => COUNTS[topic] ?? 0
const int16 = fc.integer({ min: -(2 ** 15), max: 2 ** 15 - 1 }).map((value) => {
  const bytes = Buffer.alloc(2)
  bytes.writeInt16BE(value)
  return bytes
})
const int32 = fc.oneof(fc.integer({ min: -2, max: 20 }), fc.integer()).map((value) => {
  const bytes = Buffer.alloc(4)
  bytes.writeInt32BE(value)
  return bytes
})
const text = fc.oneof(
  fc.constantFrom('orders', 'invoices', 'gone', '__proto__', '.', ''), fc.string({ maxLength: 300 })
)
const string = text.map((text) => {
  const bytes = Buffer.alloc(2)
  bytes.writeUInt16BE(Buffer.byteLength(text))
  return Buffer.concat([bytes, Buffer.from(text)])
})
const garbage = fc.array(
  fc.oneof(int16, int32, string, fc.uint8Array({ maxLength: 50 }).map((bytes) => Buffer.from(bytes))), { maxLength: 20 }
).map((parts) => Buffer.concat(parts))
const claims = fc.constantFrom(
  'orders:Infinity', 'orders:3000000', 'orders:-1', 'orders:1e9', 'orders:6,invoices:3', ':', ',,,', 'orders', '\u0000'
)

const subscription = fc.record({
  topics: fc.array(fc.constantFrom('orders', 'invoices', 'gone', '__proto__'), { maxLength: 6 }), claim: claims
}).map(({ topics, claim }) => {
  const bytes = encodeSubscription({ topics, counts: new Map() })
  const userData = Buffer.from(claim)
  bytes.writeInt32BE(userData.length, bytes.length - 4)
  return Buffer.concat([bytes, userData])
})
const assignment = fc.dictionary(
  fc.constantFrom('orders', 'invoices', 'gone', 'others', '__proto__'),
  fc.array(fc.oneof(fc.integer({ min: -1, max: 7 }), fc.integer()), { maxLength: 12 })
)
  .map((topics) => encodeAssignment(new Map(Object.entries(topics))))

/** Whole bytes, cut ones, and ones with a byte that is changed. */
function damaged (whole: fc.Arbitrary<Buffer>): fc.Arbitrary<Buffer> {
  const cut = fc.tuple(whole, fc.nat()).map(([bytes, at]) => bytes.subarray(0, at % (bytes.length + 1)))
  const flipped = fc.tuple(whole, fc.nat(), fc.nat(255)).map(([bytes, at, value]) => {
    const copy = Buffer.from(bytes)
    if (copy.length > 0) copy[at % copy.length] = value
    return copy
  })
  return fc.oneof(whole, cut, flipped, garbage)
}

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
  const members = fc.array(damaged(subscription), { minLength: 1, maxLength: 5 })
  fuzz(t, members, (list) => {
    const joined = list.map((memberMetadata, i) => ({ memberId: `member-${i}`, memberMetadata }))
    const subscriptions = readSubscriptions(joined)
    const owned: string[] = []
    for (const [memberId, assigned] of assignor.assign(subscriptions, countOf)) {
      if (subscriptions.unreadable.has(memberId)) throw new Error(`${memberId} cannot be read and gets something`)
      for (const [topic, partitions] of assigned) {
        for (const partition of partitions) owned.push(`${topic}:${partition}`)
      }
    }
    const expected = [...subscriptions.topics.keys()].flatMap((topic) => Array.from(
      { length: countOf(topic) }, (_, partition) => `${topic}:${partition}`
    ))
    if (owned.sort().join() !== expected.sort().join()) {
      throw new Error(`assigned are ${owned.join()} of ${expected.join()}`)
    }
  })
})

t.test('a member takes from an assignment only existing partitions of its topics, each once', async (t) => {
  fuzz(t, damaged(assignment), (bytes) => {
    const { partitions, refused } = readAssignment(
      bytes, (topic) => topic === 'orders' || topic === 'gone' ? countOf(topic) : undefined
    )
    for (const [topic, taken] of partitions) {
      if (topic !== 'orders' || taken.some(
        (partition) => partition < 0 || partition >= 6
      ) || new Set(taken).size !== taken.length) {
        throw new Error(`${topic}: ${taken.join()}`)
      }
    }
    if (refused !== undefined && refused.examples.length > 10) throw new Error('a warning has no bound')
  })
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
