import t from 'tap'
import { gate, Inbox } from '../support/inbox.js'
import { eventually } from './eventually.js'
import { keyedLoad } from './load.js'
import type { World } from './world.js'

const upTo = (count: number) => Array.from({ length: count }, (_, i) => i)

/** Who reads what while members, topics and partitions come and go. */
export function membership (world: World): void {
  t.test(`${world.name}: membership`, async (t) => {
    t.test('partitions that are added while an app runs are read from their start', async (t) => {
      const topic = await world.createTopic(1)
      const app = await world.app(t, { groupId: world.unique('g') })
      const inbox = new Inbox<string>()
      app.broker.subscriber(topic, (value, { partition }) => { inbox.add(`${partition} ${value}`) })
      await app.ready()
      await app.broker.publish(topic, 'before')
      await inbox.count(1)
      await world.addPartitions(topic, 3)
      const writer = await world.app(t, { topics: 'ignore' })
      await writer.ready()
      for (const partition of [0, 1, 2]) await writer.broker.publish(topic, 'after', { partition })
      t.same([...await inbox.count(4)].sort(), ['0 after', '0 before', '1 after', '2 after'])
    })

    t.test('a missing topic delays no other topic, and is read from its start once it is created', async (t) => {
      const [existing, later] = [await world.createTopic(1), world.unique('later')]
      const app = await world.app(t, { groupId: world.unique('g'), topics: 'ignore' })
      const inbox = new Inbox<string>()
      app.broker.subscriber([existing, later], (value, { topic }) => { inbox.add(`${topic} ${value}`) })
      await app.ready()
      await app.broker.publish(existing, 1)
      t.same(await inbox.count(1), [`${existing} 1`])
      const other = await world.app(t)
      other.broker.publisher(later)
      await other.ready()
      await other.broker.publish(later, 2)
      await other.broker.publish(existing, 3)
      t.same([...await inbox.count(3)].sort(), [`${existing} 1`, `${existing} 3`, `${later} 2`].sort())
    })

    t.test('a group may read many topics', async (t) => {
      const topics = await Promise.all(upTo(20).map(() => world.createTopic(2)))
      const app = await world.app(t, { groupId: world.unique('g') })
      const inbox = new Inbox<unknown>()
      for (const topic of topics.slice(0, 5)) app.broker.subscriber(topic, (value) => { inbox.add(value) })
      app.broker.subscriber(topics.slice(5), (value) => { inbox.add(value) })
      await app.ready()
      await Promise.all(topics.flatMap((topic, i) => [0, 1].map((partition) => app.broker.publish(
        topic, i * 2 + partition, { partition }
      ))))
      t.same([...await inbox.count(40)].sort((a, b) => Number(a) - Number(b)), upTo(40))
    })

    t.test('the members of a group share the partitions of each topic evenly', async (t) => {
      const topics = [await world.createTopic(4), await world.createTopic(2)] as const
      const groupId = world.unique('g')
      const inbox = new Inbox<string>()
      const apps = await Promise.all(['a', 'b'].map(async (name) => {
        const app = await world.app(t, { groupId })
        app.broker.subscriber(topics, (_, { topic }) => { inbox.add(`${name} ${topics.indexOf(topic)}`) })
        await app.ready()
        return app
      }))
      // The group may still be on its way to two members.
      await eventually(async () => {
        inbox.items.length = 0
        for (const [topic, partitions] of [[topics[0], 4], [topics[1], 2]] as const) {
          await Promise.all(upTo(partitions).map((partition) => apps[0]?.broker.publish(topic, 1, { partition })))
        }
        return [...await inbox.count(6)].sort().join() === 'a 0,a 0,a 1,b 0,b 0,b 1'
      })
      t.pass('2 and 1 each')
    })

    t.test('a group that comes later reads everything, and the one that was there repeats nothing', async (t) => {
      const topic = await world.createTopic(1)
      const inbox = new Inbox<string>()
      for (const [i, group] of ['early', 'late'].entries()) {
        const app = await world.app(t, { groupId: world.unique(group) })
        app.broker.subscriber(topic, (value) => { inbox.add(`${group} ${value}`) })
        await app.ready()
        for (const n of upTo(5)) await app.broker.publish(topic, i * 5 + n)
        await inbox.until((items) => items.includes(`${group} ${i * 5 + 4}`))
      }
      await inbox.count(20)
      t.same(
        [...inbox.items].sort(), [...upTo(10).map((n) => `early ${n}`), ...upTo(10).map((n) => `late ${n}`)].sort()
      )
    })

    t.test('a handler that does not end does not block a join, and its message is redelivered', async (t) => {
      const topic = await world.createTopic(2)
      const groupId = world.unique('g')
      const inbox = new Inbox<string>()
      const { opened, open } = gate()
      t.teardown(open)
      const first = await world.app(t, { groupId, revokeDrain: 50 })
      first.broker.subscriber(topic, async (value) => {
        inbox.add(`first begins ${value}`)
        await opened
        inbox.add(`first ends ${value}`)
      })
      await first.ready()
      for (const partition of [0, 1]) await first.broker.publish(topic, partition, { partition })
      await inbox.count(2)
      const second = await world.app(t, { groupId })
      second.broker.subscriber(topic, (value) => { inbox.add(`second ${value}`) })
      await second.ready()
      const taken = (await inbox.count(3)).at(-1)?.slice(-1)
      t.equal(inbox.items.at(-1), `second ${taken}`)
      open()
      const kept = taken === '0' ? '1' : '0'
      const seen = await inbox.until((items) => items.filter((item) => item === `first ends ${kept}`).length === 2)
      t.same(
        seen.filter((item) => item.endsWith(kept)),
        ['begins', 'ends', 'begins', 'ends'].map((what) => `first ${what} ${kept}`),
        'not side by side in the member that keeps it'
      )
    })

    t.test('by key, under load, with a join and a leave: each message is handled once and in key order', async (t) => {
      const [topic, groupId] = [await world.createTopic(4), world.unique('g')]
      const load = keyedLoad()
      async function member (name: string) {
        const app = await world.app(t, { groupId, ordering: 'key', concurrency: 8 })
        app.broker.subscriber(topic, load.handler(name))
        await app.ready()
        return app
      }
      const writer = await world.app(t, { topics: 'ignore' })
      await writer.ready()
      const first = await member('first')
      const producing = load.produce((value, key) => writer.broker.publish(topic, value, { key }))
      await load.seen.count(200)
      await member('second')
      await load.seen.until((items) => items.filter(({ by }) => by === 'second').length >= 200)
      await first.close()
      const before = load.seen.items.length
      await load.seen.count(before + 200)
      const count = await producing.end()
      await load.seen.until((items) => new Set(items.map(({ value }) => value)).size === count)
      t.same(load.verdict(count), { lost: 0, duplicates: 0, reordered: 0, overlaps: 0 })
      t.ok(load.seen.items.some(({ by }) => by === 'first') && load.seen.items.some(({ by }) => by === 'second'))
    })

    await t.test('a message that waits for a retry moves with its partition to another member', async (t) => {
      const topic = await world.createTopic(1)
      const groupId = world.unique('g')
      const inbox = new Inbox<string>()
      const first = await world.app(t, { groupId, retry: { delay: 600_000, maxDelay: 600_000 } })
      first.broker.subscriber(topic, (value) => { inbox.add(`first ${value}`); throw new Error('no') })
      await first.ready()
      const second = await world.app(t, { groupId })
      second.broker.subscriber(topic, (value) => { inbox.add(`second ${value}`) })
      await first.broker.publish(topic, 1)
      await inbox.count(1)
      await second.ready()
      await first.close()
      t.equal((await inbox.until((items) => items.includes('second 1'))).at(-1), 'second 1')
    })
  })
}
