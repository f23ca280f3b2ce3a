import t from 'tap'
import type { Test } from 'tap'
import type { FaststreamOptions, Subscriber } from '../../index.js'
import { gate, Inbox } from '../support/inbox.js'
import { eventually } from './eventually.js'
import type { World } from './world.js'

const range = (from: number, to: number) => Array.from({ length: to - from + 1 }, (_, i) => from + i)
/** So large that a fetch brings a few of them and not all. */
const padding = 'x'.repeat(200_000)

/** Where reading begins: at first, after a gap, and where there is no group. */
export function offsets (world: World): void {
  t.test(`${world.name}: offsets`, async (t) => {
    /** An app that only writes. */
    async function writer (t: Test) {
      const app = await world.app(t, { topics: 'ignore' })
      await app.ready()
      return async (topic: string, values: readonly unknown[], partition = 0) => {
        for (const value of values) await app.broker.publish(topic, value, { partition })
      }
    }

    /** An app that reads a topic and commits at once. */
    async function reader (t: Test, topic: string, options: FaststreamOptions) {
      const app = await world.app(t, { topics: 'ignore', commit: { interval: 10 }, ...options })
      const inbox = new Inbox<unknown>()
      const subscriber: Subscriber = app.broker.subscriber(topic, (value) => { inbox.add(value) })
      await app.ready()
      return { app, inbox, subscriber }
    }

    /** A topic with the messages 0 to 9, of which 0 to 4 are gone, and a group that has read 0 to 2. */
    async function overtaken (t: Test) {
      const [topic, groupId] = [await world.createTopic(1), world.unique('g')]
      const write = await writer(t)
      await write(topic, range(0, 9))
      await world.commit(groupId, topic, 3n)
      await world.deleteRecords(topic, 0, 5n)
      return { topic, groupId, write }
    }

    /**
     * A reader that holds the first message of many, while all before the offset 15 of 20 are removed. `goOn` lets it
     * read on.
     */
    async function overtakenReader (t: Test, offsetReset: FaststreamOptions['offsetReset']) {
      const [topic, groupId] = [await world.createTopic(1), world.unique('g')]
      const write = await writer(t)
      await write(topic, ['first'])
      await world.commit(groupId, topic, 0n)
      await write(topic, range(1, 19).map((n) => ({ n, padding })))
      const app = await world.app(t, {
        groupId, offsetReset, topics: 'ignore', buffer: { messages: 1 }, commit: { interval: 10 }
      })
      const inbox = new Inbox<unknown>()
      const { opened, open } = gate()
      t.teardown(open)
      const subscriber = app.broker.subscriber(topic, async (value) => {
        if (value === 'first') await opened
        else inbox.add((value as { n?: number }).n ?? value)
      })
      await app.ready()
      await eventually(async () => (app.broker.health().subscribers[0]?.inFlight ?? 0) === 1)
      await world.deleteRecords(topic, 0, 15n)
      return { topic, groupId, write, app, inbox, subscriber, goOn: open }
    }

    for (const offsetReset of ['earliest', 'fail'] as const) {
      t.test(`a new group with '${offsetReset}' begins at the start of the log`, async (t) => {
        const topic = await world.createTopic(1)
        const write = await writer(t)
        await write(topic, range(0, 4))
        await world.deleteRecords(topic, 0, 2n)
        const { inbox } = await reader(t, topic, { groupId: world.unique('g'), offsetReset })
        await write(topic, [5])
        t.same(await inbox.count(4), [2, 3, 4, 5])
      })
    }

    t.test("a new group with 'latest' gets what is published when the app is ready, and nothing older", async (t) => {
      const topic = await world.createTopic(2)
      const write = await writer(t)
      for (const partition of [0, 1]) await write(topic, ['old', 'old'], partition)
      const { inbox } = await reader(t, topic, { groupId: world.unique('g'), offsetReset: 'latest' })
      for (const partition of [0, 1]) await write(topic, [partition], partition)
      t.same([...await inbox.count(2)].sort(), [0, 1])
    })

    t.test("'latest' counts once: messages published while the app is down are handled later", async (t) => {
      const [topic, groupId] = [await world.createTopic(2), world.unique('g')]
      const write = await writer(t)
      await write(topic, ['old'])
      const first = await reader(t, topic, { groupId, offsetReset: 'latest', commit: { interval: 60_000 } })
      await first.app.close()
      for (const partition of [0, 1]) await write(topic, [partition], partition)
      const { inbox } = await reader(t, topic, { groupId, offsetReset: 'latest' })
      t.same([...await inbox.count(2)].sort(), [0, 1])
      t.same(first.inbox.items, [])
    })

    t.test("a process with 'latest' that was killed before anything came has told where it began", async (t) => {
      const [topic, groupId] = [await world.createTopic(1), world.unique('g')]
      const write = await writer(t)
      await write(topic, ['old', 'old'])
      const kill = await world.victim(t, { topic, groupId, offsetReset: 'latest' })
      await eventually(async () => (await world.committed(groupId, topic))[0] === 2n)
      await kill()
      await write(topic, ['new'])
      const { inbox } = await reader(t, topic, { groupId, offsetReset: 'latest' })
      t.same(await inbox.count(1), ['new'])
    })

    t.test("a partition that is added later is read from its start, also with 'latest'", async (t) => {
      const [topic, groupId] = [await world.createTopic(1), world.unique('g')]
      const write = await writer(t)
      await write(topic, ['old'])
      const { inbox } = await reader(t, topic, { groupId, offsetReset: 'latest' })
      await write(topic, ['known'])
      await inbox.count(1)
      await world.addPartitions(topic, 2)
      // One that has not heard of it yet could not write there.
      await (await writer(t))(topic, ['added', 'added too'], 1)
      t.same(await inbox.count(3), ['known', 'added', 'added too'])
    })

    t.test("what the group has stored counts, also with 'latest' and 'fail', if the log still has it", async (t) => {
      for (const offsetReset of ['latest', 'fail'] as const) {
        for (const stored of [2n, 5n]) {
          const [topic, groupId] = [await world.createTopic(1), world.unique('g')]
          const write = await writer(t)
          await write(topic, range(0, 4))
          await world.commit(groupId, topic, stored)
          await world.deleteRecords(topic, 0, 2n)
          const { inbox } = await reader(t, topic, { groupId, offsetReset })
          await write(topic, [5])
          t.same(
            await inbox.until((items) => items.includes(5)), range(Number(stored), 5), `${offsetReset} at ${stored}`
          )
        }
      }
    })

    t.test('retention that has passed an app while it was down costs what it removed, and nothing else', async (t) => {
      const { topic, groupId } = await overtaken(t)
      const { inbox } = await reader(t, topic, { groupId })
      t.same(await inbox.count(5), range(5, 9))
    })

    t.test("with 'latest' a group whose offset is gone skips to the end and handles what follows", async (t) => {
      const { topic, groupId, write } = await overtaken(t)
      const first = await reader(t, topic, { groupId, offsetReset: 'latest' })
      await eventually(async () => (await world.committed(groupId, topic))[0] === 10n)
      await first.app.close()
      await write(topic, [10])
      const { inbox } = await reader(t, topic, { groupId, offsetReset: 'latest' })
      t.same(await inbox.count(1), [10])
      t.same(first.inbox.items, [])
    })

    t.test('an offset that is stored ahead of the end is no offset', async (t) => {
      for (const [offsetReset, expected] of [['earliest', range(0, 5)], ['latest', [5]]] as const) {
        const [topic, groupId] = [await world.createTopic(1), world.unique('g')]
        const write = await writer(t)
        await write(topic, range(0, 4))
        await world.commit(groupId, topic, 100n)
        const { inbox } = await reader(t, topic, { groupId, offsetReset })
        await write(topic, [5])
        t.same(await inbox.until((items) => items.includes(5)), expected, offsetReset)
      }
    })

    t.test('retention that passes an app while it runs costs what it removed, and nothing else', async (t) => {
      const { inbox, goOn } = await overtakenReader(t, 'earliest')
      goOn()
      const seen = await inbox.until((items) => items.includes(19))
      const before = seen.filter((n) => Number(n) < 15)
      t.same(seen, [...range(1, before.length), ...range(15, 19)], 'what it had fetched, then what is left')
      t.ok(before.length < 14, 'not all was fetched')
    })

    t.test("with 'latest' an app that retention overtakes continues with the messages that follow", async (t) => {
      const { topic, groupId, write, inbox, goOn } = await overtakenReader(t, 'latest')
      goOn()
      await eventually(async () => (await world.committed(groupId, topic))[0] === 20n)
      await write(topic, [20])
      const seen = await inbox.until((items) => items.includes(20))
      t.same(seen, [...range(1, seen.length - 1), 20])
      t.ok(seen.length < 15)
    })

    t.test('a topic that is deleted and recreated is read from its start; other topics go on', async (t) => {
      const [doomed, other] = [await world.createTopic(1), await world.createTopic(1)]
      const write = await writer(t)
      const app = await world.app(t, { groupId: world.unique('g'), topics: 'ignore', commit: { interval: 10 } })
      const inbox = new Inbox<unknown>()
      app.broker.subscriber([doomed, other], (value) => { inbox.add(value) })
      await app.ready()
      await write(doomed, range(0, 2))
      await inbox.count(3)
      await world.deleteTopic(doomed)
      await write(other, ['meanwhile'])
      t.equal((await inbox.count(4))[3], 'meanwhile')
      await world.createTopic(1, doomed)
      await (await writer(t))(doomed, ['anew', 'anew 2'])
      t.same((await inbox.count(6)).slice(4), ['anew', 'anew 2'])
      await write(other, ['as ever'])
      t.equal((await inbox.count(7))[6], 'as ever')
    })

    t.test('a topic that is created after its subscriber started is read from its start', async (t) => {
      const topic = world.unique('later')
      const { inbox } = await reader(t, topic, { groupId: world.unique('g'), offsetReset: 'latest' })
      await world.createTopic(1, topic)
      await (await writer(t))(topic, ['first', 'second'])
      t.same(await inbox.count(2), ['first', 'second'])
    })

    t.test('without a group every app reads all messages, and each start begins from offsetReset', async (t) => {
      const topic = await world.createTopic(2)
      const write = await writer(t)
      for (const partition of [0, 1]) await write(topic, [partition], partition)
      const apps = [await reader(t, topic, { groupId: null }), await reader(t, topic, { groupId: null })]
      const twice = await world.app(t, { groupId: null })
      const both = [new Inbox<unknown>(), new Inbox<unknown>()] as const
      for (const { add } of both) twice.broker.subscriber(topic, (value) => { add(value) })
      await twice.ready()
      for (const inbox of both) t.same([...await inbox.count(2)].sort(), [0, 1], 'each subscriber for itself')
      for (const { inbox } of apps) t.same([...await inbox.count(2)].sort(), [0, 1])
      for (const partition of [0, 1]) await write(topic, [partition + 2], partition)
      for (const { inbox, app } of apps) {
        t.same([...await inbox.count(4)].sort(), range(0, 3))
        await app.close()
      }
      const { inbox } = await reader(t, topic, { groupId: null })
      t.same([...await inbox.count(4)].sort(), range(0, 3))
    })

    t.test("without a group, with 'latest', an app reads what is published while it runs", async (t) => {
      const topic = await world.createTopic(1)
      const write = await writer(t)
      await write(topic, ['old'])
      const { inbox, app } = await reader(t, topic, { groupId: null, offsetReset: 'latest' })
      await write(topic, ['new'])
      await inbox.count(1)
      await world.addPartitions(topic, 2)
      await (await writer(t))(topic, ['added'], 1)
      t.same(await inbox.count(2), ['new', 'added'])
      await app.close()
      await write(topic, ['missed'])
      const second = await reader(t, topic, { groupId: null, offsetReset: 'latest' })
      await write(topic, ['last'])
      t.same(await second.inbox.count(1), ['last'])
    })

    t.test('an app may read one topic with a group and without', async (t) => {
      const topic = await world.createTopic(1)
      const groupId = world.unique('g')
      for (const expected of [['group 1', 'no group 1'], ['no group 1', 'no group 2', 'group 2']]) {
        const app = await world.app(t, { groupId })
        const inbox = new Inbox<string>()
        app.broker.subscriber(topic, (value) => { inbox.add(`group ${value}`) })
        app.broker.subscriber(topic, { groupId: null }, (value) => { inbox.add(`no group ${value}`) })
        await app.ready()
        await app.broker.publish(topic, expected.length - 1)
        t.same([...await inbox.count(expected.length)].sort(), [...expected].sort())
        await app.close()
      }
    })

    t.test("with 'fail' only the partition whose offset is gone stops until skipTo", async (t) => {
      const { topic, groupId, write } = await overtaken(t)
      await world.addPartitions(topic, 2)
      const { inbox, subscriber, app } = await reader(t, topic, { groupId, offsetReset: 'fail' })
      await (await writer(t))(topic, ['other'], 1)
      t.same(await inbox.count(1), ['other'])
      const stopped = () => app.broker.health().subscribers[0]?.partitions.find(
        ({ partition }) => partition === 0
      )?.stopped
      t.match(stopped(), { offset: 3n, nextOffset: 5n })
      t.notOk(app.broker.health().healthy)
      subscriber.skipTo({ topic, partition: 0, offset: 8n })
      t.same(await inbox.count(3), ['other', 8, 9])
      t.equal(stopped(), undefined)
      await eventually(async () => (await world.committed(groupId, topic))[0] === 10n)
      await app.close()
      await write(topic, [10])
      const second = await reader(t, topic, { groupId, offsetReset: 'fail' })
      t.same(await second.inbox.count(1), [10])
    })

    await t.test("with 'fail' a partition that retention overtakes stops until skipTo", async (t) => {
      const { topic, inbox, goOn, app, subscriber } = await overtakenReader(t, 'fail')
      goOn()
      await eventually(async () => app.broker.health().subscribers[0]?.partitions[0]?.stopped !== undefined)
      const read = inbox.items.length
      t.ok(read < 14)
      subscriber.skipTo({ topic, partition: 0, offset: 18n })
      t.same(await inbox.until((items) => items.includes(19)), [...range(1, read), 18, 19])
    })
  })
}
