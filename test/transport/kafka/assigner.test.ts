import kafkajs from 'kafkajs'
import t from 'tap'
import { Assigner } from '../../../lib/transport/kafka/consumer/assigner.js'
import { decodeAssignment, decodeSubscription, encodeAssignment } from '../../../lib/transport/kafka/consumer/group-protocol.js'
import { fakeWire, metadataOf } from '../../fixtures/fake-wire.js'
import { clientOf, manualEnvironment } from '../../fixtures/kafka-client.js'

const { MemberMetadata, MemberAssignment } = kafkajs.AssignerProtocol

type Test = typeof t
type Counts = Readonly<Record<string, number>>
type Members = Parameters<Assigner['assign']>[0]

/** Topics and partition counts as one member knows them, and as the cluster has them. */
async function assignerOf (t: Pick<Test, 'teardown'>, known: Counts, cluster: Counts = known) {
  const wire = fakeWire({ Metadata: metadataOf(known) })
  const client = clientOf(t, wire, manualEnvironment())
  await client.learn(...Object.keys(known))
  wire.handlers.Metadata = metadataOf(cluster)
  wire.sent.length = 0
  return { assigner: new Assigner(client.cluster, client.metadata), asked: wire.sent }
}

/** What a member of ours tells about itself. */
async function member (t: Pick<Test, 'teardown'>, memberId: string, counts: Counts): Promise<Members[number]> {
  const { assigner } = await assignerOf(t, counts)
  return { memberId, metadata: assigner.protocols(Object.keys(counts))[0]!.metadata }
}

function plainMember (memberId: string, topics: string[]): Members[number] {
  return { memberId, metadata: MemberMetadata.encode({ version: 0, topics, userData: Buffer.alloc(0) }) }
}

async function assign ({ assigner }: { assigner: Assigner }, members: Members): Promise<Record<string, Record<string, number[]>>> {
  const assignments = await assigner.assign(members)
  return Object.fromEntries(assignments.map(({ memberId, assignment }) => [memberId, MemberAssignment.decode(assignment)!.assignment]))
}

t.test('members of ours and of plain kafkajs agree on the name', async (t) => {
  const { assigner } = await assignerOf(t, {})
  t.equal(assigner.protocols([])[0]!.name, 'RoundRobinAssigner')
})

t.test('every partition goes to a member that subscribes to its topic', async (t) => {
  const shares = await assign(await assignerOf(t, { a: 4 }), [await member(t, 'one', { a: 4 }), await member(t, 'two', { a: 4, b: 4 })])
  t.same(shares, { one: { a: [0, 2] }, two: { a: [1, 3], b: [0, 1, 2, 3] } })
})

t.test('disjoint topics are all read, by any leader', async (t) => {
  const members = [await member(t, 'one', { a: 2 }), await member(t, 'two', { b: 2 })]
  for (const known of [{ a: 2 }, { b: 2 }] as Counts[]) {
    t.same(await assign(await assignerOf(t, known), members), { one: { a: [0, 1] }, two: { b: [0, 1] } })
  }
})

t.test('a member that knows of more partitions than the leader is believed', async (t) => {
  const leader = await assignerOf(t, { a: 4, b: 4 })
  const shares = await assign(leader, [await member(t, 'one', { a: 4 }), await member(t, 'two', { b: 6 }), await member(t, 'three', { b: 4 })])
  t.same([...shares.two!.b!, ...shares.three!.b!].sort(), [0, 1, 2, 3, 4, 5])
  t.same(leader.asked, [])
})

t.test('what a member tells changes when partitions are added, and not with the order of its topics', async (t) => {
  const told = async (known: Counts, topics: string[]) => {
    const { assigner } = await assignerOf(t, known)
    return String(MemberMetadata.decode(assigner.protocols(topics)[0]!.metadata)!.userData)
  }
  t.equal(await told({ a: 1, b: 2 }, ['a', 'b']), await told({ a: 1, b: 2 }, ['b', 'a']))
  t.not(await told({ a: 1, b: 2 }, ['a', 'b']), await told({ a: 1, b: 3 }, ['a', 'b']))
})

t.test('the cluster is asked about topics that only plain kafkajs reads, and one that is gone goes to no member', async (t) => {
  const leader = await assignerOf(t, { a: 2 }, { b: 2 })
  const shares = await assign(leader, [await member(t, 'ours', { a: 2 }), plainMember('plain', ['b', 'gone'])])
  t.same(shares, { ours: { a: [0, 1] }, plain: { b: [0, 1] } })
  t.same(leader.asked, ['a:1 Metadata'])
})

t.test('a member too many gets nothing', async (t) => {
  const members = [await member(t, 'one', { a: 1 }), await member(t, 'two', { a: 1 })]
  t.same(await assign(await assignerOf(t, { a: 1 }), members), { one: { a: [0] }, two: {} })
})

t.test('a leader remembers what it gave, and takes away no more than a new member needs', async (t) => {
  const topics = { a: 4, b: 4 }
  const leader = await assignerOf(t, topics)
  const [first, second] = [await member(t, 'one', topics), await member(t, 'two', topics)]
  await assign(leader, [first])
  const { one, two } = await assign(leader, [first, second])
  t.same([one, two].map((share) => [share!.a!.length, share!.b!.length]), [[2, 2], [2, 2]])
  t.same(await assign(leader, [first, second]), { one, two })
})

t.test('the bytes are those of plain kafkajs, and bytes that end early are an error', async (t) => {
  const assignment = { orders: [0, 2], ünïcode: [1] }
  t.same(Object.fromEntries(decodeAssignment(MemberAssignment.encode({ version: 0, assignment, userData: Buffer.from('x') }))), assignment)
  t.same(MemberAssignment.decode(encodeAssignment(new Map(Object.entries(assignment))))!.assignment, assignment)
  t.same(decodeAssignment(Buffer.alloc(0)), new Map())
  const { metadata } = plainMember('plain', ['orders', 'invoices'])
  t.same(decodeSubscription(metadata).topics, ['orders', 'invoices'])
  t.throws(() => decodeSubscription(metadata.subarray(0, 9)), /end too early/)
})
