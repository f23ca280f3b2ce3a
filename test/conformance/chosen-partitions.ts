import t from 'tap'
import type { FaststreamOptions } from '../../index.js'
import { Inbox } from '../support/inbox.js'
import { eventually } from './eventually.js'
import type { World } from './world.js'

/** Subscribers whose partitions are chosen by hand. */
export function chosenPartitions (world: World): void {
  t.test(`${world.name}: partitions chosen by hand`, async (t) => {
    const fill = async (topic: string, count: number): Promise<void> => {
      const app = await world.app(t, { topics: 'ignore' })
      await app.ready()
      for (let partition = 0; partition < count; partition++) {
        await app.broker.publish(topic, `${topic}/${partition}`, { partition })
      }
      await app.close()
    }

    t.test('exactly these are read, of each of several topics', async (t) => {
      const topics = [await world.createTopic(3), await world.createTopic(4)]
      for (const [i, topic] of topics.entries()) await fill(topic, 3 + i)
      const app = await world.app(t, { topics: 'ignore' })
      const seen = new Inbox<unknown>()
      const subscriber = app.broker.subscriber(topics, { partitions: [2, 0, 2] }, (value) => { seen.add(value) })
      await app.ready()
      await seen.count(4)
      t.equal(subscriber.groupId, null, 'without a group in any place around there is none')
      const { partitions } = app.broker.health().subscribers[0]!
      t.same(partitions.map(({ topic, partition }) => `${topic}/${partition}`).sort(),
        topics.flatMap((topic) => [`${topic}/0`, `${topic}/2`]).sort())
      for (const topic of topics) await app.broker.publish(topic, 'last', { partition: 2 })
      t.same([...await seen.count(6)].sort(), [
        'last', 'last', ...topics.flatMap((topic) => [`${topic}/0`, `${topic}/2`])
      ].sort())
    })

    t.test('with a group offsets are committed and resumed', async (t) => {
      const [topic, groupId] = [await world.createTopic(3), world.unique('g')]
      await fill(topic, 3)
      const seen = new Inbox<unknown>()
      const start = async () => {
        const app = await world.app(t, { topics: 'ignore', commit: { interval: 10 } })
        app.broker.subscriber(topic, { groupId, partitions: [0, 2] }, (value) => { seen.add(value) })
        await app.ready()
        return app
      }
      const app = await start()
      await seen.count(2)
      await eventually(async () => (await world.committed(groupId, topic)).join() === '1,0,1')
      await app.close()
      const next = await start()
      for (const partition of [1, 2]) await next.broker.publish(topic, `new/${partition}`, { partition })
      t.same((await seen.count(3)).slice(2), ['new/2'])
      await eventually(async () => (await world.committed(groupId, topic)).join() === '1,0,2')
    })

    t.test('without a group offsetReset decides each time', async (t) => {
      const topic = await world.createTopic(2)
      await fill(topic, 2)
      const seen = new Inbox<unknown>()
      const run = async (offsetReset: FaststreamOptions['offsetReset'], count: number): Promise<void> => {
        const app = await world.app(t, { topics: 'ignore', groupId: 'unused', commit: { interval: 10 } })
        app.broker.subscriber(topic, { groupId: null, partitions: [1], offsetReset }, (value) => { seen.add(value) })
        await app.ready()
        await app.broker.publish(topic, 'now', { partition: 1 })
        await seen.count(count)
        await app.close()
      }
      await run('earliest', 2)
      await run('earliest', 5)
      await run('latest', 6)
      const all = `${topic}/1`
      t.same(seen.items, [all, 'now', all, 'now', 'now', 'now'])
    })

    t.test('rebalances of others do not touch them', async (t) => {
      const topic = await world.createTopic(2)
      const events: string[] = []
      const app = await world.app(t, { topics: 'ignore', groupId: world.unique('g') })
      const seen = new Inbox<unknown>()
      app.broker.subscriber(topic, {
        groupId: world.unique('hand'),
        partitions: [0],
        listener: {
          onAssigned: () => { events.push('assigned') },
          onRevoked: () => { events.push('revoked') },
          onLost: () => { events.push('lost') }
        }
      }, (value) => { seen.add(value) })
      app.broker.subscriber(topic, () => {})
      await app.ready()
      const groupId = app.broker.health().subscribers[1]!.groupId
      const other = await world.app(t, { topics: 'ignore', groupId })
      other.broker.subscriber(topic, () => {})
      await other.ready()
      await eventually(async () => app.broker.health().subscribers[1]!.partitions.length === 1)
      await other.close()
      await eventually(async () => app.broker.health().subscribers[1]!.partitions.length === 2)
      await app.broker.publish(topic, 'on', { partition: 0 })
      t.same(await seen.count(1), ['on'])
      t.same(events, ['assigned'])
    })

    t.test('two processes read their own partitions for one group', async (t) => {
      const [topic, groupId] = [await world.createTopic(2), world.unique('g')]
      await fill(topic, 2)
      const seen = new Inbox<unknown>()
      for (const partition of [0, 1]) {
        const app = await world.app(t, { topics: 'ignore', groupId, commit: { interval: 10 } })
        app.broker.subscriber(topic, { partitions: [partition] }, (value) => { seen.add([partition, value]) })
        await app.ready()
      }
      t.same([...await seen.count(2)].sort(), [[0, `${topic}/0`], [1, `${topic}/1`]])
      await eventually(async () => (await world.committed(groupId, topic)).join() === '1,1')
    })

    t.test('a partition that does not exist is an error of the start', async (t) => {
      const topic = await world.createTopic(2)
      const app = await world.app(t)
      app.broker.subscriber(topic, { partitions: [0, 2] }, () => {})
      await t.rejects(async () => { await app.ready() }, {
        code: 'FASTSTREAM_ERR_INVALID_OPTION',
        message: /'partitions' must exist: .* has 2, counted from 0, and no partition 2/
      })
    })
  })
}
