import t from 'tap'
import { runInstrumented } from '../support/instrumented.js'
import { brokers, createTopic } from './fixture.js'

t.test('the instrumentation of kafkajs sees nothing of the kafkajs that is our wire', async (t) => {
  const topic = await createTopic({ partitions: 1 })
  const { statusCode, patched, spans } = await runInstrumented(t, { KAFKA_BROKERS: brokers().join(','), TOPIC: topic })
  t.equal(statusCode, 202)
  t.equal(patched, true, "the app's own kafkajs is patched")
  t.same(spans.toSorted(), [`fastify-faststream: process ${topic}`, `fastify-faststream: send ${topic}`])
})
