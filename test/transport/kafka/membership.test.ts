import t from 'tap'
import { Coordinator } from '../../lib/transport/kafkajs/coordinator.js'
import type { Broker } from '../../lib/transport/kafkajs/coordinator.js'
import { Generation } from '../../lib/transport/kafkajs/generation.js'
import { GenerationLostError } from '../../lib/transport/transport.js'

const identity = { groupId: 'shop', memberId: 'm', groupGenerationId: 1 }

const open = new AbortController().signal

function coordinate (broker: Broker, find: () => Promise<Broker>, closing = open, contacted = () => {}, remembered = { memberId: '' }): Coordinator {
  return new Coordinator(broker, find, closing, contacted, remembered)
}

/** A node that answers each request with what comes next: an error, or anything else. */
function node (nodeId: number, ...answers: unknown[]) {
  const asked: string[] = []
  const answer = (api: string) => async () => {
    asked.push(api)
    const next = answers.shift()
    if (next instanceof Error) throw next
    return next
  }
  const broker = {
    nodeId,
    isConnected: () => asked.length > 0,
    connect: answer('connect'),
    heartbeat: answer('heartbeat'),
    offsetFetch: answer('offsetFetch'),
    offsetCommit: answer('offsetCommit'),
    leaveGroup: answer('leaveGroup')
  }
  return { broker: broker as unknown as Broker, asked }
}

function failure (name: string, type?: string): Error {
  return Object.assign(new Error(name), { name, type })
}

t.test('when the coordinator moves or is gone, requests follow it and the membership stays', async (t) => {
  const gone = failure('KafkaJSConnectionError')
  const first = node(1, undefined, gone)
  const second = node(2, 'alive', failure('KafkaJSProtocolError', 'NOT_COORDINATOR_FOR_GROUP'))
  const third = node(3, 'offsets', 'stored')
  const found = [second, third]
  const coordinator = coordinate(first.broker, async () => found.shift()!.broker)

  t.equal(await coordinator.heartbeat(identity), 'alive')
  t.equal(coordinator.broker.nodeId, 2)
  t.equal(await coordinator.offsetFetch({ groupId: 'shop', topics: [] }), 'offsets')
  t.equal(await coordinator.offsetCommit({ ...identity, topics: [] }), 'stored')
  t.same(first.asked, ['connect', 'heartbeat'])
  t.same(second.asked, ['heartbeat', 'offsetFetch'])
  t.same(third.asked, ['offsetFetch', 'offsetCommit'])
  t.ok(coordinator.isConnected(), 'for KafkaJS it always is: it would look for the old node')
})

t.test('a good-bye follows it, too', async (t) => {
  const first = node(1, undefined, failure('KafkaJSProtocolError', 'NOT_COORDINATOR_FOR_GROUP'))
  const second = node(2, 'left')
  const coordinator = coordinate(first.broker, async () => second.broker)
  t.equal(await coordinator.leaveGroup(identity), 'left')
  t.same(second.asked, ['leaveGroup'])
})

t.test('when no other coordinator is found, the error is the first one, which KafkaJS tries again', async (t) => {
  const gone = failure('KafkaJSConnectionError')
  const coordinator = coordinate(node(1, gone).broker, async () => { throw failure('KafkaJSNumberOfRetriesExceeded') })
  await t.rejects(coordinator.heartbeat(identity), gone)
})

t.test('what the coordinator says itself is no reason to look for another', async (t) => {
  const rebalancing = Object.assign(new Error('rebalancing'), { type: 'REBALANCE_IN_PROGRESS' })
  const coordinator = coordinate(node(1, undefined, rebalancing, 'left').broker, async () => { throw new Error('it looked') })
  await t.rejects(coordinator.heartbeat(identity), { message: 'rebalancing' })
  t.equal(await coordinator.leaveGroup(identity), 'left')
})

t.test('contact is what the coordinator answers, also that it rebalances, and not what others do', async (t) => {
  const gone = failure('KafkaJSConnectionError')
  const rebalancing = failure('KafkaJSProtocolError', 'REBALANCE_IN_PROGRESS')
  let contacts = 0
  const { broker } = node(1, undefined, 'alive', rebalancing, gone, failure('KafkaJSProtocolError', 'NOT_COORDINATOR_FOR_GROUP'), failure('KafkaJSProtocolError', 'UNKNOWN_MEMBER_ID'))
  const coordinator = coordinate(broker, async () => { throw gone }, open, () => { contacts++ })
  await coordinator.heartbeat(identity)
  t.equal(contacts, 1)
  await t.rejects(coordinator.heartbeat(identity), rebalancing)
  t.equal(contacts, 2)
  for (let i = 0; i < 3; i++) await t.rejects(coordinator.heartbeat(identity))
  t.equal(contacts, 2)
})

t.test('what it answers to anybody tells nothing of our membership', async (t) => {
  let contacts = 0
  const coordinator = coordinate(node(1, undefined, 'offsets', 'stored').broker, async () => { throw new Error('it looked') }, open, () => { contacts++ })
  await coordinator.offsetFetch({ groupId: 'shop', topics: [] })
  t.equal(contacts, 0)
  await coordinator.offsetCommit({ ...identity, topics: [] })
  t.equal(contacts, 1)
})

t.test('only what says that the generation is over makes a commit a lost one', async (t) => {
  const generation = (type: string) => {
    const coordinator = coordinate(node(1, undefined, failure('KafkaJSProtocolError', type)).broker, async () => node(1).broker)
    return new Generation('shop', coordinator, { orders: [0] })
  }
  const offsets = [{ topic: 'orders', partition: 0, offset: 1n }]
  for (const type of ['ILLEGAL_GENERATION', 'REBALANCE_IN_PROGRESS', 'UNKNOWN_MEMBER_ID']) {
    await t.rejects(generation(type).commit(offsets), GenerationLostError)
  }
  await t.rejects(generation('OFFSET_METADATA_TOO_LARGE').commit(offsets), { name: 'KafkaJSProtocolError' })
})

t.test('where the metadata of all partitions is too much for one commit, the offsets are stored without it', async (t) => {
  for (const type of ['OFFSET_METADATA_TOO_LARGE', 'INVALID_COMMIT_OFFSET_SIZE', 'UNKNOWN']) {
    const { broker } = node(1, undefined, failure('KafkaJSProtocolError', type), 'stored')
    const sent: unknown[] = []
    const generation = new Generation('shop', coordinate({ ...broker, offsetCommit: (request) => { sent.push(request.topics); return broker.offsetCommit(request) } }, async () => broker), { orders: [0] })
    await generation.commit([{ topic: 'orders', partition: 0, offset: 1n, metadata: 'x' }])
    t.same(sent, ['x', ''].map((metadata) => [{ topic: 'orders', partitions: [{ partition: 0, offset: '1', metadata }] }]), type)
  }
})

t.test('a member is alive until the coordinator says that it is not', async (t) => {
  const isAlive = (error: Error) => {
    const coordinator = coordinate(node(1, undefined, error).broker, async () => { throw error })
    return new Generation('shop', coordinator, {}).isAlive()
  }
  t.ok(await isAlive(failure('KafkaJSProtocolError', 'REBALANCE_IN_PROGRESS')), 'it waits for the rejoin')
  t.ok(await isAlive(failure('KafkaJSRequestTimeoutError')), 'no answer is not a no')
  t.notOk(await isAlive(failure('KafkaJSProtocolError', 'UNKNOWN_MEMBER_ID')))
  t.notOk(await isAlive(failure('KafkaJSProtocolError', 'ILLEGAL_GENERATION')))
})

/** A node that gives a newcomer its id first, as real ones do. The second answer comes when the test says so. */
function joinable () {
  const requested: string[] = []
  let identify = (): void => {}
  let complete = (): void => {}
  const identified = new Promise<void>((resolve) => { identify = resolve })
  const completed = new Promise<void>((resolve) => { complete = resolve })
  const broker = {
    lookupRequest: () => ({ memberId }: { memberId: string }) => { requested.push(memberId) },
    async joinGroup (this: Broker, { memberId }: { memberId: string }) {
      const request = this.lookupRequest(11, undefined)
      request({ memberId })
      await identified
      request({ memberId: 'm-1' })
      await completed
      return { memberId: 'm-1', generationId: 7 }
    }
  }
  return { broker: broker as unknown as Broker, requested, identify, complete }
}

t.test('a join makes member and generation known', async (t) => {
  const { broker, identify, complete } = joinable()
  const coordinator = coordinate(broker, async () => broker)
  identify()
  complete()
  t.same(await coordinator.joinGroup({ groupId: 'shop', memberId: '' }), { memberId: 'm-1', generationId: 7 })
  t.match(coordinator, { memberId: 'm-1', generationId: 7 })
})

t.test('a join that is given up goes no further, and tells under which id it has to be forgotten', async (t) => {
  const early = joinable()
  const closing = new AbortController()
  const coordinator = coordinate(early.broker, async () => early.broker, closing.signal)
  t.equal(await coordinator.joiningMember(), '', 'nothing was sent yet')
  const join = t.rejects(coordinator.joinGroup({ groupId: 'shop', memberId: '' }), /closing/)
  closing.abort(new Error('closing'))
  const member = coordinator.joiningMember()
  early.identify()
  t.equal(await member, 'm-1')
  t.same(early.requested, [''], 'the second request was not sent')
  await join

  const late = joinable()
  const lateClosing = new AbortController()
  const waiting = coordinate(late.broker, async () => late.broker, lateClosing.signal)
  const waitingJoin = t.rejects(waiting.joinGroup({ groupId: 'shop', memberId: 'm-1' }), /closing/)
  lateClosing.abort(new Error('closing'))
  t.equal(await waiting.joiningMember(), 'm-1')
  late.identify()
  late.complete()
  await waitingJoin
})

t.test('who could not leave comes back as the same member, until the group has forgotten it', async (t) => {
  const asked: string[] = []
  const answers: unknown[] = [{ memberId: 'm1', generationId: 1 }, failure('KafkaJSProtocolError', 'GROUP_LOAD_IN_PROGRESS'), failure('KafkaJSProtocolError', 'UNKNOWN_MEMBER_ID'), { memberId: 'm2', generationId: 2 }]
  const broker = {
    async joinGroup ({ memberId }: { memberId: string }) {
      asked.push(memberId)
      const next = answers.shift()
      if (next instanceof Error) throw next
      return next
    },
    isConnected: () => true,
    async leaveGroup () {}
  } as unknown as Broker
  const remembered = { memberId: '' }
  const life = (): Coordinator => coordinate(broker, async () => broker, open, () => {}, remembered)
  const newcomer = { groupId: 'shop', memberId: '' }
  await life().joinGroup(newcomer)
  const second = life()
  t.match(await second.joinGroup(newcomer).catch((err) => err), { type: 'REBALANCE_IN_PROGRESS' }, 'which KafkaJS takes for a reason to join again')
  t.match(await second.joinGroup(newcomer).catch((err) => err), { type: 'UNKNOWN_MEMBER_ID' })
  await second.joinGroup(newcomer)
  t.same(asked, ['', 'm1', 'm1', ''])
  t.equal(remembered.memberId, 'm2')
  await second.leaveGroup({ groupId: 'shop', memberId: 'm2' })
  t.equal(remembered.memberId, '', 'who has left comes back as a new one')
})

t.test('a coordinator that reads the group while it is synchronised is joined again, another error stays what it is', async (t) => {
  const errors = [failure('KafkaJSProtocolError', 'GROUP_LOAD_IN_PROGRESS'), failure('KafkaJSProtocolError', 'ILLEGAL_GENERATION'), failure('KafkaJSConnectionError')]
  const broker = { syncGroup: async () => { throw errors.shift() } } as unknown as Broker
  const coordinator = coordinate(broker, async () => broker)
  for (const expected of [{ type: 'REBALANCE_IN_PROGRESS', cause: { type: 'GROUP_LOAD_IN_PROGRESS' } }, { type: 'ILLEGAL_GENERATION' }, { name: 'KafkaJSConnectionError' }]) {
    await t.rejects(coordinator.syncGroup(identity), expected as Error)
  }
})
