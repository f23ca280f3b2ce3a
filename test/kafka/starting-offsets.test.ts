import kafkajs, { type Producer, type Transaction } from 'kafkajs'
import t from 'tap'
import { Node } from '../../lib/transport/kafka/cluster/node.js'
import { eachOf } from '../../lib/transport/kafka/group-by.js'
import type { OffsetCommitRequest } from '../../lib/transport/kafka/wire.js'
import { untilNotFetched } from './fetches.js'
import { brokers, createTopic, uniqueName, until, withAdmin } from './fixture.js'
import { committed, createEager, createMember, expire, numbered, produce, store, withProducer } from './members.js'

type Test = typeof t

const partition = 0
const modes = ['earliest', 'latest', 'fail'] as const

// They wait most of the time.
t.jobs = 4

/** Everything that our client commits in this file. */
const commits: bigint[] = []
const { request } = Node.prototype
t.intercept(Node.prototype, 'request', {
  value (this: Node, ...args: Parameters<typeof request>) {
    const [api, parameters] = args
    if (api === 'OffsetCommit') {
      commits.push(...Array.from(eachOf((parameters as OffsetCommitRequest).topics), ({ offset }) => offset))
    }
    return request.apply(this, args)
  }
})

for (const offsetReset of modes) {
  t.test(`with '${offsetReset}', a group without offsets begins at the ${offsetReset}`, async (t) => {
    const topic = await createTopic({ partitions: 1 })
    await produce(topic, numbered(10))
    await expire(topic, 4n)
    const { consumer, observer } = createMember(t, { topics: [topic], offsetReset })
    const told: Array<readonly [number, bigint]> = []
    observer.onRecords = (_topic, _partition, records, position) => { told.push([records.length, position]) }
    await consumer.start()
    await until(async () => told.length > 0)
    t.same(told[0], [0, offsetReset === 'latest' ? 10n : 4n])
    await produce(topic, numbered(2, { from: 10 }))
    await until(async () => observer.values().at(-1) === '11')
    t.equal(observer.values()[0], offsetReset === 'latest' ? '10' : '4')
    t.same(observer.calls, ['assigned'])
  })

  for (const [what, stored] of [['retention has passed', 3n], ['is ahead of the log', 5000n]] as const) {
    t.test(`with '${offsetReset}', a stored offset that ${what} is told with all figures`, async (t) => {
      const topic = await createTopic({ partitions: 2 })
      const groupId = uniqueName('group')
      await produce(topic, [...numbered(10), ...numbered(3, { partition: 1 })])
      await expire(topic, 6n)
      await store(t, groupId, topic, stored, 1n)
      const { consumer, observer } = createEager(t, { topics: [topic], groupId, offsetReset })
      await consumer.start()
      await observer.was('reset')
      const position = { earliest: 6n, latest: 10n, fail: undefined }[offsetReset]
      t.same(observer.resets, [{ partition: 0, stored, start: 6n, end: 10n, position }])
      await until(async () => observer.positions.get(`${topic}:1`) === 3n)

      if (offsetReset === 'fail') {
        t.notOk(observer.positions.has(`${topic}:0`))
        t.same(consumer.progress({ topic, partition }), { position: undefined, end: 10n })
        consumer.resume({ topic, partition })
        await produce(topic, [...numbered(1, { from: 10 }), ...numbered(1, { from: 3, partition: 1 })])
        await until(async () => observer.positions.get(`${topic}:1`) === 4n)
        t.notOk(observer.received.some((record) => record.partition === 0), 'only the others flow')
        t.equal((await committed(groupId, topic))[0], String(stored), 'what is stored stays')
        consumer.seek({ topic, partition, offset: 7n })
      } else {
        await until(async () => (await committed(groupId, topic))[0] === '10')
        await produce(topic, numbered(1, { from: 10 }))
      }
      await until(async () => observer.positions.get(`${topic}:0`) === 11n)
      const first = { earliest: '6', latest: '10', fail: '7' }[offsetReset]
      t.equal(observer.received.find((record) => record.partition === 0)?.value, first)
      t.same(observer.calls, ['assigned', 'reset'])
    })
  }

  t.test(`with '${offsetReset}', retention that overtakes a member begins a new generation`, async (t) => {
    const topic = await createTopic({ partitions: 2 })
    const groupId = uniqueName('group')
    await produce(topic, numbered(10))
    await store(t, groupId, topic, 0n, 0n)
    const { consumer, observer } = createMember(t, { topics: [topic], groupId, offsetReset })
    await consumer.start()
    await observer.has(10)
    consumer.pause({ topic, partition })
    await untilNotFetched(topic, partition)
    await produce(topic, numbered(10, { from: 10 }))
    await expire(topic, 15n)
    // The watermark of its handlers, stored by the drain.
    observer.onRevoking = () => consumer.commit([{ topic, partition, offset: 8n }])
    consumer.resume({ topic, partition })
    await observer.was('reset')
    t.same(observer.calls, ['assigned', 'revoking', 'assigned', 'reset'])
    const position = { earliest: 15n, latest: 20n, fail: undefined }[offsetReset]
    t.same(observer.resets, [{ partition: 0, stored: 8n, start: 15n, end: 20n, position }])
    t.equal((await committed(groupId, topic))[0], '8')

    if (offsetReset === 'fail') consumer.seek({ topic, partition, offset: 17n })
    await produce(topic, [...numbered(1, { from: 20 }), ...numbered(1, { partition: 1 })])
    await until(async () => observer.positions.get(`${topic}:0`) === 21n && observer.positions.get(`${topic}:1`) === 1n)
    const first = { earliest: '15', latest: '20', fail: '17' }[offsetReset]
    t.equal(observer.received.filter((record) => record.partition === 0)[10]?.value, first)
  })
}

t.test("with 'latest', what comes between a crash and the next start is read", async (t) => {
  const topic = await createTopic({ partitions: 1 })
  const groupId = uniqueName('group')
  await produce(topic, numbered(3))
  const first = createEager(t, { topics: [topic], groupId, offsetReset: 'latest' })
  await first.consumer.start()
  await until(async () => (await committed(groupId, topic))[0] === '3')
  await first.consumer.close()
  await produce(topic, numbered(2, { from: 3 }))
  const second = createEager(t, { topics: [topic], groupId, offsetReset: 'latest' })
  await second.consumer.start()
  await second.observer.has(2)
  t.same(second.observer.values(), ['3', '4'])
})

t.test("with 'latest', what is published once start has resolved is read", async (t) => {
  const topic = await createTopic({ partitions: 4 })
  await withProducer(brokers(), async (producer) => {
    const { consumer, observer } = createMember(t, { topics: [topic], offsetReset: 'latest' })
    await producer.send({ topic, messages: numbered(1) })
    await consumer.start()
    await producer.send({ topic, messages: [0, 1, 2, 3].flatMap((partition) => numbered(1, { partition })) })
    await observer.has(4)
    t.equal(observer.received.length, 4)
  })
})

t.test("with 'latest', members that start together leave out what was there, each in its partitions", async (t) => {
  const topic = await createTopic({ partitions: 4 })
  const groupId = uniqueName('group')
  await produce(topic, [0, 1, 2, 3].flatMap((partition) => numbered(5, { partition })))
  const members = [
    createEager(t, { topics: [topic], groupId, offsetReset: 'latest' }),
    createEager(t, { topics: [topic], groupId, offsetReset: 'latest' })
  ]
  await Promise.all(members.map(({ consumer }) => consumer.start()))
  await until(async () => (await committed(groupId, topic)).every((offset) => offset === '5'))
  t.same(members.flatMap(({ observer }) => observer.values()), [])
})

t.test("with 'latest', an added partition is read from its start", async (t) => {
  const topic = await createTopic({ partitions: 1 })
  const groupId = uniqueName('group')
  await produce(topic, numbered(3))
  const running = createEager(t, { topics: [topic], groupId, offsetReset: 'latest' })
  await running.consumer.start()
  await until(async () => (await committed(groupId, topic))[0] === '3')

  await addPartitions(topic, 2)
  await produce(topic, numbered(5, { partition: 1 }))
  t.equal(running.observer.owned.length, 1, 'not discovered yet')
  await running.observer.has(5)
  t.same(running.observer.values(), ['0', '1', '2', '3', '4'])
  await running.consumer.close()

  await addPartitions(topic, 3)
  await produce(topic, numbered(4, { partition: 2 }))
  const later = createEager(t, { topics: [topic], groupId, offsetReset: 'latest' })
  await later.consumer.start()
  await later.observer.has(4)
  t.ok(later.observer.received.every((record) => record.partition === 2))
})

async function addPartitions (topic: string, count: number): Promise<void> {
  await withAdmin(async (admin) => {
    await admin.createPartitions({ topicPartitions: [{ topic, count }] })
    await until(async () => (await admin.fetchTopicOffsets(topic)).length === count)
  })
}

t.test('a topic that is recreated unnoticed by its member is read from its start', async (t) => {
  const topic = await createTopic({ partitions: 1 })
  await produce(topic, numbered(10))
  const { consumer, observer } = createEager(t, { topics: [topic] })
  await consumer.start()
  await observer.has(10)
  await withAdmin(async (admin) => {
    await admin.deleteTopics({ topics: [topic] })
    await until(async () => await admin.createTopics({ topics: [{ topic, numPartitions: 1 }], waitForLeaders: false }))
    // The node may still have the log of the topic that was deleted.
    await until(async () => (await admin.fetchTopicOffsets(topic))[0]?.high === '0')
  })
  await produce(topic, numbered(3, { from: 10 }))
  await observer.has(13)
  t.same(observer.received.slice(10).map(({ offset, value }) => [offset, value]), [[0n, '10'], [1n, '11'], [2n, '12']])
})

t.test('what plain kafkajs stores for an offset out of range is nothing', async (t) => {
  const topic = await createTopic({ partitions: 1 })
  const groupId = uniqueName('group')
  await produce(topic, numbered(3))
  await withAdmin((admin) => admin.setOffsets({ groupId, topic, partitions: [{ partition, offset: '-2' }] }))
  const { consumer, observer } = createMember(t, { topics: [topic], groupId, offsetReset: 'fail' })
  await consumer.start()
  await observer.has(3)
  t.same(observer.calls, ['assigned'])
})

t.test("an offset in an open transaction is in range, and 'latest' is its first offset", async (t) => {
  const topic = await createTopic({ partitions: 1 })
  const groupId = uniqueName('group')
  await produce(topic, numbered(5))
  const { producer, transaction } = await openTransaction(t, topic, numbered(3, { from: 5 }))
  await store(t, groupId, topic, 7n)
  const strict = createMember(t, { topics: [topic], groupId, offsetReset: 'fail' })
  await strict.consumer.start()
  await until(async () => strict.consumer.progress({ topic, partition }).position === 7n)
  t.match(strict.consumer.progress({ topic, partition }), { position: 7n, end: 8n })
  t.same(strict.observer.calls, ['assigned'])
  const late = createMember(t, { topics: [topic], offsetReset: 'latest' })
  await late.consumer.start()
  await until(async () => late.consumer.progress({ topic, partition }).position === 5n)

  await transaction.commit()
  await producer.disconnect()
  await strict.observer.has(1)
  t.same(strict.observer.values(), ['7'])
  await late.observer.has(3)
  t.same(late.observer.values(), ['5', '6', '7'], 'it became visible after the start')
})

async function openTransaction (
  t: Pick<Test, 'teardown'>, topic: string, messages: ReturnType<typeof numbered>
): Promise<{ producer: Producer, transaction: Transaction }> {
  const kafka = new kafkajs.Kafka({ brokers: [...brokers()], logLevel: kafkajs.logLevel.NOTHING })
  const producer = kafka.producer({
    transactionalId: uniqueName('transaction'),
    idempotent: true,
    maxInFlightRequests: 1,
    createPartitioner: kafkajs.Partitioners.DefaultPartitioner
  })
  t.teardown(() => producer.disconnect())
  await producer.connect()
  const transaction = await producer.transaction()
  await transaction.send({ topic, messages })
  return { producer, transaction }
}

t.test('nothing in all this has committed an offset that is none', { buffered: false }, async (t) => {
  t.ok(commits.length > 20)
  t.same(commits.filter((offset) => offset < 0n), [])
})
