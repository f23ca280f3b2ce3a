import t from 'tap'
import { topicAwareAssigner } from '../../lib/transport/kafkajs/assigner.js'
import { loadKafkajs } from '../../lib/transport/kafkajs/copy/load.js'

const silent = { debug () {}, info () {}, warn () {}, error () {} }
const { MemberMetadata, MemberAssignment } = loadKafkajs().AssignerProtocol

/** Topics and partition counts, as one member knows them from its metadata, and as the cluster has them: the last answer stays. */
function assignerOf (known: Record<string, number>, ...answers: Array<Record<string, number> | Error>) {
  const asked: string[] = []
  const warnings: Array<{ readonly count: number, readonly members: unknown }> = []
  const assigner = topicAwareAssigner({
    findTopicPartitionMetadata: (topic) => Array.from({ length: known[topic] ?? 0 }),
    brokerPool: {
      findConnectedBroker: async () => ({
        lookupRequest: () => { throw new Error('nothing is sent') },
        metadata: async (topics) => {
          asked.push(...topics)
          const counts = (answers.length > 1 ? answers.shift() : answers[0]) ?? known
          if (counts instanceof Error) throw counts
          return { topicMetadata: topics.map((topic) => ({ topic, partitionMetadata: Array.from({ length: counts[topic] ?? 0 }) })) }
        }
      })
    }
  }, { groupId: 'shop', log: { ...silent, warn: (details) => { warnings.push(details as typeof warnings[number]) } } })
  return { assigner, asked, warnings }
}

/** What a member of ours tells about itself. */
function member (memberId: string, counts: Record<string, number>) {
  const { assigner } = assignerOf(counts)
  return { memberId, memberMetadata: assigner.protocol({ topics: Object.keys(counts) }).metadata }
}

function plainMember (memberId: string, topics: string[]) {
  return { memberId, memberMetadata: MemberMetadata.encode({ version: 0, topics, userData: Buffer.alloc(0) }) }
}

type Members = Array<{ memberId: string, memberMetadata: Buffer }>
type Shares = Record<string, Record<string, number[]>>

async function assign ({ assigner }: ReturnType<typeof assignerOf>, members: Members): Promise<Shares> {
  const assignments = await assigner.assign({ members, topics: [] })
  return Object.fromEntries(assignments.map(({ memberId, memberAssignment }) => [memberId, MemberAssignment.decode(memberAssignment)!.assignment]))
}

t.test('members of ours and of plain kafkajs agree on the name', async (t) => {
  t.equal(assignerOf({}).assigner.name, 'RoundRobinAssigner')
})

t.test('every partition goes to a member that subscribes to its topic', async (t) => {
  const shares = await assign(assignerOf({ a: 4 }, { a: 4, b: 4 }), [member('one', { a: 4 }), member('two', { a: 4, b: 4 })])
  t.same(shares.one, { a: [0, 2] })
  t.same(shares.two, { a: [1, 3], b: [0, 1, 2, 3] })
})

t.test('disjoint topics are all read, whoever leads', async (t) => {
  const members = [member('one', { a: 2 }), member('two', { b: 2 })]
  for (const known of [{ a: 2 }, { b: 2 }] as Array<Record<string, number>>) {
    t.same(await assign(assignerOf(known, { a: 2, b: 2 }), members), { one: { a: [0, 1] }, two: { b: [0, 1] } })
  }
})

t.test('a member that knows of more partitions than the leader makes it ask the cluster', async (t) => {
  const members = [member('one', { a: 4 }), member('two', { b: 6 }), member('three', { b: 4 })]
  const assigner = assignerOf({ a: 4, b: 4 }, { b: 6 })
  const shares = await assign(assigner, members)
  t.same([...shares.two!.b!, ...shares.three!.b!].sort(), [0, 1, 2, 3, 4, 5])
  t.same(assigner.asked, ['b'])
  const late = assignerOf({ a: 4, b: 4 }, { b: 4 }, { b: 6 })
  const { two, three } = await assign(late, members)
  t.equal(two!.b!.length + three!.b!.length, 6, 'also when the node that answers first has not heard of them')
})

t.test('what a member claims beyond the metadata of the cluster does not exist', async (t) => {
  for (const cluster of [{ a: 4 }, {}, new Error('unreachable')]) {
    const liar = { memberId: 'liar', memberMetadata: MemberMetadata.encode({ version: 0, topics: ['a'], userData: Buffer.from('a:300000000') }) }
    const leader = assignerOf({ a: 4 }, cluster as Record<string, number>)
    t.same(await assign(leader, [liar]), { liar: { a: [0, 1, 2, 3] } })
    t.same(leader.asked, ['a', 'a', 'a'])
  }
})

t.test('a member that cannot be read gets nothing, and one warning for as long as it stays', async (t) => {
  const leader = assignerOf({ a: 2 })
  const broken = { memberId: 'br\u001boken', memberMetadata: Buffer.from('no subscription') }
  const empty = { memberId: 'empty', memberMetadata: Buffer.alloc(0) }
  t.same(await assign(leader, [member('one', { a: 2 }), broken]), { one: { a: [0, 1] }, [broken.memberId]: {} })
  await assign(leader, [member('one', { a: 2 }), broken, empty])
  t.match(leader.warnings, [{ count: 1, members: [{ memberId: 'br\\u001boken' }] }, { count: 1, members: [{ memberId: 'empty', reason: 'it ends too early' }] }])
  t.equal(leader.warnings.length, 2)
  await assign(leader, Array.from({ length: 100 }, (_, i) => ({ ...broken, memberId: `broken ${i}` })))
  t.match(leader.warnings[2], { count: 100, members: { length: 10 } })
})

t.test('what a member tells about itself changes when partitions are added, and not with the order of its topics', async (t) => {
  const metadataOf = (known: Record<string, number>, topics: string[]) => String(MemberMetadata.decode(assignerOf(known).assigner.protocol({ topics }).metadata)!.userData)
  t.equal(metadataOf({ a: 1, b: 2 }, ['a', 'b']), metadataOf({ a: 1, b: 2 }, ['b', 'a']))
  t.not(metadataOf({ a: 1, b: 2 }, ['a', 'b']), metadataOf({ a: 1, b: 3 }, ['a', 'b']))
})

t.test('the cluster is asked about topics that only plain kafkajs reads, and one that is gone goes to nobody', async (t) => {
  const leader = assignerOf({ a: 2 }, { b: 2 })
  const shares = await assign(leader, [member('ours', { a: 2 }), plainMember('plain', ['b', 'gone'])])
  t.same(shares, { ours: { a: [0, 1] }, plain: { b: [0, 1] } })
  t.same(leader.asked, ['b', 'gone'])
})

t.test('a member too many gets nothing', async (t) => {
  const shares = await assign(assignerOf({ a: 1 }), [member('one', { a: 1 }), member('two', { a: 1 })])
  t.same(shares, { one: { a: [0] }, two: {} })
})

t.test('whoever leads remembers what it gave, and takes away no more than a new member needs', async (t) => {
  const topics = { a: 4, b: 4 }
  const leader = assignerOf(topics)
  await assign(leader, [member('one', topics)])
  const { one, two } = await assign(leader, [member('one', topics), member('two', topics)])
  t.same([one, two].map((share) => [share!.a!.length, share!.b!.length]), [[2, 2], [2, 2]])
  t.same(await assign(leader, [member('one', topics), member('two', topics)]), { one, two })
})
