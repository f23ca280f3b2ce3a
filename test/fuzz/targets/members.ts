import fc from 'fast-check'
import { encodeAssignment, encodeSubscription } from '../../../lib/transport/consumer-protocol.js'
import { readAssignment } from '../../../lib/transport/received-assignment.js'
import { readSubscriptions, StickyAssignor } from '../../../lib/transport/sticky-assignor.js'
import { promise, type Random, type Target } from '../target.js'

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

/** What the members of a group may say of themselves. */
export const anySubscriptions = fc.array(damaged(subscription), { minLength: 1, maxLength: 5 })
/** What a leader may assign. */
export const anyAssignment = damaged(assignment)

/** Each partition that exists goes to one member that can be read. */
export function assignAsLeader (assignor: StickyAssignor, list: readonly Buffer[]): void {
  const joined = list.map((memberMetadata, i) => ({ memberId: `member-${i}`, memberMetadata }))
  const subscriptions = readSubscriptions(joined)
  const owned: string[] = []
  for (const [memberId, assigned] of assignor.assign(subscriptions, countOf)) {
    promise(!subscriptions.unreadable.has(memberId), `${memberId} cannot be read and gets something`)
    for (const [topic, partitions] of assigned) for (const partition of partitions) owned.push(`${topic}:${partition}`)
  }
  const expected = [...subscriptions.topics.keys()].flatMap((topic) => Array.from(
    { length: countOf(topic) }, (_, partition) => `${topic}:${partition}`
  ))
  promise(owned.sort().join() === expected.sort().join(), `assigned are ${owned.join()} of ${expected.join()}`)
}

/** Only partitions that exist are taken, once, of topics that the member subscribes to. */
export function takeAssignment (bytes: Buffer): void {
  const { partitions, refused } = readAssignment(
    bytes, (topic) => topic === 'orders' || topic === 'gone' ? countOf(topic) : undefined
  )
  for (const [topic, taken] of partitions) {
    const exist = taken.every((partition) => partition >= 0 && partition < 6)
    promise(topic === 'orders' && exist && new Set(taken).size === taken.length, `${topic}: ${taken.join()}`)
  }
  promise(refused === undefined || refused.examples.length <= 10, 'a warning has no bound')
}

export function subscriptions (): Target {
  const assignor = new StickyAssignor()
  return { name: 'subscriptions', run: (random) => { assignAsLeader(assignor, sample(anySubscriptions, random)) } }
}

export function assignments (): Target {
  return { name: 'assignments', run: (random) => { takeAssignment(sample(anyAssignment, random)) } }
}

function sample<Value> (values: fc.Arbitrary<Value>, random: Random): Value {
  return fc.sample(values, { seed: random(2 ** 31), numRuns: 1 })[0]!
}
