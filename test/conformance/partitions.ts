import t from 'tap'
import type { World } from './world.js'

/** Where a publisher puts its messages. */
export function partitions (world: World): void {
  t.test(`${world.name}: partitions of publishers`, async (t) => {
    const topic = await world.createTopic(3)
    const app = await world.app(t, { topics: 'ignore', producer: { partitioner: ({ partitions }) => partitions - 1 } })
    const computed = app.broker.publisher(topic, { partition: (value) => Number(value), key: (value) => `k${value}` })
    const first = app.broker.publisher(topic, { partitioner: () => 0 })
    const plain = app.broker.publisher(topic)
    const outside = app.broker.publisher(topic, { partitioner: ({ partitions }) => partitions })
    await app.ready()

    t.test('a partition is the one that the publisher, its partitioner or that of the broker chooses', async (t) => {
      const seen: unknown[] = []
      const asked = app.broker.publisher(topic, {
        key: 'k', partitioner: (to) => { seen.push([to.topic, String(to.key), to.partitions]); return 1 }
      })
      const published = [
        await computed.publish(1), await first.publish('a', { key: 'k2' }), await asked.publish('b'),
        await plain.publish('c'), await plain.publish('d', { partition: 0 })
      ]
      t.same(published.map(({ partition }) => partition), [1, 0, 1, 2, 0])
      t.same(seen, [[topic, 'k', 3]])
    })

    t.test('a partitioner that chooses no partition is an error, and what is around it is stored', async (t) => {
      const topic = await world.createTopic(2)
      const odd = app.broker.publisher(topic, { partitioner: ({ key }) => Number(String(key)) })
      const results = await Promise.allSettled(['0', '1', '2', '-1', 'x', '0'].map((key) => odd.publish(key, { key })))
      t.same(results.map((result) => result.status === 'rejected' ? result.reason.code : 'stored'), [
        'stored', 'stored', 'FASTSTREAM_ERR_PARTITION', 'FASTSTREAM_ERR_PARTITION', 'FASTSTREAM_ERR_PARTITION', 'stored'
      ])
      t.same((await world.read(topic)).map(({ partition, value }) => `${partition} ${value}`), ['0 0', '0 0', '1 1'])
      await t.rejects(outside.publish(1), { code: 'FASTSTREAM_ERR_PARTITION', message: /returned 3.* 3 partitions/ })
      await t.rejects(computed.publish(3), { code: 'FASTSTREAM_ERR_UNKNOWN_PARTITION', message: /no partition 3/ })
    })

    t.test('the topic of a publisher that is made after the start is created, what waits is in order', async (t) => {
      const late = world.unique('late')
      const app = await world.app(t, { topicConfig: { partitions: 2 } })
      await app.ready()
      const publisher = app.broker.publisher(late, { key: 'one' })
      const published = await Promise.all([1, 2, 3].map((value) => publisher.publish(value)))
      t.equal(await world.partitions(late), 2)
      t.same(published.map(({ offset }) => offset), [0n, 1n, 2n])
      t.same((await world.read(late)).map(({ value }) => String(value)), ['1', '2', '3'])
    })
  })
}
