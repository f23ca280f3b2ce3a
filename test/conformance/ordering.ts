import t from 'tap'
import { hear } from '../support/hear.js'
import { gate, Inbox } from '../support/inbox.js'
import { eventually } from './eventually.js'
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
        for (let turns = Number(value) % 4; turns > 0; turns--) {
          await new Promise((resolve) => { setImmediate(resolve) })
        }
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
      app.broker.subscriber(results, (value, { rawKey }) => {
        inbox.add({ key: String(rawKey), value: value as number })
      })
      await app.ready()
      await Promise.all(upTo(60).map((i) => app.broker.publish(topic, i, { key: `k${i % 5}` })))
      const seen = await inbox.count(60)
      for (const key of upTo(5)) {
        t.same(
          seen.filter((each) => each.key === `k${key}`).map(({ value }) => value), upTo(12).map((i) => i * 5 + key)
        )
      }
    })

    t.test('a retry blocks its partition, and other partitions go on', async (t) => {
      const topic = await world.createTopic(2)
      const app = await world.app(t, {
        groupId: world.unique('g'), retry: { delay: 1, maxDelay: 5, retries: 1_000_000 }
      })
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
      app.broker.subscriber(slow, async (value) => {
        inbox.add(`start ${value}`)
        await opened
        inbox.add(`end ${value}`)
      })
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
      for (const partition of [0, 1]) {
        t.same(
          seen.filter((each) => each.partition === partition).map(({ value }) => value),
          upTo(2500).map((i) => i * 2 + partition)
        )
      }
    })

    t.test('by key: messages of one key are handled in order, those of many keys in parallel', async (t) => {
      const topic = await world.createTopic(2)
      const app = await world.app(t, { groupId: world.unique('g'), ordering: 'key', concurrency: 8 })
      const inbox = new Inbox<{ key: string, value: number }>()
      const running = new Set<string>()
      let [overlaps, most] = [0, 0]
      app.broker.subscriber(topic, async (value, { rawKey }) => {
        const key = String(rawKey)
        if (running.has(key)) overlaps++
        most = Math.max(most, running.add(key).size)
        for (let turns = Number(value) % 5; turns >= 0; turns--) {
          await new Promise((resolve) => { setImmediate(resolve) })
        }
        running.delete(key)
        inbox.add({ key, value: value as number })
      })
      await app.ready()
      await Promise.all(upTo(400).map((i) => app.broker.publish(topic, i, { key: `k${i * 7 % 20}` })))
      const seen = await inbox.count(400)
      t.same([overlaps, most], [0, 8])
      for (const key of upTo(20)) {
        t.same(
          seen.filter((each) => each.key === `k${key}`).map(({ value }) => value),
          upTo(400).filter((i) => i * 7 % 20 === key)
        )
      }
    })

    t.test('by key: a slow message holds up its key and no other, and nothing behind it is committed', async (t) => {
      const [topic, groupId] = [await world.createTopic(1), world.unique('g')]
      const app = await world.app(t, { groupId, ordering: 'key', concurrency: 2, commit: { interval: 10 } })
      const inbox = new Inbox<string>()
      const { opened, open } = gate()
      t.teardown(open)
      app.broker.subscriber(topic, async (value, { rawKey }) => {
        if (value === 2) await opened
        inbox.add(`${rawKey}${value}`)
      })
      await app.ready()
      for (const [value, key] of ['x', 'x', 'slow', 'a', 'slow', 'b', 'a'].entries()) {
        await app.broker.publish(topic, value, { key })
      }
      t.same(await inbox.count(5), ['x0', 'x1', 'a3', 'b5', 'a6'])
      await eventually(async () => (await world.committed(groupId, topic))[0] === 2n)
      await app.broker.publish(topic, 7, { key: 'b' })
      t.equal((await inbox.count(6)).at(-1), 'b7')
      t.same(await world.committed(groupId, topic), [2n])
      open()
      t.same((await inbox.count(8)).slice(6), ['slow2', 'slow4'])
      await eventually(async () => (await world.committed(groupId, topic))[0] === 8n)
    })

    t.test('by key: a message settled ahead of a waiting one is not redelivered after a stop or a join', async (t) => {
      const [topic, groupId] = [await world.createTopic(1), world.unique('g')]
      const build = async () => {
        const app = await world.app(t, {
          groupId,
          ordering: 'key',
          retry: { delay: 60_000, maxDelay: 60_000 },
          commit: { interval: 60_000, count: 1_000_000 }
        })
        const inbox = new Inbox<number>()
        app.broker.subscriber(topic, (value) => {
          inbox.add(Number(value))
          if (value === 1 || value === 4) throw new Error('later')
        })
        await app.ready()
        return { app, inbox }
      }
      const first = await build()
      const publish = async (values: readonly number[]) => {
        for (const i of values) await first.app.broker.publish(topic, i, { key: `k${i}` })
      }
      await publish(upTo(6))
      await first.inbox.count(6)
      await first.app.close()
      t.same(await world.committed(groupId, topic), [1n])
      const second = await build()
      t.same(await second.inbox.count(2), [1, 4])
      const third = await build()
      // One of them has the partition now.
      await eventually(async () => second.inbox.items.length + third.inbox.items.length >= 4)
      t.same([...second.inbox.items.slice(2), ...third.inbox.items], [1, 4])
    })

    t.test('by key: one that is tried again holds up no other key, also with a concurrency of 1', async (t) => {
      const [topic, groupId] = [await world.createTopic(1), world.unique('g')]
      const app = await world.app(t, {
        groupId,
        ordering: 'key',
        concurrency: 1,
        retry: { retries: 1_000_000, delay: 5, maxDelay: 5 },
        commit: { interval: 10 }
      })
      const inbox = new Inbox<string>()
      let [running, most] = [0, 0]
      app.broker.subscriber(topic, async (value, { rawKey, attempt }) => {
        most = Math.max(most, ++running)
        await new Promise((resolve) => { setImmediate(resolve) })
        running--
        if (value === 'bad' && inbox.items.length < 20) throw new Error('not yet')
        inbox.add(`${rawKey} ${value}${attempt > 1 ? ' at last' : ''}`)
      })
      await app.ready()
      await app.broker.publish(topic, 'bad', { key: 'a' })
      await app.broker.publish(topic, 'behind it', { key: 'a' })
      for (const i of upTo(20)) await app.broker.publish(topic, i, { key: `b${i % 2}` })
      const seen = await inbox.count(22)
      for (const key of [0, 1]) {
        t.same(
          seen.filter((item) => item.startsWith(`b${key}`)),
          upTo(20).filter((i) => i % 2 === key).map((i) => `b${key} ${i}`)
        )
      }
      t.same(seen.slice(20), ['a bad at last', 'a behind it'])
      t.equal(most, 1)
      await eventually(async () => (await world.committed(groupId, topic))[0] === 22n)
    })

    t.test('by key: keys are bytes, and a message without a key does not wait', async (t) => {
      const topic = await world.createTopic(1)
      const app = await world.app(t, { groupId: world.unique('g'), ordering: 'key' })
      const inbox = new Inbox<unknown>()
      const { opened, open } = gate()
      t.teardown(open)
      app.broker.subscriber(topic, async (value) => {
        if (String(value).startsWith('held')) await opened
        inbox.add(value)
      })
      await app.ready()
      const [ff, fe] = [Buffer.from([0xff]), Buffer.from([0xfe])]
      t.equal(ff.toString(), fe.toString())
      for (const [value, key] of [
        ['held ff', ff],
        ['fe', fe],
        ['behind ff', ff],
        ['held null', null],
        ['null', null],
        ['held empty', ''],
        ['behind empty', ''],
        ['last', null]
      ] as const) {
        await app.broker.publish(topic, value, { key, partition: 0 })
      }
      t.same(await inbox.count(3), ['fe', 'null', 'last'])
      open()
      const rest = (await inbox.count(8)).slice(3)
      t.same([...rest].sort(), ['behind empty', 'behind ff', 'held empty', 'held ff', 'held null'])
      for (const key of ['ff', 'empty']) t.ok(rest.indexOf(`held ${key}`) < rest.indexOf(`behind ${key}`))
    })

    t.test('without an order a message blocks no other one, only the committed offset', async (t) => {
      const [topic, groupId] = [await world.createTopic(1), world.unique('g')]
      const app = await world.app(t, { groupId, ordering: 'none', concurrency: 3, commit: { interval: 10 } })
      const inbox = new Inbox<unknown>()
      const { opened, open } = gate()
      t.teardown(open)
      app.broker.subscriber(topic, async (value) => { if (value === 0) await opened; inbox.add(value) })
      await app.ready()
      for (const i of upTo(10)) await app.broker.publish(topic, i, { key: 'k' })
      t.same([...await inbox.count(9)].sort(), upTo(10).slice(1))
      t.same(await world.committed(groupId, topic), [0n])
      open()
      await eventually(async () => (await world.committed(groupId, topic))[0] === 10n)
      t.equal(inbox.items.at(-1), 0)
    })

    t.test('by key: a partition with many keys does not starve another one', async (t) => {
      const topic = await world.createTopic(2)
      const writer = await world.app(t, { topics: 'ignore' })
      await writer.ready()
      await Promise.all([
        ...upTo(400).map((i) => writer.broker.publish(topic, i, { key: `a${i}`, partition: 0 })),
        ...upTo(20).map((i) => writer.broker.publish(topic, i, { key: `b${i}`, partition: 1 }))
      ])
      const app = await world.app(t, { groupId: world.unique('g'), ordering: 'key', concurrency: 2 })
      const inbox = new Inbox<number>()
      const { opened, open } = gate()
      t.teardown(open)
      app.broker.subscriber(topic, async (_, { partition }) => { await opened; inbox.add(partition) })
      await app.ready()
      // Both are in memory.
      await eventually(
        async () => app.broker.health().subscribers[0]?.partitions.filter(
          ({ oldestUnsettledAge }) => oldestUnsettledAge > 0
        ).length === 2
      )
      open()
      const seen = await inbox.count(420)
      t.ok(seen.lastIndexOf(1) < 50, `its 20 were done after ${seen.lastIndexOf(1) + 1}`)
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

    await t.test('with a concurrency of 1 messages run one at a time, partitions in turn', async (t) => {
      const topic = await world.createTopic(3)
      const writer = await world.app(t, { topics: 'ignore' })
      await writer.ready()
      await Promise.all(upTo(90).map((i) => writer.broker.publish(topic, i, { partition: i % 3 })))
      const app = await world.app(t, { groupId: world.unique('g'), concurrency: 1 })
      const inbox = new Inbox<number>()
      const received = hear(t, 'faststream.message.received')
      const haveArrived = async (): Promise<boolean> => received.reduce((sum, { count }) => sum + count, 0) >= 90
      let running = 0
      let most = 0
      app.broker.subscriber(topic, async (_, { partition }) => {
        most = Math.max(most, ++running)
        await eventually(haveArrived)
        await new Promise((resolve) => { setImmediate(resolve) })
        running--
        inbox.add(partition)
      })
      await app.ready()
      const seen = await inbox.count(90)
      t.equal(most, 1)
      for (const partition of [0, 1, 2]) {
        t.ok(seen.indexOf(partition) < 60, `partition ${partition} does not wait for both others to end`)
      }
    })
  })
}
