import { Kafka, logLevel } from 'kafkajs'
import t from 'tap'
import Fastify from 'fastify'
import faststreamPlugin from '../../index.js'
import { Inbox } from '../support/inbox.js'
import { brokers, createTopic, uniqueName, withAdmin } from './fixture.js'

t.test('records without a timestamp, and with one in nanoseconds', async (t) => {
  const topic = await createTopic({ partitions: 1 })
  // Kafka 4 takes no time of the future unless a topic says so.
  const configEntries = ['before', 'after'].map((side) => ({
    name: `message.timestamp.${side}.max.ms`, value: '9223372036854775807'
  }))
  await withAdmin((admin) => admin.alterConfigs({
    validateOnly: false, resources: [{ type: 2, name: topic, configEntries }]
  }))
  const producer = new Kafka({ brokers: [...brokers()], logLevel: logLevel.NOTHING }).producer()
  t.teardown(() => producer.disconnect())
  await producer.connect()
  for (const timestamp of ['-1', '1700000000000000000', '1700000000000']) {
    await producer.send({ topic, messages: [{ value: '1', timestamp }] })
  }

  const app = Fastify()
  t.teardown(() => app.close())
  await app.register(faststreamPlugin, { brokers: [...brokers()], groupId: uniqueName('g'), retry: { retries: 0 } })
  const inbox = new Inbox<unknown>()
  const dead = new Inbox<unknown>()
  app.broker.subscriber(topic, (_, { timestamp }) => {
    inbox.add(timestamp)
    throw new Error('no')
  })
  app.broker.subscriber(`${topic}.dlq`, (_, { deadLetter }) => { dead.add(deadLetter?.timestamp) })
  await app.ready()
  t.same(await inbox.count(3), [undefined, undefined, new Date(1_700_000_000_000)])
  const times = await dead.count(3)
  t.equal(times.filter((time) => time === undefined).length, 2)
})
