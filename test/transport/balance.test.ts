import fc from 'fast-check'
import t from 'tap'
import { balance, Share } from '../../lib/transport/balance.js'

/** Who subscribes to which topics. */
type Subscriptions = Readonly<Record<string, readonly string[]>>
/** `topic/partition` and its owner. */
type Owners = ReadonlyMap<string, string>

/** `counts`: of each topic its number of partitions. */
function assign (
  subscriptions: Subscriptions, counts: Readonly<Record<string, number>>, previous: Owners = new Map()
): Owners {
  const shares = Object.keys(subscriptions).map((member) => new Share(member))
  const partitions = Object.entries(counts).flatMap(([topic, count]) => {
    const able = shares.filter(({ member }) => subscriptions[member]!.includes(topic))
    if (able.length === 0) return []
    return Array.from({ length: count }, (_, partition) => {
      const name = `${topic}/${partition}`
      return { name, topic, able, owner: able.find(({ member }) => member === previous.get(name)) }
    })
  })
  balance(partitions)
  return new Map(partitions.map(({ name, owner }) => [name, owner!.member]))
}

/** How many partitions each of `members` has, of one topic or of all. */
function sizes (owners: Owners, members: readonly string[], topic = ''): number[] {
  return members.map(
    (member) => [...owners].filter(([name, owner]) => owner === member && name.startsWith(topic)).length
  )
}

function subscribeAll (members: readonly string[], ...topics: string[]): Subscriptions {
  return Object.fromEntries(members.map((member) => [member, topics]))
}

const [two, three, four] = [['one', 'two'], ['one', 'two', 'three'], ['one', 'two', 'three', 'four']]

t.test('every partition goes to a member that subscribes to its topic', async (t) => {
  const owners = assign({ one: ['a'], two: ['a', 'b'] }, { a: 4, b: 4 })
  t.same([sizes(owners, two, 'a/'), sizes(owners, two, 'b/')], [[2, 2], [0, 4]])
})

t.test('a member too many gets nothing', async (t) => {
  t.same(sizes(assign(subscribeAll(two, 'a'), { a: 1 }), two), [1, 0])
})

t.test('many topics of one partition are spread, also among members that come later', async (t) => {
  const counts = Object.fromEntries(Array.from({ length: 10 }, (_, i) => [`t${i}`, 1]))
  const alone = assign(subscribeAll(['one'], ...Object.keys(counts)), counts)
  t.same(sizes(assign(subscribeAll(two, ...Object.keys(counts)), counts, alone), two), [5, 5])
})

t.test('each topic is spread, not only the sum', async (t) => {
  const counts = { a: 4, b: 4 }
  const alone = assign(subscribeAll(['one'], 'a', 'b'), counts)
  const owners = assign(subscribeAll(two, 'a', 'b'), counts, alone)
  t.same([sizes(owners, two, 'a/'), sizes(owners, two, 'b/')], [[2, 2], [2, 2]])
})

t.test('partitions move only to a member that joins and from a member that leaves', async (t) => {
  const counts = { a: 12 }
  const before = assign(subscribeAll(three, 'a'), counts)
  const joined = assign(subscribeAll(four, 'a'), counts, before)
  t.same(sizes(joined, four), [3, 3, 3, 3])
  t.ok([...joined].every(([name, owner]) => owner === 'four' || before.get(name) === owner))
  const left = assign(subscribeAll(three, 'a'), counts, joined)
  t.same(sizes(left, three), [4, 4, 4])
  t.ok([...joined].every(([name, owner]) => owner === 'four' || left.get(name) === owner))
})

t.test('random groups: each topic is balanced, and an unchanged group moves nothing', async (t) => {
  const topics = ['a', 'b', 'c']
  const subscribed = fc.dictionary(
    fc.constantFrom('one', 'two', 'three', 'four', 'five', 'six'),
    fc.subarray(topics),
    { minKeys: 1, noNullPrototype: true }
  )
  const counted = fc.record(Object.fromEntries(topics.map((topic) => [topic, fc.nat(7)])))
  fc.assert(fc.property(fc.array(subscribed, { minLength: 1, maxLength: 5 }), counted, (generations, counts) => {
    let owners: Owners = new Map()
    for (const subscriptions of generations) {
      owners = assign(subscriptions, counts, owners)
      for (const topic of topics) {
        const able = Object.keys(subscriptions).filter((member) => subscriptions[member]!.includes(topic))
        const given = sizes(owners, able, `${topic}/`)
        if (able.length === 0) continue
        if (given.reduce((sum, size) => sum + size, 0) !== counts[topic]) {
          throw new Error(`not every partition of ${topic} is read by a subscriber`)
        }
        if (Math.max(...given) - Math.min(...given) > 1) throw new Error(`${topic} is not even: ${given}`)
      }
      const again = assign(subscriptions, counts, owners)
      if ([...again].some(([name, owner]) => owners.get(name) !== owner)) throw new Error('moved without a reason')
    }
  }), { numRuns: 1000 })
  t.pass('1000 groups')
})
