import Fastify from 'fastify'
import { CompressionTypes, Kafka, logLevel, Partitioners } from 'kafkajs'
import t from 'tap'
import faststreamPlugin from '../../index.js'
import { gate, Inbox } from '../support/inbox.js'
import { brokers, createTopic, uniqueName, until } from './fixture.js'

const MiB = 1024 * 1024
const PARTITIONS = 8
const RECORDS = 60

t.test('eight partitions whose batches inflate to 60 MiB take turns, and all are handled', async (t) => {
  const topic = await createTopic({ partitions: PARTITIONS })
  const producer = new Kafka({
    brokers: [...brokers()], logLevel: logLevel.NOTHING
  }).producer({ createPartitioner: Partitioners.DefaultPartitioner })
  t.teardown(() => producer.disconnect())
  await producer.connect()
  const value = Buffer.alloc(MiB)
  for (let partition = 0; partition < PARTITIONS; partition++) {
    const messages = Array.from({ length: RECORDS }, () => ({
      partition, value, headers: { 'content-type': 'application/octet-stream' }
    }))
    await producer.send({ topic, compression: CompressionTypes.GZIP, messages })
  }
  const app = Fastify()
  t.teardown(() => app.close())
  await app.register(faststreamPlugin, {
    brokers: brokers(), groupId: uniqueName('g'), topics: 'ignore', bodyLimit: 2 * MiB
  })
  const { opened, open } = gate()
  const started = new Inbox<number>()
  app.broker.subscriber(topic, async (_, { partition }) => {
    started.add(partition)
    await opened
  })
  await app.ready()
  await started.count(1)
  // The lags of all partitions are known when each of them was fetched.
  await until(async () => app.broker.health().subscribers[0]?.lag === PARTITIONS * RECORDS)
  const { arrayBuffers } = process.memoryUsage()
  t.ok(arrayBuffers < 150 * MiB, `${(arrayBuffers / MiB).toFixed(0)} MiB while the first one is handled`)
  t.equal(new Set(started.items).size, 1, 'the others wait for room')
  open()
  await until(async () => app.broker.health().subscribers[0]?.lag === 0, 40_000)
  t.equal(started.items.length, PARTITIONS * RECORDS)
})
