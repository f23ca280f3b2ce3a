import kafkajs from 'kafkajs'
import type { ConsumerConfig, ConsumerRunConfig, EachBatchPayload, Kafka } from 'kafkajs'
import t from 'tap'
import type { Test } from 'tap'
import { createConsumer } from '../../lib/transport/kafkajs/consumer.js'
import { loadKafkajs } from '../../lib/transport/kafkajs/copy/load.js'
import { createKafkajsTransport } from '../../lib/transport/kafkajs/index.js'
import type { TransportLog } from '../../lib/transport/transport.js'
import { transportOptions } from './client.js'
import { brokers, createTopic, uniqueName, until } from './fixture.js'
import { createMember, numbered, Observer, produce } from './members.js'

/* What keeps us out of KafkaJS's traps, where no behaviour that is told elsewhere would miss it at once. */

const { logLevel } = kafkajs
const group = { offsetReset: 'earliest', sessionTimeout: 10_000, rebalanceTimeout: 20_000 } as const

t.test('KafkaJS commits nothing, resolves nothing and restarts nothing by itself', async (t) => {
  const { config, run } = await running(t)
  t.match(run, { autoCommit: false, eachBatchAutoResolve: false })
  t.equal(await config.retry?.restartOnFailure?.(new Error('any')), false)
})

t.test('KafkaJS is never kept waiting: what it hands over is taken in the same moment, whatever becomes of it', async (t) => {
  const { run, owned } = await running(t)
  const calls: string[] = []
  const taken = run.eachBatch!(payload({ ...owned, position: 3n }, () => { calls.push('resolved') }))
  t.same(calls, ['resolved'], 'not later: KafkaJS throws when the partition was lost meanwhile')
  taken.then(() => { calls.push('ended') })
  await null
  await null
  t.same(calls, ['resolved', 'ended'])
})

t.test('a batch of a partition that is not owned, or is paused, is not taken, and nothing is thrown', async (t) => {
  const { run, owned, consumer, observer } = await running(t)
  const never = (): never => { throw new TypeError('KafkaJS knows no such partition') }
  await run.eachBatch!(payload({ topic: 'another', partition: 0, position: 3n }, never))
  await run.eachBatch!(payload({ ...owned, partition: 7, position: 3n }, never))
  consumer.pause(owned)
  await run.eachBatch!(payload({ ...owned, position: 3n }, never))
  t.equal(observer.positions.get(`${owned.topic}:0`), 0n, 'where it began')
})

t.test('start does not resolve before the group is joined, though KafkaJS says that it runs', async (t) => {
  const groupId = uniqueName('group')
  const topic = await createTopic({ partitions: 1 })
  const stranger = new kafkajs.Kafka({ brokers: [...brokers()], logLevel: logLevel.NOTHING }).consumer({
    groupId,
    partitionAssigners: [(config) => ({
      ...kafkajs.PartitionAssigners.roundRobin(config),
      name: 'stranger',
      protocol: ({ topics }) => ({ name: 'stranger', metadata: kafkajs.AssignerProtocol.MemberMetadata.encode({ version: 0, topics, userData: Buffer.alloc(0) }) })
    })]
  })
  t.teardown(() => stranger.disconnect())
  await stranger.connect()
  await stranger.subscribe({ topics: [topic] })
  await stranger.run({ eachMessage: async () => {} })
  const { consumer, observer } = createMember(t, { topics: [topic], groupId })
  let started = false
  const start = consumer.start().then(() => { started = true })
  await observer.was('failed', 2)
  t.equal(started, false)
  await stranger.disconnect()
  await start
  t.same(observer.owned, [{ topic, partition: 0 }])
})

t.test('a consumer that crashed is not restarted by KafkaJS beside the new one', async (t) => {
  const topic = await createTopic({ partitions: 1 })
  const lines: string[] = []
  const note = (_details: object, message: string): void => { lines.push(message) }
  const log: TransportLog = { debug: note, info: note, warn: note, error: note }
  const transport = createKafkajsTransport(transportOptions({ log }))
  t.teardown(() => transport.close())
  const observer = new Observer()
  observer.onRecords = (_topic, _partition, records) => {
    if (records.length === 0) return
    observer.onRecords = () => {}
    // A TypeError ends it, and what is retriable restarts it.
    throw Object.assign(new TypeError('listeners do not do that'), { retriable: true })
  }
  const consumer = transport.consumer({ groupId: uniqueName('group'), topics: [topic], ...group }, observer)
  await consumer.start()
  await produce(topic, numbered(1))
  await observer.was('assigned', 2)
  t.ok(lines.some((line) => line.startsWith('crash: ')), 'it crashed')
  t.notOk(lines.some((line) => line.startsWith('restarting the consumer')))
})

/** A consumer that has joined, and what it has told KafkaJS. */
async function running (t: Test) {
  const topic = await createTopic({ partitions: 1 })
  const real = new (loadKafkajs().Kafka)({ brokers: [...brokers()], logLevel: logLevel.NOTHING })
  let config!: ConsumerConfig
  let run!: ConsumerRunConfig
  const kafka = {
    consumer (options: ConsumerConfig) {
      config = options
      const consumer = real.consumer(options)
      return { ...consumer, run: (options: ConsumerRunConfig) => consumer.run(run = options) }
    }
  } as Kafka
  const observer = new Observer()
  const log: TransportLog = { debug () {}, info () {}, warn () {}, error () {} }
  const consumer = createConsumer({ kafka, listener: observer, log, options: { groupId: uniqueName('group'), topics: [topic], ...group } })
  t.teardown(() => consumer.close())
  await consumer.start()
  const owned = { topic, partition: 0 }
  await until(async () => consumer.progress(owned).position !== undefined)
  return { config, run, owned, consumer, observer }
}

/** As KafkaJS calls `eachBatch` for three records that nobody may see, from the beginning. */
function payload (batch: { topic: string, partition: number, position: bigint }, resolveOffset: () => void): EachBatchPayload {
  return { batch: { ...batch, from: 0n, highWatermark: '3', messages: [], corrupt: undefined }, resolveOffset } as unknown as EachBatchPayload
}
