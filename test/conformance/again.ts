import t from 'tap'
import { response } from '../../index.js'
import { Inbox } from '../support/inbox.js'
import { eventually } from './eventually.js'
import type { World } from './world.js'

/** What a failure must not leave behind: the second try, and the message behind the one that failed. */
export function again (world: World): void {
  t.test(`${world.name}: again`, async (t) => {
    t.test('a topic that is created after publishes to it have failed can be published to', async (t) => {
      const topic = world.unique('later')
      const app = await world.app(t, { topics: 'ignore' })
      await app.ready()
      for (const value of [1, 2]) {
        await t.rejects(app.broker.publish(topic, value), { code: 'FASTSTREAM_ERR_UNKNOWN_TOPIC' })
      }
      await world.createTopic(1, topic)
      t.same(await app.broker.publish(topic, 3), { topic, partition: 0, offset: 0n })
      t.same((await world.read(topic)).map(({ value }) => String(value)), ['3'])
    })

    t.test('a result for a partition that does not exist is a dead letter, and the next is handled', async (t) => {
      const [topic, results, groupId] = [await world.createTopic(1), await world.createTopic(1), world.unique('g')]
      const app = await world.app(t, { groupId, commit: { interval: 10 } })
      const handled = new Inbox<string>()
      app.broker.subscriber(topic, { publish: app.broker.publisher(results) }, (value) => {
        handled.add(String(value))
        return response(value, { partition: value === 'nowhere' ? 1 : 0 })
      })
      await app.ready()
      for (const value of ['nowhere', 'somewhere']) await app.broker.publish(topic, value)
      await eventually(async () => (await world.committed(groupId, topic))[0] === 2n)
      t.same(handled.items, ['nowhere', 'somewhere'], 'no handler runs again because its result is refused')
      t.same((await world.read(results)).map(({ value }) => String(value)), ['somewhere'])
      const [letter, ...more] = await world.read(`${topic}.dlq`)
      t.same([String(letter?.value), String(letter?.headers['x-dlq-stage'])], ['nowhere', 'publish'])
      t.match(String(letter?.headers['x-dlq-error-code']), 'FASTSTREAM_ERR_UNKNOWN_PARTITION')
      t.same(more, [])
    })

    t.test('messages with an empty key share a partition, and a handler finds that key', async (t) => {
      const topic = await world.createTopic(3)
      const keys = new Inbox<unknown>()
      const app = await world.app(t, { groupId: world.unique('g') })
      app.broker.subscriber(topic, (_, { rawKey }) => { keys.add(rawKey) })
      await app.ready()
      const published = await Promise.all(Array.from({ length: 4 }, () => app.broker.publish(topic, 1, { key: '' })))
      // As the Java client: murmur2 of no bytes is 275646681.
      t.same(published.map(({ partition }) => partition), new Array(4).fill(275646681 % 3))
      t.same(await keys.count(4), new Array(4).fill(Buffer.alloc(0)))
    })
  })
}
