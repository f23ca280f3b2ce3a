import { setImmediate } from 'node:timers/promises'
import t from 'tap'
import { startCluster } from '../../tools/kafka/cluster.js'
import { fetchesOf, untilNotFetched } from './fetches.js'
import { createTopic, uniqueName, until } from './fixture.js'
import { committed, createEager, createMember, expire, numbered, produce, store } from './members.js'

type Test = typeof t

const partition = 0

// They wait most of the time.
t.jobs = 4

t.test('seek goes on from any offset, also from within the news that reading has stopped', async (t) => {
  const topic = await createTopic({ partitions: 1 })
  const groupId = uniqueName('group')
  await produce(topic, numbered(10))
  await store(t, groupId, topic, 5000n)
  const { consumer, observer } = createEager(t, { topics: [topic], groupId, offsetReset: 'fail' })
  observer.onReset = () => { consumer.seek({ topic, partition, offset: 2n }) }
  await consumer.start()
  await observer.has(8)
  t.same(observer.values(), ['2', '3', '4', '5', '6', '7', '8', '9'])
  await until(async () => (await committed(groupId, topic))[0] === '10', 5000)

  consumer.seek({ topic, partition, offset: 0n })
  consumer.seek({ topic: 'another', partition, offset: 0n })
  await produce(topic, numbered(1, { from: 10 }))
  await observer.has(9)
  t.equal(observer.received.length, 9, 'what is read and what is not owned stays as it is')
})

t.test('a partition without room is not resumed by seek, and one of a stopped consumer not at all', async (t) => {
  const topic = await createTopic({ partitions: 2 })
  const groupId = uniqueName('group')
  await produce(topic, [...numbered(3), ...numbered(3, { partition: 1 })])
  await store(t, groupId, topic, 5000n, 0n)
  const { consumer, observer } = createMember(t, { topics: [topic], groupId, offsetReset: 'fail' })
  await consumer.start()
  await observer.was('reset')
  const before = fetchesOf(topic, partition)
  consumer.pause({ topic, partition })
  consumer.seek({ topic, partition, offset: 1n })
  await observer.has(3)
  await produce(topic, numbered(1, { from: 3, partition: 1 }))
  await observer.has(4)
  t.ok(observer.received.every((record) => record.partition === 1))
  t.equal(fetchesOf(topic, partition), before, 'not even fetched')
  consumer.resume({ topic, partition })
  await observer.has(6)
  t.same(observer.values().slice(4), ['1', '2'])

  const stopped = createMember(t, { topics: [topic], groupId: await outOfRange(t, topic), offsetReset: 'fail' })
  await stopped.consumer.start()
  await stopped.observer.was('reset')
  stopped.consumer.stop()
  stopped.consumer.seek({ topic, partition, offset: 1n })
  await produce(topic, numbered(1, { from: 4 }))
  await observer.has(7)
  t.equal(stopped.observer.received.length, 0)
})

async function outOfRange (t: Pick<Test, 'teardown'>, topic: string): Promise<string> {
  const groupId = uniqueName('group')
  await store(t, groupId, topic, 5000n, 5000n)
  return groupId
}

t.test('a seek that no fetch has seen yet ends with its generation', async (t) => {
  const topic = await createTopic({ partitions: 1 })
  const groupId = uniqueName('group')
  await produce(topic, numbered(10))
  await store(t, groupId, topic, 5000n)
  const { consumer, observer } = createMember(t, { topics: [topic], groupId, offsetReset: 'fail' })
  await consumer.start()
  await observer.was('reset')
  observer.onRevoking = async () => {
    consumer.seek({ topic, partition, offset: 7n })
    await consumer.commit([{ topic, partition, offset: 2n }])
  }
  await createMember(t, { topics: [topic], groupId }).consumer.start()
  await observer.has(8)
  t.equal(observer.owned.length, 1)
  t.same(observer.values(), ['2', '3', '4', '5', '6', '7', '8', '9'])
})

t.test('progress tells how far the reading is, and how far the log', async (t) => {
  const topic = await createTopic({ partitions: 2 })
  const groupId = uniqueName('group')
  const unknown = { position: undefined, end: undefined }
  await produce(topic, numbered(10))
  await store(t, groupId, topic, 4n, 0n)
  const { consumer, observer } = createMember(t, { topics: [topic], groupId })
  t.same(consumer.progress({ topic, partition }), unknown)
  const told: unknown[] = []
  observer.onAssigned = () => { told.push(consumer.progress({ topic, partition })) }
  observer.onRecords = () => { told.push(consumer.progress({ topic, partition })) }
  await consumer.start()
  await observer.has(6)
  t.same(told, [unknown, { position: 10n, end: 10n }])
  t.same(consumer.progress({ topic, partition: 1 }), { position: 0n, end: 0n })
  t.same(consumer.progress({ topic, partition: 2 }), unknown)
  t.same(consumer.progress({ topic: 'another', partition }), unknown)
  await produce(topic, numbered(2, { from: 10 }))
  await observer.has(8)
  t.same(consumer.progress({ topic, partition }), { position: 12n, end: 12n })
})

t.test('the end of a log is known also of what is paused or has stopped', async (t) => {
  const topic = await createTopic({ partitions: 3 })
  const groupId = uniqueName('group')
  await store(t, groupId, topic, 5000n, 0n, 0n)
  const { consumer, observer } = createMember(t, { topics: [topic], groupId, offsetReset: 'fail' })
  await consumer.start()
  await observer.was('reset')
  consumer.pause({ topic, partition: 1 })
  await produce(topic, [0, 1, 2].flatMap((partition) => numbered(partition + 1, { partition })))
  await until(
    async () => consumer.progress({
      topic, partition: 0
    }).end === 1n && consumer.progress({ topic, partition: 1 }).end === 2n
  )
  const progress = [0, 1, 2].map((partition) => consumer.progress({ topic, partition }))
  t.same(progress.map(({ position, end }) => [position, end]), [[undefined, 1n], [0n, 2n], [3n, 3n]])
})

t.test('contact goes on while everything is paused, and ends with the cluster', async (t) => {
  const cluster = await startCluster({ nodes: 1 })
  t.teardown(() => cluster.stop())
  const topic = await createTopic({ partitions: 1 }, cluster.brokers)
  const { consumer, observer } = createMember(t, { topics: [topic], brokers: cluster.brokers })
  t.equal(consumer.lastContact, 0)
  const before = performance.now()
  await consumer.start()
  t.ok(consumer.lastContact >= before)

  for (const change of [() => {}, () => { consumer.pause({ topic, partition }) }]) {
    change()
    for (let second = 0; second < 4; second++) {
      const last = consumer.lastContact
      await until(async () => consumer.lastContact > last, 2000)
    }
  }
  await cluster.kill(0)
  const last = consumer.lastContact
  await observer.was('failed')
  await until(async () => Date.now() - last > 2500)
  t.equal(consumer.lastContact, last)
})

t.test('a new client goes on with the contact of the one that broke', async (t) => {
  const topic = await createTopic({ partitions: 1 })
  const { consumer, observer } = createMember(t, { topics: [topic] })
  await consumer.start()
  observer.onRecords = () => {
    observer.onRecords = () => {}
    throw new TypeError('listeners do not do that')
  }
  let last = consumer.lastContact
  let lost = false
  await produce(topic, numbered(1))
  while (observer.calls.filter((call) => call === 'assigned').length < 2) {
    lost ||= consumer.lastContact < last
    last = consumer.lastContact
    await setImmediate()
  }
  t.notOk(lost)
})

t.test('without a group the cluster is the contact, and offsets are reset as with one', async (t) => {
  const topic = await createTopic({ partitions: 1 })
  await produce(topic, numbered(10))
  const { consumer, observer } = createEager(t, { topics: [topic], groupId: null, offsetReset: 'latest' })
  t.equal(consumer.lastContact, 0)
  await consumer.start()
  const last = consumer.lastContact
  t.ok(last > 0)
  await until(async () => observer.positions.get(`${topic}:0`) === 10n)
  consumer.pause({ topic, partition })
  await untilNotFetched(topic, partition)
  await produce(topic, numbered(10, { from: 10 }))
  await expire(topic, 15n)
  await until(async () => consumer.lastContact > last, 7000)
  consumer.resume({ topic, partition })
  await observer.was('reset')
  t.same(observer.resets, [{ partition: 0, stored: 10n, start: 15n, end: 20n, position: 20n }])
})

t.test('a consumer tells since when there are records that it has not handed over', async (t) => {
  const topic = await createTopic({ partitions: 1 })
  const { consumer, observer } = createMember(t, { topics: [topic] })
  const place = { topic, partition }
  await produce(topic, numbered(1))
  await consumer.start()
  await observer.has(1)
  t.match(consumer.progress(place), { position: 1n, end: 1n, behindSince: undefined })

  consumer.pause(place)
  const before = performance.now()
  await produce(topic, numbered(1, { from: 1 }))
  await until(async () => consumer.progress(place).behindSince !== undefined)
  const { behindSince = 0 } = consumer.progress(place)
  t.ok(behindSince > before && behindSince <= performance.now())
  await produce(topic, numbered(1, { from: 2 }))
  await until(async () => consumer.progress(place).end === 3n)
  t.equal(consumer.progress(place).behindSince, behindSince, 'further records change nothing')

  consumer.resume(place)
  await observer.has(3)
  t.match(consumer.progress(place), { position: 3n, end: 3n, behindSince: undefined })
})
