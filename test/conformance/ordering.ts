import t from 'tap'
import { gate, Inbox } from '../fixtures/inbox.js'
import type { World } from './world.js'

const upTo = (count: number) => Array.from({ length: count }, (_, i) => i)

/** What comes after what, on the way out and in. */
export function ordering (world: World): void {
  t.test(`${world.name}: order`, async (t) => {
    t.test('publishes to several topics at once keep the order of their calls in each of them', async (t) => {
      const topics = [await world.createTopic(1), await world.createTopic(1), await world.createTopic(1)] as const
      const app = await world.app(t, { topics: 'ignore' })
      await app.ready()
      const published = await Promise.all(upTo(300).map((i) => app.broker.publish(topics[i % 3] as string, i)))
      t.same(published.map(({ offset }) => offset), upTo(300).map((i) => BigInt(Math.floor(i / 3))))
      for (const [index, topic] of topics.entries()) {
        t.same((await world.read(topic)).map(({ value }) => Number(value)), upTo(100).map((i) => i * 3 + index))
      }
    })

    t.test('results are published in the order of the messages that they come from', async (t) => {
      const [topic, results] = [await world.createTopic(1), await world.createTopic(1)]
      const app = await world.app(t, { groupId: world.unique('g') })
      const inbox = new Inbox<unknown>()
      app.broker.subscriber(topic, { publish: app.broker.publisher(results) }, async (value) => {
        for (let turns = Number(value) % 4; turns > 0; turns--) await new Promise((resolve) => { setImmediate(resolve) })
        return value
      })
      app.broker.subscriber(results, (value) => { inbox.add(value) })
      await app.ready()
      await Promise.all(upTo(100).map((i) => app.broker.publish(topic, i)))
      t.same(await inbox.count(100), upTo(100))
    })

    t.test('what handlers publish keeps its order per key, also when handlers are run again', async (t) => {
      const [topic, results] = [await world.createTopic(4), await world.createTopic(3)]
      const app = await world.app(t, { groupId: world.unique('g'), retry: { delay: 1 } })
      const inbox = new Inbox<{ key: string, value: number }>()
      app.broker.subscriber(topic, async (value, { attempt, rawKey, broker }) => {
        if (attempt <= (value as number) % 3) throw new Error('not yet')
        await broker.publish(results, value, { key: rawKey })
      })
      app.broker.subscriber(results, (value, { rawKey }) => { inbox.add({ key: String(rawKey), value: value as number }) })
      await app.ready()
      await Promise.all(upTo(60).map((i) => app.broker.publish(topic, i, { key: `k${i % 5}` })))
      const seen = await inbox.count(60)
      for (const key of upTo(5)) {
        t.same(seen.filter((each) => each.key === `k${key}`).map(({ value }) => value), upTo(12).map((i) => i * 5 + key))
      }
    })

    t.test('while a message is tried again none of its partition overtakes it, and other partitions go on', async (t) => {
      const topic = await world.createTopic(2)
      const app = await world.app(t, { groupId: world.unique('g'), retry: { delay: 1, maxDelay: 5, retries: 1_000_000 } })
      const inbox = new Inbox<string>()
      const othersDone = new Inbox<unknown>()
      app.broker.subscriber(topic, async (value, { partition, attempt }) => {
        if (partition === 1) othersDone.add(value)
        else if (value === 0 && othersDone.items.length < 50) throw new Error('not yet')
        else inbox.add(`${value}${attempt > 1 ? ' at last' : ''}`)
      })
      await app.ready()
      await Promise.all(upTo(10).map((i) => app.broker.publish(topic, i, { partition: 0 })))
      await Promise.all(upTo(50).map((i) => app.broker.publish(topic, i, { partition: 1 })))
      t.same(await inbox.count(10), ['0 at last', ...upTo(10).slice(1).map(String)])
      t.same(othersDone.items, upTo(50))
    })

    t.test('a subscriber that takes its time does not hold up another one of its group', async (t) => {
      const [slow, quick] = [await world.createTopic(1), await world.createTopic(1)]
      const app = await world.app(t, { groupId: world.unique('g'), concurrency: 1 })
      const inbox = new Inbox<unknown>()
      const { opened, open } = gate()
      t.teardown(open)
      app.broker.subscriber(slow, async (value) => { inbox.add(`start ${value}`); await opened; inbox.add(`end ${value}`) })
      app.broker.subscriber(quick, (value) => { inbox.add(value) })
      await app.ready()
      await app.broker.publish(slow, 'slow')
      await inbox.count(1)
      for (const i of upTo(20)) await app.broker.publish(quick, i)
      t.same(await inbox.count(21), ['start slow', ...upTo(20)])
      open()
      t.equal((await inbox.count(22)).at(-1), 'end slow')
    })

    t.test('a backlog of 5000 messages and little room for them: all are handled, in order', async (t) => {
      const topic = await world.createTopic(2)
      const writer = await world.app(t, { topics: 'ignore' })
      await writer.ready()
      await Promise.all(upTo(5000).map((i) => writer.broker.publish(topic, i, { partition: i % 2 })))
      const app = await world.app(t, { groupId: world.unique('g'), buffer: { messages: 25 } })
      const inbox = new Inbox<{ partition: number, value: unknown }>()
      app.broker.subscriber(topic, async (value, { partition }) => {
        if (Number(value) % 10 < 2) await new Promise((resolve) => { setImmediate(resolve) })
        inbox.add({ partition, value })
      })
      await app.ready()
      const seen = await inbox.count(5000)
      for (const partition of [0, 1]) t.same(seen.filter((each) => each.partition === partition).map(({ value }) => value), upTo(2500).map((i) => i * 2 + partition))
    })

    t.test('a correlation id goes on over three hops, whichever way they publish', async (t) => {
      const topics = [await world.createTopic(1), await world.createTopic(1), await world.createTopic(1)] as const
      const app = await world.app(t, { groupId: world.unique('g') })
      const inbox = new Inbox<unknown>()
      app.broker.subscriber(topics[0], { publish: app.broker.publisher(topics[1]) }, (value) => value)
      app.broker.subscriber(topics[1], async (value, { broker }) => { await broker.publish(topics[2], value) })
      app.broker.subscriber(topics[2], (value, { correlationId }) => { inbox.add([value, correlationId]) })
      await app.ready()
      for (const id of ['a', 'b']) await app.broker.publish(topics[0], id, { correlationId: `c-${id}` })
      t.same(await inbox.count(2), [['a', 'c-a'], ['b', 'c-b']])
    })

    await t.test('with a concurrency of 1 one message is handled at a time, and each partition gets its turn', async (t) => {
      const topic = await world.createTopic(3)
      const writer = await world.app(t, { topics: 'ignore' })
      await writer.ready()
      await Promise.all(upTo(90).map((i) => writer.broker.publish(topic, i, { partition: i % 3 })))
      const app = await world.app(t, { groupId: world.unique('g'), concurrency: 1 })
      const inbox = new Inbox<number>()
      let running = 0
      let most = 0
      app.broker.subscriber(topic, async (_, { partition }) => {
        most = Math.max(most, ++running)
        await new Promise((resolve) => { setImmediate(resolve) })
        running--
        inbox.add(partition)
      })
      await app.ready()
      const seen = await inbox.count(90)
      t.equal(most, 1)
      for (const partition of [0, 1, 2]) t.ok(seen.indexOf(partition) < 60, `partition ${partition} does not wait for both others to end`)
    })
  })
}
