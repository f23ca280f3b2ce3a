import t, { type Test } from 'tap'
import { Coordinator } from '../../../../lib/transport/kafka/consumer/coordinator.js'
import { GroupOffsets } from '../../../../lib/transport/kafka/consumer/group-offsets.js'
import { StandaloneMembership } from '../../../../lib/transport/kafka/consumer/standalone-membership.js'
import { Subscription } from '../../../../lib/transport/kafka/consumer/subscription.js'
import type { OffsetCommitRequest } from '../../../../lib/transport/kafka/wire.js'
import { GenerationLostError } from '../../../../lib/transport/transport.js'
import { fakeWire, metadataOf } from '../../../support/fake-wire.js'
import { clientOf, manualEnvironment, rejects } from '../../../support/kafka-client.js'

const OFFSETS = [{ topic: 'orders', partition: 1, offset: 4n, metadata: 'text' }]

/** A consumer of partition 1 of two, whose commits are answered with `errorCode`. */
async function build (t: Test, errorCode = 0) {
  const commits: OffsetCommitRequest[] = []
  const wire = fakeWire({
    Metadata: metadataOf({ orders: 2 }),
    FindCoordinator: () => ({ errorCode: 0, nodeId: 2, host: 'b', port: 1 }),
    OffsetCommit: (request) => {
      commits.push(request)
      return { topics: [{ topic: 'orders', partitions: [{ partition: 1, errorCode }] }] }
    },
    OffsetFetch: () => ({
      errorCode: 0,
      topics: [{ topic: 'orders', partitions: [{ partition: 1, errorCode: 0, offset: 4n, metadata: 'text' }] }]
    })
  })
  const { cluster, metadata, learn } = clientOf(t, wire, manualEnvironment())
  await learn('orders')
  const offsets = new GroupOffsets(
    'shop', new Coordinator('shop', cluster, cluster.connections()), new AbortController().signal
  )
  const subscription = new Subscription({ topics: ['orders'], partitions: [1] }, metadata)
  return { wire, commits, membership: new StandaloneMembership('shop', subscription, offsets) }
}

t.test('partitions chosen by hand are owned without a join, and their commits name no member', async (t) => {
  const { membership, wire, commits } = await build(t)
  const assignment = await membership.join()
  t.same(assignment.partitions, [{ topic: 'orders', partition: 1 }])
  t.equal(await membership.heartbeat(), 'alive')
  await membership.commit(assignment, OFFSETS)
  await membership.commit(assignment, [])
  t.match(commits, [{
    groupId: 'shop',
    memberId: '',
    groupInstanceId: null,
    generationId: -1,
    topics: [{ topic: 'orders', partitions: [{ offset: 4n }] }]
  }])
  t.equal(commits.length, 1)
  t.match(
    await membership.fetchStored(assignment.partitions), new Map([['orders:1', { offset: 4n, metadata: 'text' }]])
  )
  await membership.leave()
  t.same(wire.sent.filter((sent) => /Join|Sync|Heartbeat|Leave/.test(sent)), [])
})

t.test('a commit is refused for an old generation, a group with members, or by the coordinator', async (t) => {
  const { membership } = await build(t)
  const first = await membership.join()
  await membership.join()
  await t.rejects(membership.commit(first, OFFSETS), GenerationLostError)
  const shared = await build(t, 25)
  await rejects(t, shared.membership.commit(await shared.membership.join(), OFFSETS), {
    name: 'Error', message: /^group 'shop' has members: .*need a group of their own/
  })
  const denied = await build(t, 30)
  await rejects(t, denied.membership.commit(await denied.membership.join(), OFFSETS), { errorCode: 30 })
})
