import t, { type Test } from 'tap'
import { encodeAssignment } from '../../../../lib/transport/consumer-protocol.js'
import { Assigner } from '../../../../lib/transport/kafka/consumer/assigner.js'
import { Assignment } from '../../../../lib/transport/kafka/consumer/assignment.js'
import { Coordinator } from '../../../../lib/transport/kafka/consumer/coordinator.js'
import { LoneMembership } from '../../../../lib/transport/kafka/consumer/lone-membership.js'
import { GroupMembership } from '../../../../lib/transport/kafka/consumer/membership.js'
import { Subscription } from '../../../../lib/transport/kafka/consumer/subscription.js'
import {
  type ErrorAnswer, type JoinGroupRequest, type MemberIdentity, type OffsetCommitRequest, WireError
} from '../../../../lib/transport/kafka/wire.js'
import { GenerationLostError } from '../../../../lib/transport/transport.js'
import { fakeWire, type Handlers, metadataOf } from '../../../support/fake-wire.js'
import { clientOf, manualEnvironment, rejects, SILENT } from '../../../support/kafka-client.js'
import { turn } from '../../../support/manual-clock.js'

const OPTIONS = {
  groupId: 'shop', topics: ['orders'], offsetReset: 'earliest', sessionTimeout: 10_000, rebalanceTimeout: 20_000
} as const
const JOINED = { errorCode: 0, generationId: 7, protocol: 'p', leaderId: 'other', memberId: 'm-1', members: [] }
const OWNED = { errorCode: 0, assignment: encodeAssignment(new Map([['orders', [0, 1]], ['of another member', [0]]])) }

/** A member whose coordinator is `b:1`, with answers in turn: the last one stays. */
async function build (t: Test, handlers: Handlers = {}, groupInstanceId?: string) {
  const environment = manualEnvironment()
  const wire = fakeWire({
    Metadata: metadataOf({ orders: 2 }),
    FindCoordinator: () => ({ errorCode: 0, nodeId: 2, host: 'b', port: 1 }),
    JoinGroup: () => JOINED,
    SyncGroup: () => OWNED,
    ...handlers
  })
  const { cluster, metadata, learn } = clientOf(t, wire, environment)
  await learn('orders')
  wire.sent.length = 0
  const closing = new AbortController()
  const contacts: number[] = []
  const coordinator = new Coordinator('shop', cluster, cluster.connections())
  const membership = new GroupMembership({
    groupId: 'shop',
    options: { ...OPTIONS, ...groupInstanceId === undefined ? {} : { groupInstanceId } },
    cluster,
    coordinator,
    assigner: new Assigner({
      groupId: 'shop', subscription: new Subscription(OPTIONS, metadata), cluster, metadata, log: SILENT
    }),
    contacted: (at) => { contacts.push(at) },
    closing: closing.signal
  })
  return { ...environment, wire, membership, closing, contacts }
}

function inTurn<Answer> (...answers: Array<Answer | Error>): () => Answer {
  return () => {
    const answer = answers.length > 1 ? answers.shift()! : answers[0]!
    if (answer instanceof Error) throw answer
    return answer
  }
}

const codes = (...errorCodes: number[]): () => ErrorAnswer => inTurn(...errorCodes.map((errorCode) => ({ errorCode })))
const gone = new WireError('gone', 'connection')

t.test('a newcomer gets its id first, and then what it owns of its own topics', async (t) => {
  const asked: JoinGroupRequest[] = []
  const { membership, contacts } = await build(t, {
    JoinGroup: (request) => {
      asked.push(request)
      return asked.length === 1 ? { ...JOINED, errorCode: 79 } : JOINED
    }
  })
  const assignment = await membership.join()
  t.match(assignment, { memberId: 'm-1', generationId: 7 })
  t.same(assignment.partitions, [{ topic: 'orders', partition: 0 }, { topic: 'orders', partition: 1 }])
  t.same(asked.map(({ memberId }) => memberId), ['', 'm-1'])
  t.match(asked[0], { groupId: 'shop', sessionTimeout: 10_000, rebalanceTimeout: 20_000, groupInstanceId: null })
  t.equal(contacts.length, 1)
})

t.test('a leader assigns, and what it assigns goes to the coordinator', async (t) => {
  let assigned: readonly string[] = []
  const { membership } = await build(t, {
    JoinGroup: (request) => ({
      ...JOINED, leaderId: 'm-1', members: [{ memberId: 'm-1', metadata: request.protocols[0]!.metadata }]
    }),
    SyncGroup: ({ assignments }) => {
      assigned = assignments.map(({ memberId }) => memberId)
      return { errorCode: 0, assignment: assignments[0]!.assignment }
    }
  })
  t.equal((await membership.join()).partitions.length, 2)
  t.same(assigned, ['m-1'])
})

t.test('a join that meets another rebalance is repeated for a while; another error ends it', async (t) => {
  const { membership, clock, wire } = await build(t, {
    SyncGroup: inTurn({ ...OWNED, errorCode: 27 }, { ...OWNED, errorCode: 22 }, OWNED)
  })
  const joined = membership.join()
  await clock.advance(1000)
  t.equal((await joined).generationId, 7)
  t.equal(wire.sent.filter((request) => request === 'b:1 JoinGroup').length, 3)

  const restless = await build(t, { SyncGroup: () => ({ ...OWNED, errorCode: 27 }) })
  const refused = rejects(t, restless.membership.join(), { errorCode: 27 })
  await restless.clock.advance(10_000)
  await refused
  await t.rejects((await build(t, { JoinGroup: () => ({ ...JOINED, errorCode: 23 }) })).membership.join(), /protocol/)
})

t.test('a member that was forgotten joins as a new one, and one that could not leave as itself', async (t) => {
  const asked: string[] = []
  const answers = [JOINED, { ...JOINED, errorCode: 25 }, { ...JOINED, memberId: 'm-2' }]
  const { membership, clock } = await build(t, {
    JoinGroup: ({ memberId }) => {
      asked.push(memberId)
      return answers.shift()!
    },
    LeaveGroup: codes(0)
  })
  await membership.join()
  t.equal((await membership.join()).memberId, 'm-2')
  t.same(asked, ['', 'm-1', ''])
  await membership.leave()
  answers.push(JOINED)
  await membership.join()
  t.equal(asked.at(-1), '', 'a member that has left comes back as a new one')
  t.equal(clock.waiting, 0)
})

t.test('requests follow the coordinator when it moves, reads the group or is gone', async (t) => {
  const hosts = ['b', 'c', 'd', 'e']
  const { membership, clock, wire } = await build(t, {
    FindCoordinator: () => ({ errorCode: 0, nodeId: 2, host: hosts.shift()!, port: 1 }),
    Heartbeat: inTurn<ErrorAnswer>(gone, { errorCode: 16 }, { errorCode: 14 }, { errorCode: 0 })
  })
  const assignment = await membership.join()
  const beat = membership.heartbeat(assignment)
  await clock.advance(2000)
  t.equal(await beat, 'alive')
  t.same(wire.sent.filter((request) => request.endsWith('Heartbeat')), [
    'b:1 Heartbeat', 'c:1 Heartbeat', 'd:1 Heartbeat', 'e:1 Heartbeat'
  ])
})

t.test('an unreachable coordinator ends the membership after the session, a refusal at once', async (t) => {
  const { membership, clock } = await build(t, { Heartbeat: () => { throw gone } })
  const assignment = await membership.join()
  const begin = clock.elapsed()
  let ended = 0
  const rejected = t.rejects(membership.heartbeat(assignment), gone).then(() => { ended = clock.elapsed() - begin })
  await clock.advance(8000)
  t.equal(ended, 0)
  await clock.advance(4000)
  await rejected
  const refused = await build(t, { Heartbeat: codes(30) })
  await rejects(t, refused.membership.heartbeat(await refused.membership.join()), { errorCode: 30 })
})

t.test('a heartbeat tells whether the generation goes on, and updates the last contact', async (t) => {
  const { membership, contacts } = await build(t, { Heartbeat: codes(0, 27, 22, 25), JoinGroup: () => JOINED })
  const assignment = await membership.join()
  contacts.length = 0
  t.equal(await membership.heartbeat(assignment), 'alive')
  t.equal(await membership.heartbeat(assignment), 'rebalancing')
  t.equal(contacts.length, 2)
  t.equal(await membership.heartbeat(assignment), 'lost')
  t.equal(await membership.heartbeat(assignment), 'lost')
  t.equal(contacts.length, 2)
})

t.test('only what says that the generation is over makes a commit a lost one', async (t) => {
  const offsets = [{ topic: 'orders', partition: 0, offset: 1n, metadata: 'x' }]
  const answer = (errorCode: number) => ({ topics: [{ topic: 'orders', partitions: [{ partition: 0, errorCode }] }] })
  for (const errorCode of [22, 25, 27, 82]) {
    const { membership } = await build(t, { OffsetCommit: () => answer(errorCode) })
    await t.rejects(membership.commit(await membership.join(), offsets), GenerationLostError)
  }
  const { membership } = await build(t, { OffsetCommit: () => answer(3) })
  const assignment = await membership.join()
  const later = membership.commit(assignment, offsets)
  await rejects(t, later, { errorCode: 3 })
  await t.resolves(membership.commit(assignment, []))
  t.throws(() => assignment.assertOwned([{ topic: 'orders', partition: 7 }]), GenerationLostError)
})

t.test('where the cluster takes no such metadata, the offsets are stored without it', async (t) => {
  for (const errorCode of [12, 28, -1]) {
    const sent: OffsetCommitRequest['topics'][] = []
    const { membership } = await build(t, {
      OffsetCommit: ({ topics }) => {
        sent.push(topics)
        return {
          topics: [{ topic: 'orders', partitions: [{ partition: 0, errorCode: sent.length === 1 ? errorCode : 0 }] }]
        }
      }
    })
    await membership.commit(await membership.join(), [{ topic: 'orders', partition: 0, offset: 1n, metadata: 'x' }])
    t.same(
      sent, ['x', ''].map((metadata) => [{ topic: 'orders', partitions: [{ partition: 0, offset: 1n, metadata }] }])
    )
  }
})

t.test('what is stored is read, but for nothing and for what plain kafkajs stores as nothing', async (t) => {
  const row = { errorCode: 0, metadata: null }
  const partitions = [
    { ...row, partition: 0, offset: 5n, metadata: 'text' },
    { ...row, partition: 1, offset: -1n },
    { ...row, partition: 2, offset: -2n }
  ]
  const { membership } = await build(t, {
    OffsetFetch: inTurn({ errorCode: 0, topics: [{ topic: 'orders', partitions }] }, { errorCode: 30, topics: [] })
  })
  t.match(
    await membership.fetchStored([{ topic: 'orders', partition: 0 }]),
    new Map([['orders:0', { offset: 5n, metadata: 'text' }]])
  )
  await rejects(t, membership.fetchStored([]), { errorCode: 30 })
})

t.test('a join that is given up ends, and its member leaves over another connection', async (t) => {
  const left: MemberIdentity[] = []
  let identify = (): void => {}
  let joins = 0
  const { membership, closing, wire } = await build(t, {
    JoinGroup: async () => {
      joins++
      await new Promise<void>((resolve) => { identify = resolve })
      return { ...JOINED, errorCode: 79 }
    },
    LeaveGroup: (member) => {
      left.push(member)
      return { errorCode: 0 }
    }
  })
  const join = t.rejects(membership.join(), /closing/)
  await turn()
  closing.abort(new Error('closing'))
  const leaving = membership.leave()
  identify()
  await leaving
  await join
  t.match(left, [{ groupId: 'shop', memberId: 'm-1' }])
  t.equal(joins, 1, 'the second request was not sent')
  t.equal([...wire.open].filter(({ address }) => address === 'b:1').length, 2)
})

t.test('heartbeats tell that the SyncGroup of a member that was removed is never answered', async (t) => {
  const answers = [0, 27, 25]
  let syncs = 0
  const { membership, clock, wire } = await build(t, {
    JoinGroup: ({ memberId }) => memberId === '' && syncs === 1 ? { ...JOINED, memberId: 'm-2' } : JOINED,
    SyncGroup: () => ++syncs === 1 ? new Promise(() => {}) : OWNED,
    Heartbeat: () => ({ errorCode: answers.shift()! })
  })
  const join = membership.join()
  await clock.advance(2500)
  t.same(answers, [25], 'the member is still in the group')
  await clock.advance(2000)
  t.match(await join, { memberId: 'm-2' })
  t.equal(wire.sent.filter((sent) => sent === 'b:1 Heartbeat').length, 3, 'a member that has joined sends none here')
  t.equal([...wire.open].filter(({ address }) => address === 'b:1').length, 2, 'the connection that waited was dropped')
})

t.test('a coordinator that is away while the SyncGroup waits ends nothing, and a refusal does', async (t) => {
  let answer = (): void => {}
  const away = await build(t, {
    SyncGroup: () => new Promise((resolve) => { answer = () => { resolve(OWNED) } }),
    Heartbeat: inTurn<ErrorAnswer>(gone)
  })
  const join = away.membership.join()
  await away.clock.advance(15_000)
  answer()
  t.match(await join, { memberId: 'm-1' })

  const fenced = await build(t, { SyncGroup: () => new Promise(() => {}), Heartbeat: codes(82) }, 'shop-1')
  const refused = t.rejects(fenced.membership.join(), { code: 'FASTSTREAM_ERR_FENCED' })
  await fenced.clock.advance(1500)
  await refused
})

t.test('a late answer to a heartbeat of an earlier membership changes nothing', async (t) => {
  const left: string[] = []
  let answer = (): void => {}
  const { membership } = await build(t, {
    JoinGroup: ({ memberId }) => memberId === '' ? JOINED : { ...JOINED, memberId: 'm-2' },
    Heartbeat: () => new Promise((resolve) => { answer = () => { resolve({ errorCode: 25 }) } }),
    LeaveGroup: ({ memberId }) => {
      left.push(memberId)
      return { errorCode: 0 }
    }
  })
  const late = membership.heartbeat(await membership.join())
  await turn()
  const joined = await membership.join()
  answer()
  t.equal(await late, 'lost')
  t.equal(joined.memberId, 'm-2')
  await membership.leave()
  t.same(left, ['m-2'])
})

t.test('a static member keeps its place when it closes, and one that is fenced says so', async (t) => {
  const { membership, wire } = await build(t, { Heartbeat: codes(82), LeaveGroup: codes(0) }, 'shop-1')
  const assignment = await membership.join()
  await t.rejects(membership.heartbeat(assignment), {
    code: 'FASTSTREAM_ERR_FENCED', message: /'shop-1' in group 'shop'/
  })
  await membership.leave()
  t.notOk(wire.sent.includes('b:1 LeaveGroup'))
  const other = await build(t, { JoinGroup: () => ({ ...JOINED, errorCode: 82 }) }, 'shop-1')
  await t.rejects(other.membership.join(), { code: 'FASTSTREAM_ERR_FENCED' })
  const dynamic = await build(t, { JoinGroup: () => ({ ...JOINED, errorCode: 82 }) })
  await rejects(t, dynamic.membership.join(), { errorCode: 82 })
})

t.test('without a group offsets live as long as the consumer, and go with a deleted topic', async (t) => {
  const wire = fakeWire({ Metadata: metadataOf({ orders: 2, invoices: 1 }) })
  const { metadata, learn } = clientOf(t, wire, manualEnvironment())
  await learn('orders', 'invoices')
  const membership = new LoneMembership(new Subscription({ topics: ['orders', 'invoices'] }, metadata), metadata)
  await membership.leave()
  const first = await membership.join()
  t.equal(first.partitions.length, 3)
  t.equal(await membership.heartbeat(), 'alive')
  await membership.commit(first, [
    { topic: 'orders', partition: 0, offset: 3n, metadata: 'text' }, { topic: 'invoices', partition: 0, offset: 1n }
  ])
  t.same(
    await membership.fetchStored(first.partitions),
    new Map([['orders:0', { offset: 3n, metadata: 'text' }], ['invoices:0', { offset: 1n, metadata: '' }]])
  )
  wire.handlers.Metadata = metadataOf({ invoices: 1 })
  await learn('orders')
  membership.forgetDeleted()
  t.same([...(await membership.fetchStored(first.partitions)).keys()], ['invoices:0'])
  await membership.join()
  await t.rejects(membership.commit(first, []), GenerationLostError)
  t.equal(new Assignment('m', 1, []).owned({ topic: 'orders', partition: 0 }), undefined)
})
