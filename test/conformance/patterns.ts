import t from 'tap'
import { Inbox } from '../support/inbox.js'
import type { World } from './world.js'
import { eventually } from './eventually.js'

/** Subscribers of all topics that a pattern matches. */
export function patterns (world: World): void {
  t.test(`${world.name}: patterns`, async (t) => {
    t.test('a pattern reads what it matches, and topics that are created later from their start', async (t) => {
      const stem = world.unique('pattern')
      const [eu, us, ...others] = [`${stem}.eu`, `${stem}.us`, `${stem}.eu.dlq`, `other-${stem}.eu`] as const
      for (const topic of [eu, ...others]) await world.createTopic(1, topic)
      const app = await world.app(t, { groupId: world.unique('g'), metadataMaxAge: 100, offsetReset: 'latest' })
      const seen = new Inbox<unknown>()
      app.broker.subscriber(`${stem}.{region}`, (value, { params, topic }) => { seen.add([value, params, topic]) })
      await app.ready()
      for (const topic of [...others, eu]) await app.broker.publish(topic, 1)
      await seen.count(1)
      await world.createTopic(2, us)
      for (const value of [1, 2, 3]) await app.broker.publish(us, value, { partition: value % 2 })
      const [first, ...later] = await seen.count(4)
      t.same(first, [1, { region: 'eu' }, eu])
      t.same(later.sort(), [1, 2, 3].map((value) => [value, { region: 'us' }, us]))
    })

    t.test('a RegExp reads what it matches, and neither internal topics nor its dead letters', async (t) => {
      const stem = world.unique('regexp')
      const topic = await world.createTopic(1, `${stem}.eu`)
      const groupId = world.unique('g')
      const app = await world.app(t, { groupId, retry: { retries: 0 }, commit: { interval: 10 }, metadataMaxAge: 100 })
      const seen = new Inbox<unknown>()
      app.broker.subscriber(new RegExp(`^(__|${stem}\\.(?<region>\\w+))`), (value, { params, topic }) => {
        seen.add([value, params.region, topic])
        if (value === 'bad') throw new Error('it fails')
      })
      await app.ready()
      for (const value of ['bad', 'good']) await app.broker.publish(topic, value)
      t.same(await seen.count(2), [['bad', 'eu', topic], ['good', 'eu', topic]])
      await eventually(async () => (await world.committed(groupId, topic))[0] === 2n)
      const [letter, ...more] = await world.read(`${topic}.dlq`)
      t.same([String(letter?.value), String(letter?.headers['x-dlq-topic'])], ['bad', topic])
      t.same(more, [])
      t.equal(seen.items.length, 2, 'the dead letter is not read')
    })

    t.test('two processes of a group share the topics of a pattern, and a later one', async (t) => {
      const stem = world.unique('shared')
      const topics = [`${stem}.a`, `${stem}.b`]
      for (const topic of topics) await world.createTopic(2, topic)
      const groupId = world.unique('g')
      const seen = new Inbox<string>()
      const apps = [1, 2].map(async () => {
        const app = await world.app(t, { groupId, metadataMaxAge: 100 })
        app.broker.subscriber(`${stem}.{name}`, (_, { topic, partition }) => { seen.add(`${topic} ${partition}`) })
        await app.ready()
        return app
      })
      const [app, other] = await Promise.all(apps)
      topics.push(await world.createTopic(2, `${stem}.c`))
      const owned = () => [app, other].flatMap((each) => each!.broker.health().subscribers[0]!.partitions)
      await eventually(async () => owned().length === 6)
      for (const topic of topics) for (const partition of [0, 1]) await app!.broker.publish(topic, 1, { partition })
      t.same([...await seen.count(6)].sort(), topics.flatMap((topic) => [`${topic} 0`, `${topic} 1`]))
    })

    t.test('a group may have names and patterns, and a name that does not exist is missing', async (t) => {
      const stem = world.unique('mixed')
      const [found, named] = [`${stem}.found`, world.unique('named')]
      await world.createTopic(1, found)
      const app = await world.app(t, { groupId: world.unique('g'), topics: 'ignore', metadataMaxAge: 100 })
      const seen = new Inbox<unknown>()
      app.broker.subscriber(`${stem}.{name}`, (_, { topic }) => { seen.add(topic) })
      app.broker.subscriber(named, (_, { topic }) => { seen.add(topic) })
      await app.ready()
      const missing = () => app.broker.health().subscribers.map(({ missingTopics }) => missingTopics)
      await eventually(async () => missing()[1]!.length === 1)
      t.same(missing(), [[], [named]])
      await world.createTopic(1, named)
      for (const topic of [named, found]) await app.broker.publish(topic, 1)
      t.same([...await seen.count(2)].sort(), [found, named].sort())
      t.same(missing(), [[], []])
    })
  })
}
