import t from 'tap'
import { gate, Inbox } from '../support/inbox.js'
import { eventually } from './eventually.js'
import { keyedLoad } from './load.js'
import type { World } from './world.js'

const upTo = (count: number) => Array.from({ length: count }, (_, i) => i)

/** Commits and redelivery after an end, clean or not. */
export function restarts (world: World): void {
  t.test(`${world.name}: restarts`, async (t) => {
    t.test('a killed process has its uncommitted messages redelivered, committed ones not', async (t) => {
      const topic = await world.createTopic(1)
      const groupId = world.unique('g')
      const writer = await world.app(t, { topics: 'ignore' })
      await writer.ready()
      for (const value of [0, 1, 2, 'stall', 4]) await writer.broker.publish(topic, value)
      const kill = await world.victim(t, { topic, groupId })
      await eventually(async () => (await world.committed(groupId, topic))[0] === 3n)
      await kill()
      const survivor = await world.app(t, { groupId })
      const inbox = new Inbox<unknown>()
      survivor.broker.subscriber(topic, (value, { attempt }) => { inbox.add([value, attempt]) })
      await survivor.ready()
      t.same(await inbox.count(2), [['stall', 1], [4, 1]])
    })

    t.test('everything that has an outcome is committed while the app runs, dead letters too', async (t) => {
      const topic = await world.createTopic(2)
      const groupId = world.unique('g')
      const app = await world.app(t, { groupId, retry: { retries: 0 }, commit: { interval: 10 } })
      app.broker.subscriber(topic, (value) => { if (Number(value) % 3 === 0) throw new Error('no') })
      await app.ready()
      await Promise.all(upTo(30).map((i) => app.broker.publish(topic, i, { partition: i % 2 })))
      await eventually(async () => (await world.committed(groupId, topic)).join() === '15,15')
      t.equal((await world.read(`${topic}.dlq`)).length, 10)
    })

    t.test('a message that has no outcome holds the offset of its partition, and of no other', async (t) => {
      const topic = await world.createTopic(2)
      const groupId = world.unique('g')
      const { opened, open } = gate()
      t.teardown(open)
      const app = await world.app(t, { groupId, commit: { interval: 10 } })
      app.broker.subscriber(topic, async (value) => { if (value === 4) await opened })
      await app.ready()
      await Promise.all(upTo(20).map((i) => app.broker.publish(topic, i, { partition: i % 2 })))
      await eventually(async () => (await world.committed(groupId, topic)).join() === '2,10')
      open()
      await eventually(async () => (await world.committed(groupId, topic)).join() === '10,10')
      t.pass('2,10, then 10,10')
    })

    t.test('an app that closes while its reading is paused leaves what it had not begun to the next', async (t) => {
      const topic = await world.createTopic(1)
      const groupId = world.unique('g')
      const inbox = new Inbox<unknown>()
      const { opened, open } = gate()
      const first = await world.app(t, { groupId, buffer: { messages: 10 } })
      first.broker.subscriber(topic, async (value) => { inbox.add(value); await opened })
      await first.ready()
      await Promise.all(upTo(200).map((i) => first.broker.publish(topic, i)))
      await inbox.count(1)
      const closed = first.close()
      open()
      await closed
      t.ok(inbox.items.length < 200)
      const second = await world.app(t, { groupId, buffer: { messages: 10 } })
      second.broker.subscriber(topic, (value) => { inbox.add(value) })
      await second.ready()
      t.same(await inbox.count(200), upTo(200))
    })

    t.test('a close does not wait for the retry of a message, which is redelivered', async (t) => {
      const topic = await world.createTopic(1)
      const groupId = world.unique('g')
      const inbox = new Inbox<string>()
      const first = await world.app(t, { groupId, retry: { delay: 600_000, maxDelay: 600_000 } })
      first.broker.subscriber(topic, (value) => { inbox.add(`first ${value}`); throw new Error('no') })
      await first.ready()
      await first.broker.publish(topic, 1)
      await inbox.count(1)
      const began = Date.now()
      await first.close()
      t.ok(Date.now() - began < 4000)
      const second = await world.app(t, { groupId })
      second.broker.subscriber(topic, (value, { attempt }) => { inbox.add(`second ${value}, attempt ${attempt}`) })
      await second.ready()
      t.same(await inbox.count(2), ['first 1', 'second 1, attempt 1'])
      t.same(await world.read(`${topic}.dlq`), [])
    })

    t.test('a close leaves a due retry and the later messages of its key to the next start', async (t) => {
      const [topic, groupId] = [await world.createTopic(1), world.unique('g')]
      const inbox = new Inbox<string>()
      const { opened, open } = gate()
      t.teardown(open)
      const first = await world.app(t, {
        groupId, ordering: 'key', concurrency: 1, retry: { delay: 1, maxDelay: 1, retries: 1_000_000 }
      })
      first.broker.subscriber(topic, async (value) => {
        if (value === 'takes its time') await new Promise((resolve) => { setTimeout(resolve, 50) })
        inbox.add(String(value))
        if (value === 'fails') throw new Error('no')
        await opened
      })
      await first.ready()
      for (const [value, key] of [['fails', 'a'], ['behind it', 'a'], ['takes its time', 'b']]) {
        await first.broker.publish(topic, value, { key })
      }
      const { length } = await inbox.until((items) => items.includes('takes its time'))
      const closed = first.close()
      await eventually(async () => first.broker.health().subscribers[0]?.state === 'closed')
      open()
      await closed
      t.equal(inbox.items.length, length)
      const second = await world.app(t, { groupId })
      const again = new Inbox<string>()
      second.broker.subscriber(topic, (value, { attempt }) => { again.add(`${value} ${attempt}`) })
      await second.ready()
      await second.broker.publish(topic, 'next')
      t.same(await again.count(3), ['fails 1', 'behind it 1', 'next 1'], 'what was settled behind it is not done again')
    })

    t.test('by key, under load, with restarts: each message is handled once and in key order', async (t) => {
      const [topic, groupId] = [await world.createTopic(2), world.unique('g')]
      const load = keyedLoad()
      const writer = await world.app(t, { topics: 'ignore' })
      await writer.ready()
      const producing = load.produce((value, key) => writer.broker.publish(topic, value, { key }))
      for (const run of upTo(3)) {
        const app = await world.app(t, { groupId, ordering: 'key', concurrency: 8 })
        app.broker.subscriber(topic, load.handler(`run ${run}`))
        await app.ready()
        await load.seen.until((items) => items.filter(({ by }) => by === `run ${run}`).length >= 150)
        if (run < 2) await app.close()
      }
      const count = await producing.end()
      await load.seen.until((items) => new Set(items.map(({ value }) => value)).size === count)
      t.same(load.verdict(count), { lost: 0, duplicates: 0, reordered: 0, overlaps: 0 })
    })

    // A cluster without transactions has no such gaps.
    const { transaction } = world
    if (transaction !== undefined) {
      t.test('transactions, aborted or not, and their gaps in the offsets hold nothing up', async (t) => {
        const topic = await world.createTopic(1)
        const groupId = world.unique('g')
        const inbox = new Inbox<unknown>()
        const first = await world.app(t, { groupId, commit: { interval: 10 } })
        first.broker.subscriber(topic, (value, { offset }) => { inbox.add(`${value}@${offset}`) })
        await first.ready()
        await first.broker.publish(topic, 'a')
        await transaction('abort', topic, ['x', 'y'])
        await first.broker.publish(topic, 'b')
        await transaction('commit', topic, ['c'])
        t.same(await inbox.count(3), ['a@0', 'b@4', 'c@5'])
        await eventually(async () => (await world.committed(groupId, topic))[0] === 7n)
        await transaction('abort', topic, ['z'])
        await eventually(async () => (await world.committed(groupId, topic))[0] === 9n)
        await first.close()
        const second = await world.app(t, { groupId })
        second.broker.subscriber(topic, (value, { offset }) => { inbox.add(`again ${value}@${offset}`) })
        await second.ready()
        await second.broker.publish(topic, 'd')
        t.equal((await inbox.count(4)).at(-1), 'again d@9')
      })
    }

    await t.test('an app that is restarted again and again handles each message once', async (t) => {
      const topic = await world.createTopic(2)
      const groupId = world.unique('g')
      const inbox = new Inbox<unknown>()
      for (const run of upTo(4)) {
        const app = await world.app(t, { groupId })
        app.broker.subscriber(topic, (value) => { inbox.add(value) })
        await app.ready()
        await Promise.all(upTo(20).map((i) => app.broker.publish(topic, run * 20 + i, { partition: i % 2 })))
        if (run % 2 === 1) await inbox.count((run + 1) * 20)
        await app.close()
      }
      t.same([...inbox.items].sort((a, b) => Number(a) - Number(b)), upTo(80))
    })
  })
}
