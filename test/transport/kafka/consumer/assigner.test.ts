import kafkajs from 'kafkajs'
import t, { type Test } from 'tap'
import { Assigner } from '../../../../lib/transport/kafka/consumer/assigner.js'
import { Subscription } from '../../../../lib/transport/kafka/consumer/subscription.js'
import type { ConsumerOptions } from '../../../../lib/transport/transport.js'
import { fakeWire, metadataOf } from '../../../support/fake-wire.js'
import { clientOf, manualEnvironment, SILENT } from '../../../support/kafka-client.js'

const { MemberMetadata, MemberAssignment } = kafkajs.AssignerProtocol

type Counts = Readonly<Record<string, number>>
type Members = Parameters<Assigner['assign']>[0]

/** Topics and partition counts as one member knows them, and as the cluster has them: the last answer stays. */
async function assignerOf (t: Pick<Test, 'teardown'>, known: Counts, ...answers: Array<Counts | Error>) {
  return await assignerWith(t, Object.keys(known), known, ...answers)
}

async function assignerWith (
  t: Pick<Test, 'teardown'>, topics: ConsumerOptions['topics'], known: Counts, ...answers: Array<Counts | Error>
) {
  const environment = manualEnvironment()
  const wire = fakeWire({ Metadata: metadataOf(known) })
  const client = clientOf(t, wire, environment)
  if (Object.keys(known).length > 0) await client.learn(...Object.keys(known))
  const asked: string[] = []
  wire.handlers.Metadata = (request, address) => {
    asked.push(...request.topics ?? ['all'])
    const counts = (answers.length > 1 ? answers.shift() : answers[0]) ?? known
    if (counts instanceof Error) throw counts
    return metadataOf(counts)(request, address)
  }
  const warnings: object[] = []
  const log = { ...SILENT, warn: (details: object) => { warnings.push(details) } }
  const assigner = new Assigner({
    groupId: 'shop', subscription: new Subscription({ topics }, client.metadata), ...client, log
  })
  return { assigner, asked, warnings, clock: environment.clock }
}

/** What a member of ours tells about itself. */
async function member (t: Pick<Test, 'teardown'>, memberId: string, counts: Counts): Promise<Members[number]> {
  const { assigner } = await assignerOf(t, counts)
  return { memberId, metadata: assigner.protocols()[0]!.metadata }
}

function plainMember (memberId: string, topics: string[], userData = Buffer.alloc(0)): Members[number] {
  return { memberId, metadata: MemberMetadata.encode({ version: 0, topics, userData }) }
}

type Leader = Pick<Awaited<ReturnType<typeof assignerOf>>, 'assigner' | 'clock'>

async function assign (
  { assigner, clock }: Leader, members: Members
): Promise<Record<string, Record<string, number[]>>> {
  const assigning = assigner.assign(members)
  await clock.advance(60_000)
  const assignments = await assigning
  return Object.fromEntries(assignments.map(
    ({ memberId, assignment }) => [memberId, MemberAssignment.decode(assignment)!.assignment]
  ))
}

t.test('members of ours and of plain kafkajs agree on the name', async (t) => {
  const { assigner } = await assignerOf(t, {})
  t.equal(assigner.protocols()[0]!.name, 'RoundRobinAssigner')
})

t.test('every partition goes to a member that subscribes to its topic', async (t) => {
  const leader = await assignerOf(t, { a: 4 }, { a: 4, b: 4 })
  const shares = await assign(leader, [await member(t, 'one', { a: 4 }), await member(t, 'two', { a: 4, b: 4 })])
  t.same(shares, { one: { a: [0, 2] }, two: { a: [1, 3], b: [0, 1, 2, 3] } })
})

t.test('disjoint topics are all read, by any leader', async (t) => {
  const members = [await member(t, 'one', { a: 2 }), await member(t, 'two', { b: 2 })]
  for (const known of [{ a: 2 }, { b: 2 }] as Counts[]) {
    t.same(
      await assign(await assignerOf(t, known, { a: 2, b: 2 }), members), { one: { a: [0, 1] }, two: { b: [0, 1] } }
    )
  }
})

t.test('a member that knows of more partitions than the leader makes it ask the cluster', async (t) => {
  const members = [
    await member(t, 'one', { a: 4 }), await member(t, 'two', { b: 6 }), await member(t, 'three', { b: 4 })
  ]
  const leader = await assignerOf(t, { a: 4, b: 4 }, { b: 6 })
  const shares = await assign(leader, members)
  t.same([...shares.two!.b!, ...shares.three!.b!].sort(), [0, 1, 2, 3, 4, 5])
  t.same(leader.asked, ['b'])
  const late = await assignerOf(t, { a: 4, b: 4 }, { b: 4 }, { b: 6 })
  const { two, three } = await assign(late, members)
  t.equal(two!.b!.length + three!.b!.length, 6, 'also when the node that answers first has not heard of them')
})

t.test('what a member claims beyond the metadata of the cluster does not exist', async (t) => {
  for (const cluster of [{ a: 4 }, new Error('unreachable')] as Array<Counts | Error>) {
    const leader = await assignerOf(t, { a: 4 }, cluster)
    t.same(
      await assign(leader, [plainMember('liar', ['a'], Buffer.from('a:300000000'))]), { liar: { a: [0, 1, 2, 3] } }
    )
    t.ok(leader.asked.length >= 3)
  }
})

t.test('a member that cannot be read gets nothing, and one warning for as long as it stays', async (t) => {
  const leader = await assignerOf(t, { a: 2 })
  const one = await member(t, 'one', { a: 2 })
  const broken = { memberId: 'br\u001boken', metadata: Buffer.from('no subscription') }
  const empty = { memberId: 'empty', metadata: Buffer.alloc(0) }
  t.same(await assign(leader, [one, broken]), { one: { a: [0, 1] }, [broken.memberId]: {} })
  await assign(leader, [one, broken, empty])
  t.match(leader.warnings, [
    { count: 1, members: [{ memberId: 'br\\u001boken' }] }, {
      count: 1, members: [{ memberId: 'empty', reason: 'it ends too early' }]
    }
  ])
  t.equal(leader.warnings.length, 2)
  await assign(leader, Array.from({ length: 100 }, (_, i) => ({ ...broken, memberId: `broken ${i}` })))
  t.match(leader.warnings[2], { count: 100, members: { length: 10 } })
})

t.test('what a member tells changes when partitions are added, and not with the order of its topics', async (t) => {
  const told = async (known: Counts) => {
    const { assigner } = await assignerOf(t, known)
    return String(MemberMetadata.decode(assigner.protocols()[0]!.metadata)!.userData)
  }
  t.equal(await told({ a: 1, b: 2 }), await told({ b: 2, a: 1 }))
  t.not(await told({ a: 1, b: 2 }), await told({ a: 1, b: 3 }))
})

t.test('the leader asks about topics that only plain kafkajs reads; a missing one is not assigned', async (t) => {
  const leader = await assignerOf(t, { a: 2 }, { b: 2 })
  const shares = await assign(leader, [await member(t, 'ours', { a: 2 }), plainMember('plain', ['b', 'gone'])])
  t.same(shares, { ours: { a: [0, 1] }, plain: { b: [0, 1] } })
  t.same(leader.asked, ['b', 'gone'])
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

function assignmentOf (assignment: Record<string, number[]>): Buffer {
  return MemberAssignment.encode({ version: 0, assignment, userData: Buffer.alloc(0) })
}

t.test('an assignment that the cluster agrees to is taken as it is', async (t) => {
  const { assigner, warnings, asked } = await assignerOf(t, { a: 2, b: 1 })
  t.same(await assigner.read(assignmentOf({ a: [0, 1], b: [0] })), new Map([['a', [0, 1]], ['b', [0]]]))
  t.same(await assigner.read(Buffer.alloc(0)), new Map(), 'the leader gave nothing')
  t.same([warnings, asked], [[], []])
})

t.test('what a foreign leader assigns beyond that is refused with one warning, and the rest is used', async (t) => {
  const { assigner, warnings } = await assignerOf(t, { a: 2, b: 1 })
  t.same(await assigner.read(assignmentOf({ a: [0, 0, 7, -1], b: [0], c: [0] })), new Map([['a', [0]], ['b', [0]]]))
  const examples = [{ topic: 'a', partition: 7 }, { topic: 'a', partition: -1 }]
  t.match(warnings, [{ groupId: 'shop', refused: { topics: 1, partitions: 2, duplicates: 1, examples } }])
  t.same(await assigner.read(Buffer.from('garbage')), new Map())
  t.match(warnings[1], { refused: { unreadable: /\w/ } })
  t.equal(warnings.length, 2)
})

t.test('a leader may have heard of new partitions first', async (t) => {
  const { assigner, warnings, asked } = await assignerOf(t, { a: 2 }, { a: 4 })
  t.same(await assigner.read(assignmentOf({ a: [3] })), new Map([['a', [3]]]))
  t.same([warnings, asked], [[], ['a']])
})

t.test('a member with a topic test subscribes to its matches, also when the leader saw them first', async (t) => {
  const { assigner, warnings, asked } = await assignerWith(
    t, (topic) => topic.startsWith('eu-'), {}, { 'eu-a': 1, 'us-a': 1 }
  )
  t.same(MemberMetadata.decode(assigner.protocols()[0]!.metadata)!.topics, [])
  t.same(await assigner.read(assignmentOf({ 'eu-a': [0] })), new Map([['eu-a', [0]]]))
  t.same([warnings, asked], [[], ['all']])
  t.same(MemberMetadata.decode(assigner.protocols()[0]!.metadata)!.topics, ['eu-a'])
})
