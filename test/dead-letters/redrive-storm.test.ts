import t from 'tap'
import { shop } from '../support/letter-shop.js'

t.test('a crash in the middle of ten thousand loses none, and repeats one batch at most', async (t) => {
  let left = Infinity
  const { app, cluster, write } = await shop(t, {}, (transport) => ({
    ...transport,
    consumer (options, listener) {
      const consumer = transport.consumer(options, listener)
      const { commit } = consumer
      consumer.commit = async (offsets) => {
        if (options.groupId === 'faststream-dead-letters' && --left < 0) throw new Error('the process dies')
        await commit.call(consumer, offsets)
      }
      return consumer
    }
  }))
  for (let i = 0; i < 10_000; i++) await write(`{"id":${i}}`)
  left = 40
  await t.rejects(app.broker.deadLetters.redrive(), { code: 'FASTSTREAM_ERR_REDRIVE', statusCode: 409 })
  t.equal(cluster.records('orders').length, 4100, 'the last batch is in the log, and its progress is not')
  left = Infinity
  t.match(await app.broker.deadLetters.redrive(), { redriven: 6000 })
  const ids = cluster.records('orders').map(({ value }) => String(value))
  t.equal(new Set(ids).size, 10_000, 'none is lost')
  t.equal(ids.length, 10_100, 'one batch is repeated')
  t.match(await app.broker.deadLetters.redrive(), { redriven: 0, looked: 0 })
})
