import t from 'tap'
import { Kafka, logLevel } from 'kafkajs'
import { brokers, createTopic, readLog, uniqueName, withAdmin } from './fixture.js'

t.test('a log is read back as it was written, in the order of partitions and offsets', async (t) => {
  const topic = await createTopic({ partitions: 2 })
  t.same(await readLog(topic), [])

  const producer = new Kafka({ brokers: [...brokers()], logLevel: logLevel.NOTHING }).producer()
  t.teardown(() => producer.disconnect())
  await producer.connect()
  await producer.send({
    topic, messages: [{ partition: 1, key: 'b', value: 'late', headers: { h: 'x', constructor: 'z' } }]
  })
  await producer.send({ topic, messages: [{ partition: 0, key: 'a', value: '' }, { partition: 0, value: null }] })

  t.match(await readLog(topic), [
    { partition: 0, offset: 0n, key: Buffer.from('a'), value: Buffer.from('') },
    { partition: 0, offset: 1n, key: null, value: null },
    {
      partition: 1,
      offset: 0n,
      key: Buffer.from('b'),
      value: Buffer.from('late'),
      headers: { h: Buffer.from('x'), constructor: [Buffer.from('z')] }
    }
  ])
})

t.test('a name is never given twice', async (t) => {
  t.not(uniqueName('orders'), uniqueName('orders'))
})

t.test('without KAFKA_BROKERS the error says how to get a Kafka', async (t) => {
  t.intercept(process, 'env', { value: {} })
  t.throws(brokers, { message: /npm run test:kafka/ })
})

t.test('a topic that was made is there', async (t) => {
  const topic = await createTopic({ partitions: 1 })
  t.ok((await withAdmin((admin) => admin.listTopics())).includes(topic))
})
