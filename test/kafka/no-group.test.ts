import t from 'tap'
import { Node } from '../../lib/transport/kafka/cluster/node.js'
import { GenerationLostError } from '../../lib/transport/transport.js'
import { createTopic, until, withAdmin } from './fixture.js'
import { createMember, numbered, produce } from './members.js'

const partition = 0
const groupId = null

// Nothing of this needs a coordinator, or the right to ask one.
const { request } = Node.prototype
t.intercept(Node.prototype, 'request', {
  value (this: Node, ...args: Parameters<typeof request>) {
    if (/Group|Coordinator|Heartbeat|OffsetCommit|OffsetFetch/.test(args[0])) t.fail(`${args[0]} was sent`)
    return request.apply(this, args)
  }
})

// They wait most of the time.
t.jobs = 4

t.test('without a group each consumer reads everything, and no coordinator is asked', async (t) => {
  const topic = await createTopic({ partitions: 2 })
  const both = [createMember(t, { topics: [topic], groupId }), createMember(t, { topics: [topic], groupId })]
  await produce(topic, [...numbered(5), ...numbered(5, { from: 5, partition: 1 })])
  for (const { consumer, observer } of both) {
    t.equal(consumer.lastContact, 0)
    await consumer.start()
    await observer.has(10)
    t.same(observer.owned, [{ topic, partition: 0 }, { topic, partition: 1 }])
    t.same(observer.values().sort(), [...Array(10).keys()].map(String))
    await consumer.commit([{ topic, partition, offset: 5n }])
    t.ok(performance.now() - consumer.lastContact < 5000)
  }
  t.same(both.flatMap(({ observer }) => observer.calls), ['assigned', 'assigned'])
})

t.test('partitions that are added are read from their start, and the others go on at what was committed', async (t) => {
  const topic = await createTopic({ partitions: 1 })
  const { consumer, observer } = createMember(t, { topics: [topic], groupId })
  await produce(topic, numbered(10))
  await consumer.start()
  await observer.has(10)
  await consumer.commit([{ topic, partition, offset: 4n }])
  observer.onRevoking = () => consumer.commit([{ topic, partition, offset: 6n }])
  await withAdmin((admin) => admin.createPartitions({ topicPartitions: [{ topic, count: 2 }] }))
  await observer.was('assigned', 2)
  await produce(topic, [...numbered(1, { from: 10 }), ...numbered(2, { from: 11, partition: 1 })])
  await observer.has(17)
  t.same(
    observer.received.slice(10).map(({ partition, value }) => `${partition} ${value}`).sort(),
    ['0 10', '0 6', '0 7', '0 8', '0 9', '1 11', '1 12']
  )
  t.same(observer.calls, ['assigned', 'revoking', 'assigned'])
})

t.test('latest begins at the end, and at the start of a partition that is added', async (t) => {
  const topic = await createTopic({ partitions: 1 })
  const { consumer, observer } = createMember(t, { topics: [topic], groupId, offsetReset: 'latest' })
  observer.onRecords = (topic, partition, _records, position) => {
    consumer.commit([{ topic, partition, offset: position }]).catch(t.threw)
  }
  await produce(topic, numbered(5))
  await consumer.start()
  await until(async () => observer.positions.get(`${topic}:0`) === 5n)
  await produce(topic, numbered(2, { from: 5 }))
  await observer.has(2)
  await withAdmin(async (admin) => {
    await admin.createPartitions({ topicPartitions: [{ topic, count: 2 }] })
    await until(async () => (await admin.fetchTopicOffsets(topic)).length === 2)
  })
  await produce(topic, numbered(2, { from: 7, partition: 1 }))
  await observer.has(4)
  t.same(observer.values(), ['5', '6', '7', '8'])
})

t.test('a client that breaks is replaced, and continues at the committed offset', async (t) => {
  const topic = await createTopic({ partitions: 1 })
  const { consumer, observer } = createMember(t, { topics: [topic], groupId })
  await produce(topic, numbered(5))
  await consumer.start()
  await observer.has(5)
  await consumer.commit([{ topic, partition, offset: 3n }])
  observer.onRecords = () => {
    observer.onRecords = () => {}
    throw new TypeError('listeners do not do that')
  }
  await produce(topic, numbered(1, { from: 5 }))
  await observer.has(9)
  t.same(observer.values().slice(6), ['3', '4', '5'])
  t.same(observer.calls, ['assigned', 'lost', 'failed', 'assigned'])
})

t.test('the offsets of a topic are forgotten when it is deleted', async (t) => {
  const topic = await createTopic({ partitions: 1 })
  const { consumer, observer } = createMember(t, { topics: [topic], groupId })
  await produce(topic, numbered(3))
  await consumer.start()
  await observer.has(3)
  observer.onRevoking = () => consumer.commit([{ topic, partition, offset: 3n }])
  await withAdmin((admin) => admin.deleteTopics({ topics: [topic] }))
  await observer.was('assigned', 2)
  t.same(consumer.missing(), [topic])
  await withAdmin((admin) => until(async () => await admin.createTopics({
    topics: [{ topic, numPartitions: 1 }], waitForLeaders: false
  })))
  await observer.was('assigned', 3)
  await produce(topic, numbered(5, { from: 3 }))
  await observer.has(8)
  t.same(observer.values(), ['0', '1', '2', '3', '4', '5', '6', '7'])
})

t.test('close is quick, also while it starts, and ends the commits', async (t) => {
  const topic = await createTopic({ partitions: 1 })
  const { consumer, observer } = createMember(t, { topics: [topic], groupId })
  await consumer.start()
  await produce(topic, numbered(1))
  await observer.has(1)
  const before = Date.now()
  await consumer.close()
  t.ok(Date.now() - before < 1000, `${Date.now() - before} ms`)
  await t.rejects(consumer.commit([{ topic, partition, offset: 1n }]), GenerationLostError)

  for (const pause of [0, 10, 40]) {
    const { consumer } = createMember(t, { topics: [topic], groupId })
    const outcome = consumer.start().then(() => 'began', (error: Error) => error.message)
    await new Promise((resolve) => setTimeout(resolve, pause))
    const before = Date.now()
    await consumer.close()
    t.ok(Date.now() - before < 1500, `${Date.now() - before} ms`)
    t.match(await outcome, /began|the consumer without a group was closed/)
  }
})
