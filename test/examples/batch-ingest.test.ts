import t from 'tap'
import { testBroker } from 'fastify-faststream/testing'
import { build } from '../../examples/batch-ingest/app.js'

const reading = (i: number) => ({ sensor: `s${i % 5}`, at: `2026-01-01T00:00:${i}Z`, celsius: i })

t.test('batch-ingest: many readings are few inserts, and each batch has its summary', async (t) => {
  const app = await build({}, { topicConfig: { partitions: 1 } })
  t.teardown(() => app.close())
  const broker = await testBroker(app)
  const readings = Array.from({ length: 50 }, (_, i) => reading(i))
  const res = await app.inject({ method: 'POST', url: '/readings', payload: readings })
  t.same([res.statusCode, res.json()], [202, { accepted: 50 }])
  await broker.settled()
  t.same((await app.inject('/readings')).json(), { stored: 50, inserts: 1 })
  t.match(broker.published('summaries'), [{ value: { partition: 0, readings: 50, highest: 49 } }])
  t.match(broker.published('readings')[1], { key: 's1', value: readings[1] })
  t.same(broker.errors, [])
})

t.test('batch-ingest: a reading that is wrong is a dead letter, and those beside it are stored', async (t) => {
  const app = await build({}, { topicConfig: { partitions: 1 } })
  t.teardown(() => app.close())
  const broker = await testBroker(app)
  await Promise.all([reading(1), { sensor: 's', at: 'now', celsius: -300 }, reading(2)].map((value) => {
    return broker.publish('readings', value)
  }))
  await broker.settled()
  t.same((await app.inject('/readings')).json(), { stored: 2, inserts: 1 })
  t.match(broker.published('readings.dlq'), [{ value: { celsius: -300 } }])
  const res = await app.inject({ method: 'POST', url: '/readings', payload: [{ sensor: 's' }] })
  t.equal(res.statusCode, 400)
})
