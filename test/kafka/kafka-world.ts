import { fork } from 'node:child_process'
import { once } from 'node:events'
import Fastify from 'fastify'
import { Kafka, logLevel, Partitioners } from 'kafkajs'
import faststreamPlugin from '../../index.js'
import type { World } from '../conformance/world.js'
import { brokers, createTopic, readLog, uniqueName, until, withAdmin } from './fixture.js'

/** The real cluster, for the sentences of the conformance suite. */
export const kafka: World = {
  name: 'kafka',
  unique: uniqueName,
  async app (t, options) {
    const app = Fastify()
    t.teardown(() => app.close())
    await app.register(faststreamPlugin, { brokers: brokers(), ...options })
    return app
  },
  async createTopic (partitions, topic) {
    if (topic === undefined) return await createTopic({ partitions })
    // Its name is free when its deletion has come everywhere.
    await until(() => withAdmin((admin) => admin.createTopics({
      topics: [{ topic, numPartitions: partitions, replicationFactor: -1 }], waitForLeaders: false
    })))
    await untilLed(topic, partitions)
    return topic
  },
  deleteTopic: (topic) => withAdmin(async (admin) => {
    await admin.deleteTopics({ topics: [topic] })
    await until(async () => !(await admin.listTopics()).includes(topic))
  }),
  deleteRecords: (topic, partition, before) => withAdmin(async (admin) => {
    // Without it KafkaJS does not know the leaders.
    await admin.fetchTopicOffsets(topic)
    await admin.deleteTopicRecords({ topic, partitions: [{ partition, offset: String(before) }] })
  }),
  async read (topic) {
    const records = await readLog(topic)
    return records.map(({ headers = {}, timestamp, ...record }) => ({
      ...record,
      timestamp: Number(timestamp),
      headers: Object.fromEntries(Object.entries(headers).map(
        ([name, values]) => [name, [values ?? null].flat().map((value) => value === null ? null : Buffer.from(value))]
      ))
    }))
  },
  async partitions (topic) {
    const existing = await withAdmin((admin) => admin.listTopics())
    if (!existing.includes(topic)) return 0
    const { topics: [metadata] } = await withAdmin((admin) => admin.fetchTopicMetadata({ topics: [topic] }))
    return metadata?.partitions.length ?? 0
  },
  async addPartitions (topic, count) {
    await withAdmin((admin) => admin.createPartitions({ topicPartitions: [{ topic, count }] }))
    await untilLed(topic, count)
  },
  async committed (groupId, topic) {
    const [committed] = await withAdmin((admin) => admin.fetchOffsets({ groupId, topics: [topic] }))
    return committed!.partitions.sort((a, b) => a.partition - b.partition).map(
      ({ offset }) => offset === '-1' ? 0n : BigInt(offset)
    )
  },
  async commit (groupId, topic, offset, metadata = '') {
    const consumer = new Kafka({
      brokers: [...brokers()], logLevel: logLevel.NOTHING
    }).consumer({ groupId, maxWaitTimeInMs: 100 })
    await consumer.connect()
    await consumer.subscribe({ topic })
    const joined = new Promise((resolve) => { consumer.on(consumer.events.GROUP_JOIN, resolve) })
    await consumer.run({ autoCommit: false, async eachMessage () {} })
    await joined
    await consumer.commitOffsets([{ topic, partition: 0, offset: String(offset), metadata }])
    await consumer.disconnect()
  },
  async victim (t, { topic, groupId, offsetReset = 'earliest' }) {
    const victim = fork('test/kafka/victim.ts', [topic, groupId, offsetReset], { execArgv: ['--import', 'tsx'] })
    async function kill (): Promise<void> {
      if (victim.exitCode !== null || victim.signalCode !== null) return
      victim.kill('SIGKILL')
      await once(victim, 'exit')
    }
    t.teardown(kill)
    return kill
  },
  async transaction (outcome, topic, values) {
    const client = new Kafka({ brokers: [...brokers()], logLevel: logLevel.NOTHING })
    const end = await endOf(topic)
    const producer = client.producer({
      transactionalId: uniqueName('transaction'),
      idempotent: true,
      maxInFlightRequests: 1,
      createPartitioner: Partitioners.DefaultPartitioner
    })
    await producer.connect()
    const transaction = await producer.transaction()
    await transaction.send({
      topic, messages: values.map((value) => ({ partition: 0, value, headers: { 'content-type': 'text/plain' } }))
    })
    await transaction[outcome]()
    await producer.disconnect()
    // The marker at its end comes later than the answer.
    await until(async () => await endOf(topic) > end + BigInt(values.length))
  }
}

/** Only the leaders' own answers tell that partitions can be written and read. */
async function untilLed (topic: string, partitions: number): Promise<void> {
  await withAdmin((admin) => until(async () => (await admin.fetchTopicOffsets(topic)).length === partitions))
}

async function endOf (topic: string): Promise<bigint> {
  const [partition] = await withAdmin((admin) => admin.fetchTopicOffsets(topic))
  return BigInt(partition!.high)
}
