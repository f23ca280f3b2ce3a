import { setImmediate, setTimeout as work } from 'node:timers/promises'
import Fastify from 'fastify'
import kafkajs from 'kafkajs'
import t from 'tap'
import faststreamPlugin from '../../index.js'
import { Inbox } from '../support/inbox.js'
import { GenerationLostError } from '../../lib/transport/transport.js'
import { brokers, createTopic, uniqueName, until, withAdmin } from './fixture.js'
import { committed, createMember, memberIds, numbered, produce, withProducer } from './members.js'
import { Worker } from './worker.js'

const partition = 0

// They wait most of the time.
t.jobs = 4

t.test('members that come and go under load process everything once', async (t) => {
  const topic = await createTopic({ partitions: 6 })
  const groupId = uniqueName('group')
  const processed = new Map<string, number>()
  let produced = 0
  const producing = new AbortController()

  async function work (): Promise<Worker> {
    const worker = new Worker(createMember(t, { topics: [topic], groupId }), processed)
    await worker.start()
    return worker
  }

  const stays = [await work(), await work()]
  const load = withProducer(brokers(), async (producer) => {
    while (!producing.signal.aborted) {
      await producer.send({
        topic, messages: Array.from({ length: 12 }, (_, i) => ({ partition: i % 6, value: String(produced++) }))
      })
      await new Promise((resolve) => setTimeout(resolve, 40))
    }
  }, { idempotent: true, maxInFlightRequests: 1 })
  for (let round = 0; round < 4; round++) {
    const guest = await work()
    const share = processed.size
    await until(async () => processed.size > share + 30)
    await guest.stop()
    await until(async () => stays.reduce((sum, { member }) => sum + member.observer.owned.length, 0) === 6)
  }
  producing.abort()
  await load
  await until(async () => processed.size === produced)
  await Promise.all(stays.map((worker) => worker.stop()))

  t.ok(produced > 300)
  t.equal([...processed.values()].filter((times) => times > 1).length, 0, 'none twice')
  t.ok(stays.every(({ drains }) => drains >= 8), 'each joining and each leaving was drained')
  t.same(stays.flatMap(({ refused }) => refused), [], 'every commit was taken')
  const ends = await withAdmin((admin) => admin.fetchTopicOffsets(topic))
  t.same(await committed(groupId, topic), ends.sort((a, b) => a.partition - b.partition).map(({ high }) => high))
})

t.test('while it drains, the old generation commits; afterwards it does not', async (t) => {
  const topic = await createTopic({ partitions: 2 })
  const groupId = uniqueName('group')
  const first = createMember(t, { topics: [topic], groupId, sessionTimeout: 6000, rebalanceTimeout: 30_000 })
  await produce(topic, numbered(10))
  await first.consumer.start()
  await first.observer.has(10)

  let rejoin = (): void => {}
  first.observer.onRevoking = () => new Promise((resolve) => { rejoin = resolve })
  const second = createMember(t, { topics: [topic], groupId })
  const secondStarted = second.consumer.start()
  await first.observer.was('revoking')
  const begin = Date.now()
  // Longer than the session: heartbeats keep it.
  await until(async () => Date.now() - begin > 7000)
  await first.consumer.commit([{ topic, partition, offset: 10n }])
  t.same(await committed(groupId, topic), ['10', '-1'])
  t.same(second.observer.calls, [], 'the group waits')
  rejoin()
  await setImmediate()
  await t.rejects(first.consumer.commit([{ topic, partition, offset: 3n }]), GenerationLostError)
  await secondStarted
  await first.observer.was('assigned', 2)
  t.same(await committed(groupId, topic), ['10', '-1'])
  t.same(first.observer.calls, ['assigned', 'revoking', 'assigned'])
  t.equal(first.observer.owned.length + second.observer.owned.length, 2)
})

t.test('a commit on its way when the member is thrown out is refused as of a lost generation', async (t) => {
  const topic = await createTopic({ partitions: 1 })
  const groupId = uniqueName('group')
  const { consumer, observer } = createMember(t, { topics: [topic], groupId })
  await produce(topic, numbered(10))
  await consumer.start()
  await observer.has(10)
  await throwOut(groupId)
  await t.rejects(consumer.commit([{ topic, partition, offset: 10n }]), GenerationLostError)

  await observer.was('assigned', 2)
  await observer.has(20)
  t.same(observer.calls, ['assigned', 'lost', 'assigned'], 'there was nothing left to drain for')
})

t.test('a member that drains for too long is evicted, and rejoins without waiting for the drain', async (t) => {
  const topic = await createTopic({ partitions: 2 })
  const groupId = uniqueName('group')
  const first = createMember(t, { topics: [topic], groupId, rebalanceTimeout: 4000 })
  await first.consumer.start()
  first.observer.onRevoking = () => new Promise(() => {})
  const second = createMember(t, { topics: [topic], groupId, rebalanceTimeout: 4000 })
  await second.consumer.start()
  await first.observer.was('assigned', 2)
  t.same(first.observer.calls, ['assigned', 'revoking', 'lost', 'assigned'])
  t.equal(first.observer.owned.length + second.observer.owned.length, 2)
})

t.test('a member that is evicted while it drains is told at once', async (t) => {
  const topic = await createTopic({ partitions: 2 })
  const groupId = uniqueName('group')
  const first = createMember(t, { topics: [topic], groupId })
  await first.consumer.start()
  first.observer.onRevoking = () => new Promise(() => {})
  const second = createMember(t, { topics: [topic], groupId })
  const started = second.consumer.start()
  await first.observer.was('revoking')
  await throwOut(groupId)
  await first.observer.was('lost')
  await first.observer.was('assigned', 2)
  await started
})

t.test('an app that is evicted while it drains handles and commits the messages that follow', async (t) => {
  const topic = await createTopic({ partitions: 4 })
  const groupId = uniqueName('group')
  const revokeDrain = 6000
  const produceEverywhere = (value: string) => produce(topic, [0, 1, 2, 3].map((partition) => ({ partition, value })))
  const runs = new Inbox<unknown>()
  async function start () {
    const app = Fastify()
    t.teardown(() => app.close())
    await app.register(faststreamPlugin, {
      brokers: brokers(), groupId, revokeDrain, ordering: 'none', commit: { interval: 100 }
    })
    app.broker.subscriber(topic, async (value) => {
      runs.add(value)
      // The first ones keep the drain going that they are in, what comes then runs when its time is over.
      if (runs.items.length <= 4) await work(1.5 * revokeDrain)
      else if (value === 'then') await work(revokeDrain)
    })
    await app.ready()
    return app
  }

  await produceEverywhere('"first"')
  const { broker } = await start()
  const reading = (state: string) => until(async () => broker.health().subscribers[0]?.state === state)
  await runs.count(4)
  const second = start()
  await reading('rebalancing')
  await throwOut(groupId)
  await second
  await reading('reading')
  await until(async () => broker.health().subscribers[0]?.partitions.length === 2)
  await produceEverywhere('"then"')
  await until(async () => (await committed(groupId, topic)).join() === '2,2,2,2')
})

t.test('a drain that fails does not keep the group waiting', async (t) => {
  const topic = await createTopic({ partitions: 2 })
  const groupId = uniqueName('group')
  const first = createMember(t, { topics: [topic], groupId })
  await first.consumer.start()
  first.observer.onRevoking = async () => { throw new Error('cannot drain') }
  const second = createMember(t, { topics: [topic], groupId })
  await second.consumer.start()
  await first.observer.was('assigned', 2)
  t.same(first.observer.calls, ['assigned', 'revoking', 'assigned'])
})

t.test('members with different topics read everything, also partitions that only a follower knows of', async (t) => {
  const [a, b] = [await createTopic({ partitions: 4 }), await createTopic({ partitions: 4 })]
  const groupId = uniqueName('group')
  const leader = createMember(t, { topics: [a], groupId })
  await leader.consumer.start()
  const follower = createMember(t, { topics: [b], groupId })
  await follower.consumer.start()
  await leader.observer.was('assigned', 2)
  await produce(a, [0, 1, 2, 3].flatMap((partition) => numbered(2, { partition })))
  await produce(b, [0, 1, 2, 3].flatMap((partition) => numbered(2, { partition })))
  await leader.observer.has(8)
  await follower.observer.has(8)

  await withAdmin((admin) => admin.createPartitions({ topicPartitions: [{ topic: b, count: 6 }] }))
  await until(async () => follower.observer.owned.length === 6)
  await produce(b, [4, 5].flatMap((partition) => numbered(2, { partition })))
  await follower.observer.has(12)
  t.ok(leader.observer.received.every(({ topic }) => topic === a))
  t.ok(follower.observer.received.every(({ topic }) => topic === b))

  await leader.consumer.close()
  await until(async () => follower.observer.calls.filter((call) => call === 'assigned').length === 3)
  t.same([...leader.observer.failures, ...follower.observer.failures], [])
})

t.test('plain kafkajs can be in the group, and what only it reads is read', async (t) => {
  const [a, b] = [await createTopic({ partitions: 2 }), await createTopic({ partitions: 2 })]
  const groupId = uniqueName('group')
  const ours = createMember(t, { topics: [a], groupId })
  await ours.consumer.start()
  const plain = new kafkajs.Kafka({ brokers: [...brokers()], logLevel: kafkajs.logLevel.NOTHING })
    .consumer({ groupId, maxWaitTimeInMs: 100, heartbeatInterval: 300 })
  t.teardown(() => plain.disconnect())
  const read: string[] = []
  await plain.connect()
  await plain.subscribe({ topics: [b], fromBeginning: true })
  await plain.run({ eachMessage: async ({ message }) => { read.push(String(message.value)) } })
  await produce(a, [...numbered(1), ...numbered(1, { partition: 1 })])
  await produce(b, [...numbered(1, { from: 2 }), ...numbered(1, { from: 3, partition: 1 })])
  await ours.observer.has(2)
  await until(async () => read.length === 2)
  t.same(read.sort(), ['2', '3'])
})

t.test('a group that cannot be joined is tried again until it can', async (t) => {
  const topic = await createTopic({ partitions: 1 })
  const groupId = uniqueName('group')
  const stranger = new kafkajs.Kafka({ brokers: [...brokers()], logLevel: kafkajs.logLevel.NOTHING }).consumer({
    groupId,
    partitionAssigners: [(config) => ({
      ...kafkajs.PartitionAssigners.roundRobin(config),
      name: 'stranger',
      protocol: ({ topics }) => ({
        name: 'stranger',
        metadata: kafkajs.AssignerProtocol.MemberMetadata.encode({ version: 0, topics, userData: Buffer.alloc(0) })
      })
    })]
  })
  t.teardown(() => stranger.disconnect())
  await stranger.connect()
  await stranger.subscribe({ topics: [topic] })
  await stranger.run({ eachMessage: async () => {} })

  const { consumer, observer } = createMember(t, { topics: [topic], groupId })
  const started = consumer.start()
  await observer.was('failed')
  t.match(observer.failures[0], /protocol/)
  await stranger.disconnect()
  await started
  t.notOk(observer.calls.includes('lost'))
})

t.test('close during a drain ends it and leaves the group', async (t) => {
  const topic = await createTopic({ partitions: 2 })
  const groupId = uniqueName('group')
  const first = createMember(t, { topics: [topic], groupId })
  await first.consumer.start()
  first.observer.onRevoking = () => new Promise(() => {})
  const second = createMember(t, { topics: [topic], groupId })
  const started = second.consumer.start()
  await first.observer.was('revoking')
  const before = Date.now()
  await first.consumer.close()
  t.ok(Date.now() - before < 1500, `${Date.now() - before} ms`)
  await started
  t.equal(second.observer.owned.length, 2)
  t.same(first.observer.calls, ['assigned', 'revoking'])
})

t.test('close during a join that waits for a drain leaves the group at once', async (t) => {
  const topic = await createTopic({ partitions: 2 })
  const groupId = uniqueName('group')
  const first = createMember(t, { topics: [topic], groupId })
  await first.consumer.start()
  let rejoin = (): void => {}
  first.observer.onRevoking = () => new Promise((resolve) => { rejoin = resolve })
  const second = createMember(t, { topics: [topic], groupId })
  const started = t.rejects(second.consumer.start(), /closed/)
  await first.observer.was('revoking')
  t.equal((await memberIds(groupId)).length, 2)
  const before = Date.now()
  await second.consumer.close()
  t.ok(Date.now() - before < 1500, `${Date.now() - before} ms`)
  await started
  t.equal((await memberIds(groupId)).length, 1)
  rejoin()
  await first.observer.was('assigned', 2)
  t.equal(first.observer.owned.length, 2)
  t.same(second.observer.calls, [])
})

t.test('a static member restarts without a rebalance, and a second one of its name fences it', async (t) => {
  const topic = await createTopic({ partitions: 2 })
  const groupId = uniqueName('group')
  const [first, stays] = ['first', 'stays'].map((groupInstanceId) => createMember(t, {
    topics: [topic], groupId, groupInstanceId
  }))
  await first!.consumer.start()
  await stays!.consumer.start()
  await until(async () => first!.observer.owned.length === 1 && stays!.observer.owned.length === 1)
  const calls = stays!.observer.calls.length
  await first!.consumer.close()
  const again = createMember(t, { topics: [topic], groupId, groupInstanceId: 'first' })
  await again.consumer.start()
  t.equal(again.observer.owned.length, 1)
  t.equal(stays!.observer.calls.length, calls)

  const thief = createMember(t, { topics: [topic], groupId, groupInstanceId: 'first' })
  await thief.consumer.start()
  await again.observer.was('failed')
  t.match(again.observer.failures, [{ code: 'FASTSTREAM_ERR_FENCED' }])
  t.same(again.observer.calls, ['assigned', 'lost', 'failed'])
  t.equal(thief.observer.owned.length, 1)
})

/** Ends the memberships of a group as an operator can: its members learn it from their next request. */
async function throwOut (groupId: string): Promise<void> {
  const victims = await memberIds(groupId)
  const kafka = new kafkajs.Kafka({ brokers: [...brokers()], logLevel: kafkajs.logLevel.NOTHING })
  let leave = async (): Promise<void> => {}
  const consumer = kafka.consumer({
    groupId,
    partitionAssigners: [({ cluster, ...rest }) => {
      leave = async () => {
        const coordinator = await cluster.findGroupCoordinator({ groupId }) as unknown as {
          leaveGroup (request: object): Promise<void>
        }
        for (const memberId of victims) await coordinator.leaveGroup({ groupId, memberId })
      }
      return kafkajs.PartitionAssigners.roundRobin({ cluster, ...rest })
    }]
  })
  await consumer.connect()
  await consumer.subscribe({ topics: [await createTopic({ partitions: 1 })] })
  await leave()
  await consumer.disconnect()
}
