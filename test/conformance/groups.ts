import t from 'tap'
import { gate, Inbox } from '../support/inbox.js'
import type { World } from './world.js'

/** What members of groups share, and what happens when they come and go. */
export function groups (world: World): void {
  t.test(`${world.name}: groups`, async (t) => {
    t.test('every group sees every message', async (t) => {
      const topic = await world.createTopic(2)
      const app = await world.app(t)
      const inbox = new Inbox<string>()
      for (const group of ['a', 'b']) {
        app.broker.subscriber(topic, { groupId: world.unique(group) }, (value) => { inbox.add(group + value) })
      }
      await app.ready()
      for (const n of [1, 2, 3]) await app.broker.publish(topic, n)
      t.same([...await inbox.count(6)].sort(), ['a1', 'a2', 'a3', 'b1', 'b2', 'b3'])
    })

    t.test('subscribers that share a group read all of their topics', async (t) => {
      const [one, two] = [await world.createTopic(2), await world.createTopic(2)]
      const app = await world.app(t, { groupId: world.unique('g') })
      const inbox = new Inbox<string>()
      app.broker.subscriber(one, (value) => { inbox.add(`one ${value}`) })
      app.broker.subscriber(two, (value) => { inbox.add(`two ${value}`) })
      await app.ready()
      for (const partition of [0, 1]) {
        await app.broker.publish(one, partition, { partition })
        await app.broker.publish(two, partition, { partition })
      }
      t.same([...await inbox.count(4)].sort(), ['one 0', 'one 1', 'two 0', 'two 1'])
    })

    t.test('members that subscribe differently read all topics between them', async (t) => {
      const [one, two] = [await world.createTopic(2), await world.createTopic(2)]
      const groupId = world.unique('g')
      const inbox = new Inbox<string>()
      for (const topics of [[one], [one, two]]) {
        const app = await world.app(t, { groupId })
        app.broker.subscriber(topics, (value, { topic }) => { inbox.add(`${topic} ${value}`) })
        await app.ready()
        if (topics.length === 1) continue
        for (const partition of [0, 1]) {
          await app.broker.publish(one, partition, { partition })
          await app.broker.publish(two, partition, { partition })
        }
      }
      t.same(
        new Set(await inbox.until((items) => new Set(items).size === 4)),
        new Set([`${one} 0`, `${one} 1`, `${two} 0`, `${two} 1`])
      )
    })

    t.test('after a clean stop the next member goes on where the last one ended, and repeats nothing', async (t) => {
      const topic = await world.createTopic(3)
      const groupId = world.unique('g')
      const inbox = new Inbox<unknown>()
      const first = await world.app(t, { groupId })
      first.broker.subscriber(topic, (value) => { inbox.add(value) })
      await first.ready()
      for (let i = 0; i < 30; i++) await first.broker.publish(topic, i)
      await inbox.count(30)
      await first.close()
      const second = await world.app(t, { groupId })
      second.broker.subscriber(topic, (value) => { inbox.add(value) })
      await second.ready()
      for (let i = 30; i < 60; i++) await second.broker.publish(topic, i)
      await inbox.count(60)
      t.same([...inbox.items].sort((a, b) => Number(a) - Number(b)), Array.from({ length: 60 }, (_, i) => i))
    })

    t.test('close waits for the running handler, and its message is not redelivered', async (t) => {
      const topic = await world.createTopic(1)
      const groupId = world.unique('g')
      const inbox = new Inbox<string>()
      const { opened, open } = gate()
      const first = await world.app(t, { groupId })
      first.broker.subscriber(topic, async (value) => {
        inbox.add(`start ${value}`)
        await opened
        inbox.add(`end ${value}`)
      })
      await first.ready()
      await first.broker.publish(topic, 1)
      await inbox.count(1)
      const closed = first.close()
      open()
      await closed
      t.same(inbox.items, ['start 1', 'end 1'])
      const second = await world.app(t, { groupId })
      second.broker.subscriber(topic, (value) => { inbox.add(`again ${value}`) })
      await second.ready()
      await second.broker.publish(topic, 2)
      t.same(await inbox.count(3), ['start 1', 'end 1', 'again 2'])
    })

    t.test('a message whose handler did not end in time is redelivered', async (t) => {
      const topic = await world.createTopic(1)
      const groupId = world.unique('g')
      const inbox = new Inbox<string>()
      const { opened, open } = gate()
      t.teardown(open)
      const first = await world.app(t, { groupId, drainTimeout: 50 })
      first.broker.subscriber(topic, async (value) => { inbox.add(`first ${value}`); await opened })
      await first.ready()
      await first.broker.publish(topic, 1)
      await inbox.count(1)
      await first.close()
      const second = await world.app(t, { groupId })
      second.broker.subscriber(topic, (value) => { inbox.add(`second ${value}`) })
      await second.ready()
      t.same(await inbox.count(2), ['first 1', 'second 1'])
    })

    t.test('members that join and leave under load lose nothing, repeat nothing, and keep the order', async (t) => {
      const topic = await world.createTopic(4)
      const groupId = world.unique('g')
      const inbox = new Inbox<{ partition: number, value: number }>()
      async function member () {
        const app = await world.app(t, { groupId })
        app.broker.subscriber(topic, async (value, { partition }) => {
          await new Promise((resolve) => { setImmediate(resolve) })
          inbox.add({ partition, value: value as number })
        })
        await app.ready()
        return app
      }
      const first = await member()
      let count = 0
      const stopping = new AbortController()
      const load = (async () => {
        while (!stopping.signal.aborted) {
          await Promise.all(Array.from(
            { length: 20 }, () => first.broker.publish(topic, count, { partition: count++ % 4 })
          ))
        }
      })()
      await inbox.count(100)
      const second = await member()
      await inbox.count(inbox.items.length + 100)
      await second.close()
      await inbox.count(inbox.items.length + 100)
      stopping.abort()
      await load
      await inbox.count(count)
      t.equal(inbox.items.length, count)
      for (const partition of [0, 1, 2, 3]) {
        const seen = inbox.items.filter((item) => item.partition === partition).map(({ value }) => value)
        t.same(seen, seen.map((_, i) => i * 4 + partition))
      }
    })

    await t.test('when a member leaves, the others take over what it read', async (t) => {
      const topic = await world.createTopic(2)
      const groupId = world.unique('g')
      const inbox = new Inbox<string>()
      const apps = []
      for (const name of ['a', 'b']) {
        const app = await world.app(t, { groupId })
        app.broker.subscriber(topic, (value) => { inbox.add(`${name} ${value}`) })
        await app.ready()
        apps.push(app)
      }
      const [a, b] = apps
      await a?.close()
      for (const partition of [0, 1]) await b?.broker.publish(topic, partition, { partition })
      t.same([...await inbox.count(2)].sort(), ['b 0', 'b 1'])
    })
  })
}
