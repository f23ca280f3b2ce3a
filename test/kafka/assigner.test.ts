import t from 'tap'
import { topicAwareAssigner } from '../../lib/transport/kafkajs/assigner.js'
import { loadKafkajs } from '../../lib/transport/kafkajs/copy/load.js'

const { MemberMetadata, MemberAssignment } = loadKafkajs().AssignerProtocol

/** Topics and partition counts, as one member knows them from its metadata, and as the cluster has them. */
function assignerOf (known: Record<string, number>, cluster: Record<string, number> = known) {
  const asked: string[] = []
  const assigner = topicAwareAssigner({
    findTopicPartitionMetadata: (topic) => Array.from({ length: known[topic] ?? 0 }),
    brokerPool: {
      findConnectedBroker: async () => ({
        metadata: async ([topic]) => {
          asked.push(topic!)
          if (cluster[topic!] === undefined) throw new Error('unknown topic')
          return { topicMetadata: [{ partitionMetadata: Array.from({ length: cluster[topic!]! }) }] }
        }
      })
    }
  })
  return { assigner, asked }
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
  const shares = await assign(assignerOf({ a: 4 }), [member('one', { a: 4 }), member('two', { a: 4, b: 4 })])
  t.same(shares.one, { a: [0, 2] })
  t.same(shares.two, { a: [1, 3], b: [0, 1, 2, 3] })
})

t.test('disjoint topics are all read, whoever leads', async (t) => {
  const members = [member('one', { a: 2 }), member('two', { b: 2 })]
  for (const known of [{ a: 2 }, { b: 2 }] as Array<Record<string, number>>) {
    t.same(await assign(assignerOf(known), members), { one: { a: [0, 1] }, two: { b: [0, 1] } })
  }
})

t.test('a member that knows of more partitions than the leader is believed', async (t) => {
  const assigner = assignerOf({ a: 4, b: 4 })
  const shares = await assign(assigner, [member('one', { a: 4 }), member('two', { b: 6 }), member('three', { b: 4 })])
  t.same([...shares.two!.b!, ...shares.three!.b!].sort(), [0, 1, 2, 3, 4, 5])
  t.same(assigner.asked, [])
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
