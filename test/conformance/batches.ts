import t from 'tap'
import type { PublishBatchError } from '../../index.js'
import type { World } from './world.js'

/** What `publishBatch` promises. */
export function batches (world: World): void {
  t.test(`${world.name}: publishing of batches`, async (t) => {
    t.test('a batch is stored in its order, and before what is published behind it', async (t) => {
      const topic = await world.createTopic(1)
      const app = await world.app(t, { topics: 'ignore', producer: { queue: { messages: 50 } } })
      await app.ready()
      const messages = Array.from({ length: 400 }, (_, i) => ({ value: i, key: `k${i}` }))
      const batch = app.broker.publishBatch(topic, messages)
      const behind = app.broker.publish(topic, 400, { wait: true })
      const places = await batch
      t.same(places.map(({ offset }) => Number(offset)), messages.map((_, i) => i))
      await behind
      const log = await world.read(topic)
      t.same(log.map(({ value }) => Number(value)), Array.from({ length: 401 }, (_, i) => i))
      const keys = log.slice(0, 400).map(({ key }) => String(key))
      t.same(keys, messages.map(({ key }) => key), 'keys stay with their values')
    })

    t.test('the error of a batch says which messages are in the log', async (t) => {
      const topic = await world.createTopic(2)
      const app = await world.app(t, { topics: 'ignore' })
      await app.ready()
      const error: PublishBatchError = await app.broker.publishBatch(topic, [
        { value: 'a', partition: 0 },
        { value: Buffer.alloc(2_000_000), partition: 0 },
        { value: 'c', partition: 5 },
        { value: 'd', partition: 1 },
        { value: 'e', partition: 0 }
      ]).then(() => t.fail('all were published'), (error) => error)
      t.match(error, { code: 'FASTSTREAM_ERR_PUBLISH_BATCH', cause: { code: 'FASTSTREAM_ERR_PUBLISH_REFUSED' } })
      t.match(error.failures[2], { code: 'FASTSTREAM_ERR_UNKNOWN_PARTITION' })
      const stored = await world.read(topic)
      t.same(stored.map(({ value }) => String(value)), ['a', 'e', 'd'])
      const [a, e, d] = stored.map(({ partition, offset }) => ({ topic, partition, offset }))
      t.same(error.published, [a, undefined, undefined, d, e])
    })
  })
}
