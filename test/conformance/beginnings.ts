import t, { type Test } from 'tap'
import type { FaststreamOptions } from '../../index.js'
import { Inbox } from '../support/inbox.js'
import type { World } from './world.js'

/** ms since the epoch; not so long ago that retention would remove the messages, whose times follow. */
const BEGIN = Date.now() - 3_600_000

const at = (n: number): Date => new Date(BEGIN + n * 1000)

/** Where reading begins by time, and what is read of transactions. */
export function beginnings (world: World): void {
  t.test(`${world.name}: beginnings by time`, async (t) => {
    /** An app that only writes: each number n with the time `at(n)`. */
    async function writer (t: Test) {
      const app = await world.app(t, { topics: 'ignore' })
      await app.ready()
      return async (topic: string, numbers: readonly number[], partition = 0) => {
        for (const n of numbers) await app.broker.publish(topic, n, { partition, timestamp: at(n) })
      }
    }

    async function reader (t: Test, topic: string, options: FaststreamOptions) {
      const app = await world.app(t, {
        topics: 'ignore', groupId: world.unique('g'), commit: { interval: 10 }, ...options
      })
      const inbox = new Inbox<unknown>()
      app.broker.subscriber(topic, (value) => { inbox.add(value) })
      await app.ready()
      return inbox
    }

    t.test('a new group begins at the first record of that time or a later one, in each partition', async (t) => {
      const topic = await world.createTopic(2)
      const write = await writer(t)
      await write(topic, [0, 2, 4, 6])
      await write(topic, [1, 3], 1)
      const exact = await reader(t, topic, { offsetReset: { timestamp: at(4) } })
      t.same(await exact.count(2), [4, 6])
      const between = await reader(t, topic, { offsetReset: { timestamp: at(2).getTime() + 1 } })
      t.same([...await between.count(3)].sort(), [3, 4, 6])
      await write(topic, [8])
      t.same([...await exact.count(3)], [4, 6, 8])
    })

    t.test('a group begins at the end of a partition that has no record so young', async (t) => {
      const topic = await world.createTopic(1)
      const write = await writer(t)
      await write(topic, [1, 2, 3])
      const inbox = await reader(t, topic, { offsetReset: { timestamp: at(100) } })
      await write(topic, [4])
      t.same(await inbox.count(1), [4], 'the time decides only where reading begins')
    })

    t.test('records that retention has removed are not looked for', async (t) => {
      const topic = await world.createTopic(1)
      const write = await writer(t)
      await write(topic, [1, 2, 3, 4])
      await world.deleteRecords(topic, 0, 2n)
      const inbox = await reader(t, topic, { offsetReset: { timestamp: at(0) } })
      t.same(await inbox.count(2), [3, 4])
    })

    t.test('a stored offset counts, unless the log does not hold it', async (t) => {
      const topic = await world.createTopic(1)
      const [stored, lost] = [world.unique('g'), world.unique('g')]
      const write = await writer(t)
      await write(topic, [0, 1, 2, 3, 4, 5])
      await world.commit(stored, topic, 2n)
      await world.commit(lost, topic, 1n)
      await world.deleteRecords(topic, 0, 2n)
      const offsetReset = { timestamp: at(4) }
      t.same(await (await reader(t, topic, { groupId: stored, offsetReset })).count(4), [2, 3, 4, 5])
      t.same(await (await reader(t, topic, { groupId: lost, offsetReset })).count(2), [4, 5])
    })

    t.test('a partition that is added later is read from its first record', async (t) => {
      const topic = await world.createTopic(1)
      const write = await writer(t)
      await write(topic, [0, 9])
      const inbox = await reader(t, topic, { offsetReset: { timestamp: at(9) } })
      t.same(await inbox.count(1), [9])
      await world.addPartitions(topic, 2)
      // A client that has known the topic for a while may not have heard of the partition yet.
      const later = await writer(t)
      await later(topic, [1, 2], 1)
      t.same(await inbox.count(3), [9, 1, 2])
    })
  })

  const { transaction } = world
  if (transaction === undefined) return
  t.test(`${world.name}: isolation`, async (t) => {
    async function read (t: Test, topic: string, options: FaststreamOptions) {
      const app = await world.app(t, { topics: 'ignore', groupId: world.unique('g'), ...options })
      const inbox = new Inbox<unknown>()
      app.broker.subscriber(topic, (value) => { inbox.add(value) })
      await app.ready()
      return inbox
    }

    t.test('records of an aborted transaction are read with read_uncommitted, and not without', async (t) => {
      const topic = await world.createTopic(1)
      await transaction('abort', topic, ['aborted'])
      await transaction('commit', topic, ['committed'])
      const strict = await read(t, topic, {})
      t.same(await strict.count(1), ['committed'])
      const lax = await read(t, topic, { isolationLevel: 'read_uncommitted' })
      t.same(await lax.count(2), ['aborted', 'committed'])
      t.same(strict.items, ['committed'])
    })
  })
}
