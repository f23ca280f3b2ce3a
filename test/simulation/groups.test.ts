import t from 'tap'
import { Bench } from './bench.js'
import { CODE } from './codes.js'

// What kafka-clients were seen to be answered by a real coordinator, the same here.

async function begin (): Promise<Bench> {
  const bench = new Bench()
  bench.cluster.createTopic('t', 1)
  await bench.pass(1000)
  return bench
}

t.test('a newcomer gets its id first, and joins with it', async (t) => {
  const bench = await begin()
  const first = await bench.run(bench.join(''))
  t.equal(first.errorCode, CODE.memberIdRequired)
  const joined = await bench.run(bench.join(first.memberId))
  t.match(joined, { errorCode: 0, generationId: 1, leaderId: first.memberId, members: [{ memberId: first.memberId }] })
  t.equal((await bench.run(bench.join('unknown'))).errorCode, CODE.unknownMemberId)
})

t.test('all members of a generation get what its leader assigns', async (t) => {
  const bench = await begin()
  const members = await bench.group(3)
  for (const member of members) {
    const { assignment } = await bench.run(bench.sync(member, members))
    t.equal(String(assignment), `of ${member.memberId}`)
    t.equal(await bench.heartbeat(member), CODE.none)
  }
})

t.test('commits are taken from the current generation until all have joined the next one', async (t) => {
  const bench = await begin()
  const [a, b] = await bench.group(2)
  t.equal(await bench.commit(a!, 5n), CODE.none)
  t.equal(await bench.commit({ ...a!, memberId: 'unknown' }, 6n), CODE.unknownMemberId)
  t.equal(await bench.commit({ ...a!, generationId: a!.generationId + 1 }, 6n), CODE.illegalGeneration)
  const { memberId } = await bench.run(bench.join(''))
  const others = [bench.join(memberId), bench.join(b!.memberId)]
  await bench.pass(100)
  t.equal(await bench.heartbeat(a!), CODE.rebalanceInProgress)
  t.equal(await bench.commit(a!, 7n), CODE.none, 'while the group prepares')
  const joined = await bench.run(Promise.all([...others, bench.join(a!.memberId)]))
  t.equal(await bench.commit(a!, 8n), CODE.illegalGeneration)
  t.equal(
    await bench.commit({ ...a!, generationId: joined[0]!.generationId }, 8n),
    CODE.rebalanceInProgress,
    'before its leader has assigned'
  )
  t.match(bench.cluster.store.offset('g', 't', 0), { offset: 7n, metadata: 'm' })
})

t.test('heartbeats keep a member that drains; a silent one is evicted after its session', async (t) => {
  const bench = await begin()
  const [a, b] = await bench.group(2)
  for (let i = 0; i < 5; i++) {
    await bench.pass(3000)
    await bench.heartbeat(a!)
  }
  t.equal(await bench.heartbeat(a!), CODE.rebalanceInProgress, 'the other one is gone')
  t.equal(await bench.heartbeat(b!), CODE.unknownMemberId)
  t.equal((await bench.run(bench.join(a!.memberId))).members.length, 1)
})

t.test('a member that does not come back in time is left out', async (t) => {
  const bench = await begin()
  const [a, b] = await bench.group(2)
  const joining = bench.join(a!.memberId, { metadata: Buffer.from('other') })
  for (let i = 0; i < 8; i++) {
    await bench.pass(3000)
    await bench.heartbeat(b!)
  }
  t.equal((await bench.run(joining)).members.length, 1)
  t.equal(await bench.heartbeat(b!), CODE.unknownMemberId)
})

t.test('a member that is removed is told so when its JoinGroup waits, and never when its SyncGroup does', async (t) => {
  const bench = await begin()
  const ids = [(await bench.run(bench.join(''))).memberId, (await bench.run(bench.join(''))).memberId]
  const joined = await bench.run(Promise.all(ids.map((id) => bench.join(id))))
  const follower = joined.find(({ memberId, leaderId }) => memberId !== leaderId)!
  const { memberId, generationId } = follower
  const identity = { groupId: 'g', memberId, groupInstanceId: null }
  let answered = false
  bench.send('SyncGroup', { ...identity, generationId, assignments: [] }).then(() => { answered = true }, () => {})
  await bench.pass(100)
  t.same(await bench.run(bench.send('LeaveGroup', identity)), { errorCode: CODE.none })
  await bench.pass(5000)
  t.notOk(answered)
  t.equal(await bench.heartbeat({ ...identity, ...follower }), CODE.unknownMemberId)

  const other = (await bench.run(bench.join(''))).memberId
  const waiting = bench.join(other)
  await bench.pass(100)
  await bench.run(bench.send('LeaveGroup', { ...identity, memberId: other }))
  t.equal((await bench.run(waiting)).errorCode, CODE.unknownMemberId)
})

t.test('a follower that joins again with what is known stays in the generation, the leader begins one', async (t) => {
  const bench = await begin()
  const [a, b] = await bench.group(2)
  const [leader, follower] = a!.memberId === a!.leaderId ? [a!, b!] : [b!, a!]
  t.equal((await bench.run(bench.join(follower.memberId))).generationId, follower.generationId)
  bench.join(leader.memberId).catch(() => {})
  await bench.pass(100)
  t.equal(await bench.heartbeat(follower), CODE.rebalanceInProgress)
})

t.test('a member that leaves makes the others rebalance', async (t) => {
  const bench = await begin()
  const [a, b] = await bench.group(2)
  t.equal((await bench.run(bench.send('LeaveGroup', a!))).errorCode, CODE.none)
  t.equal(await bench.heartbeat(b!), CODE.rebalanceInProgress)
  t.equal((await bench.run(bench.send('LeaveGroup', a!))).errorCode, CODE.unknownMemberId)
})

t.test('a static member that comes back keeps its assignment, and its former self is fenced', async (t) => {
  const bench = await begin()
  const joined = await bench.run(bench.join('', { groupInstanceId: 'one' }))
  const before = {
    groupId: 'g',
    memberId: joined.memberId,
    groupInstanceId: 'one',
    generationId: joined.generationId,
    leaderId: joined.leaderId
  }
  await bench.run(bench.sync(before, [before]))
  const again = await bench.run(bench.join('', { groupInstanceId: 'one' }))
  t.match(again, { errorCode: 0, generationId: before.generationId, leaderId: before.memberId, members: [] })
  t.not(again.memberId, before.memberId)
  t.equal(await bench.heartbeat(before), CODE.fencedInstanceId)
  t.equal(await bench.commit(before, 1n), CODE.fencedInstanceId)
  const after = { ...before, memberId: again.memberId }
  t.equal(String((await bench.run(bench.sync(after, []))).assignment), `of ${before.memberId}`)
})

t.test('a coordinator that moves keeps the last complete generation and drops an unfinished one', async (t) => {
  const bench = await begin()
  const [a, b] = await bench.group(2)
  await bench.commit(a!, 3n)
  const joining = bench.join(a!.memberId, { metadata: Buffer.from('other') })
  await bench.pass(50)
  bench.cluster.moveCoordinator(2)
  t.equal((await bench.run(joining)).errorCode, CODE.notCoordinator)
  t.equal((await bench.ask(1, 'Heartbeat', b!)).errorCode, CODE.notCoordinator)
  await bench.pass(2000)
  t.match(await bench.ask(3, 'FindCoordinator', { groupId: 'g' }), { nodeId: 2, host: 'node-2' })
  t.equal(await bench.heartbeat(b!), CODE.none)
  t.equal(await bench.commit(a!, 4n), CODE.none)
})

t.test('a coordinator that was frozen until another one took over stores nothing', async (t) => {
  const bench = await begin()
  const [a] = await bench.group(1)
  const connection = await bench.connect(1)
  bench.cluster.freeze(1)
  const commit = connection.send('OffsetCommit', {
    ...a!, topics: [{ topic: 't', partitions: [{ partition: 0, offset: 9n, metadata: '' }] }]
  })
  await bench.pass(10)
  bench.scheduler.schedule(5000, () => { bench.cluster.revive(1) })
  const answer = await bench.run(commit)
  t.match(answer, { topics: [{ partitions: [{ errorCode: CODE.notCoordinator }] }] })
  t.equal(bench.cluster.store.offset('g', 't', 0), undefined)
})
