import t from 'tap'
import { createTopic, uniqueName, until, withAdmin } from './fixture.js'
import { createMember, memberIds, numbered, produce } from './members.js'
import type { TestMember } from './members.js'

const partition = 0

await t.test('a group of a missing topic keeps its member, is nearly idle, and is left at once', async (t) => {
  const [topic, groupId] = [uniqueName('topic'), uniqueName('group')]
  const { consumer, observer } = createMember(t, { topics: [topic], groupId, sessionTimeout: 6000 })
  t.same(consumer.missing(), [], 'the cluster has not been asked yet')
  await consumer.start()
  t.same(observer.owned, [])
  t.same(consumer.missing(), [topic])
  const calls = observer.calls.length

  const [begin, cpu] = [Date.now(), process.cpuUsage()]
  // Longer than the session.
  await until(async () => Date.now() - begin > 8000)
  const { user, system } = process.cpuUsage(cpu)
  t.ok((user + system) / 1000 < 0.2 * (Date.now() - begin), `${(user + system) / 1000} ms of CPU`)
  t.equal((await memberIds(groupId)).length, 1)
  t.equal(observer.calls.length, calls)

  const before = Date.now()
  await consumer.close()
  t.ok(Date.now() - before < 1000, `${Date.now() - before} ms`)
  t.same(await memberIds(groupId), [])
})

// They wait most of the time.
t.jobs = 4

t.test('a missing topic blocks nothing, and is read from its start once it is created', async (t) => {
  const [existing, later] = [await createTopic({ partitions: 1 }), uniqueName('topic')]
  const { consumer, observer } = createMember(t, { topics: [later, existing] })
  await produce(existing, numbered(3))
  await consumer.start()
  await observer.has(3)
  await consumer.commit([{ topic: existing, partition, offset: 3n }])
  t.same(consumer.missing(), [later])

  await create(later, 2)
  await produce(later, [...numbered(2, { from: 3 }), ...numbered(2, { from: 5, partition: 1 })])
  const created = Date.now()
  await observer.has(7)
  t.ok(Date.now() - created < 5000, `${Date.now() - created} ms`)
  t.same(observer.values().sort(), ['0', '1', '2', '3', '4', '5', '6'])
  t.same(consumer.missing(), [])
  t.same(observer.calls.filter((call) => call !== 'assigned' && call !== 'revoking'), [])
})

t.test('the only topic of a group is read when it is created', async (t) => {
  const topic = uniqueName('topic')
  const { consumer, observer } = createMember(t, { topics: [topic] })
  await consumer.start()
  await create(topic, 1)
  await produce(topic, numbered(3))
  await observer.has(3)
  t.same(observer.owned, [{ topic, partition }])
})

t.test('a deleted topic is dropped while others go on, and is read again once it is recreated', async (t) => {
  const [stays, goes] = [await createTopic({ partitions: 1 }), await createTopic({ partitions: 1 })]
  const { consumer, observer } = createMember(t, { topics: [stays, goes] })
  await produce(goes, numbered(10))
  await consumer.start()
  await observer.has(10)
  await consumer.commit([{ topic: goes, partition, offset: 10n }])

  await remove(goes)
  await until(
    async () => consumer.missing().includes(goes) && observer.calls.filter((call) => call === 'assigned').length === 2
  )
  t.same(observer.owned, [{ topic: stays, partition }])
  await produce(stays, numbered(1, { from: 10 }))
  await observer.has(11)
  await consumer.commit([{ topic: stays, partition, offset: 1n }])
  t.same(observer.calls, ['assigned', 'revoking', 'assigned'])

  await create(goes, 1)
  await produce(goes, numbered(20, { from: 11 }))
  await observer.has(31)
  t.same(observer.values(), Array.from({ length: 31 }, (_, i) => String(i)))
  t.same(consumer.missing(), [])
  t.same(observer.failures, [])
})

t.test('a topic that is deleted while it is paused is read again, too: only the metadata tell of it', async (t) => {
  const [stays, goes] = [await createTopic({ partitions: 1 }), await createTopic({ partitions: 1 })]
  const { consumer, observer } = createMember(t, { topics: [stays, goes] })
  await consumer.start()
  await produce(goes, numbered(3))
  await observer.has(3)
  consumer.pause({ topic: goes, partition })
  // The fetch that was under way still asked for it.
  await produce(stays, numbered(1, { from: 3 }))
  await observer.has(4)
  await consumer.commit([{ topic: stays, partition, offset: 1n }])
  await remove(goes)
  await until(async () => observer.owned.length === 1)
  await create(goes, 1)
  await produce(goes, numbered(2, { from: 4 }))
  await observer.has(6)
  t.same(observer.values(), ['0', '1', '2', '3', '4', '5'])
})

t.test('a deletion and a creation each cause one rebalance, also of a topic the leader does not read', async (t) => {
  const [stays, goes, groupId] = [await createTopic({ partitions: 3 }), uniqueName('topic'), uniqueName('group')]
  const leader = createMember(t, { topics: [stays], groupId })
  await leader.consumer.start()
  const followers = [createMember(t, { topics: [stays, goes], groupId }), createMember(t, { topics: [goes], groupId })]
  const members = [leader, ...followers]
  for (const { consumer } of followers) await consumer.start()
  await until(async () => generations(members).join() === '3,2,1')
  t.same(members.map(({ consumer }) => consumer.missing()), [[], [goes], [goes]])
  const before = generations(members)

  // One partition: the other follower gets nothing that makes it look.
  await create(goes, 1)
  await until(async () => owners(members, goes).sort().join() === '0,0,1')
  t.equal(leader.observer.owned.filter(({ topic }) => topic === goes).length, 0)
  await produce(goes, numbered(1))
  await until(async () => members.reduce((sum, { observer }) => sum + observer.received.length, 0) === 1)
  await until(async () => followers.every(({ consumer }) => consumer.missing().length === 0))

  await remove(goes)
  await until(async () => owners(members, goes).join() === '0,0,0' && followers.every(
    ({ consumer }) => consumer.missing().length === 1
  ))
  await produce(stays, [0, 1, 2].flatMap((partition) => numbered(1, { partition })))
  await until(async () => members.reduce((sum, { observer }) => sum + observer.received.length, 0) === 4)
  t.same(generations(members), before.map((count) => count + 2))
  t.same(members.flatMap(({ observer }) => observer.failures), [])
})

t.test('the log has one line for each absence', async (t) => {
  const [topic, groupId] = [uniqueName('topic'), uniqueName('group')]
  const lines: unknown[] = []
  const { consumer } = createMember(t, {
    topics: [topic],
    groupId,
    log: { debug () {}, info () {}, warn: (details, message) => { lines.push([details, message]) }, error () {} }
  })
  await consumer.start()
  await until(async () => lines.length === 1)
  const warned = Date.now()
  // Long enough to ask again.
  await until(async () => Date.now() - warned > 2500)
  t.equal(lines.length, 1)
  await create(topic, 1)
  await until(async () => consumer.missing().length === 0)
  await remove(topic)
  await until(async () => lines.length === 2)
  const line = [{ topic, groupId }, 'a subscribed topic does not exist: it is read when it is created']
  t.same(lines, [line, line])
})

function generations (members: readonly TestMember[]): number[] {
  return members.map(({ observer }) => observer.calls.filter((call) => call === 'assigned').length)
}

function owners (members: readonly TestMember[], topic: string): number[] {
  return members.map(({ observer }) => observer.owned.filter((owned) => owned.topic === topic).length)
}

async function create (topic: string, partitions: number): Promise<void> {
  await withAdmin(async (admin) => {
    // A name is free again a moment after its topic was deleted.
    await until(async () => await admin.createTopics({
      topics: [{ topic, numPartitions: partitions }], waitForLeaders: false
    }))
    await until(async () => (await admin.fetchTopicOffsets(topic)).length === partitions)
  })
}

async function remove (topic: string): Promise<void> {
  await withAdmin((admin) => admin.deleteTopics({ topics: [topic] }))
}
