import t from 'tap'
import { StopConsume } from '../../index.js'
import { Inbox } from '../support/inbox.js'
import { eventually } from './eventually.js'
import type { World } from './world.js'

/** A handler that stops its subscriber: what becomes of its group, its partitions and its message. */
export function stopping (world: World): void {
  t.test(`${world.name}: stopping`, async (t) => {
    t.test('a subscriber that stops leaves its group when it is the only one in it', async (t) => {
      const [topic, groupId] = [await world.createTopic(2), world.unique('g')]
      const inbox = new Inbox<string>()
      const first = await world.app(t, { groupId })
      first.broker.subscriber(topic, (value) => {
        if (value === 'stop') throw new StopConsume()
        inbox.add(`first ${value}`)
      })
      await first.ready()
      for (const partition of [0, 1]) await first.broker.publish(topic, 'before', { partition })
      await inbox.count(2)
      const second = await world.app(t, { groupId })
      second.broker.subscriber(topic, (value, { partition, attempt }) => {
        inbox.add(`second ${value} ${partition} ${attempt}`)
      })
      for (const partition of [0, 1]) {
        for (const value of ['stop', 'behind it']) await first.broker.publish(topic, value, { partition })
      }
      await eventually(async () => first.broker.health().subscribers[0]?.state === 'stopped')
      t.equal(first.broker.health().healthy, false)
      await second.ready()
      t.same(
        [...await inbox.count(6)].sort(),
        [
          'first before',
          'first before',
          ...['behind it', 'stop'].flatMap((value) => [0, 1].map((partition) => `second ${value} ${partition} 1`))
        ].sort()
      )
      t.same(await world.read(`${topic}.dlq`), [])
    })

    t.test('a subscriber that stops blocks no other one of its group, and its message is redelivered', async (t) => {
      const [topic, other, groupId] = [await world.createTopic(1), await world.createTopic(1), world.unique('g')]
      const inbox = new Inbox<string>()
      const first = await world.app(t, { groupId, commit: { interval: 10 }, retry: { delay: 1, maxDelay: 5 } })
      let runsAfter = 0
      let stopped = false
      first.broker.subscriber(topic, { ordering: 'key', concurrency: 1 }, function stops (value) {
        if (stopped) runsAfter++
        if (value === 'tried again') throw new Error('no')
        if (value === 'stop') { stopped = true; throw new StopConsume() }
        inbox.add(`${value}`)
      })
      first.broker.subscriber(other, function flows (value) { inbox.add(`other ${value}`) })
      await first.ready()
      await Promise.all(['before', 'tried again', 'stop', 'behind it'].map(
        (value) => first.broker.publish(topic, value, { key: value })
      ))
      const states = () => first.broker.health().subscribers.map(({ name, state }) => `${name} ${state}`).join()
      await eventually(async () => states() === 'stops stopped,flows reading')
      const ran = runsAfter
      for (const n of [1, 2, 3]) await first.broker.publish(other, n)
      t.same(
        [...await inbox.until((items) => items.includes('other 3'))].filter((item) => item.startsWith('other')),
        ['other 1', 'other 2', 'other 3']
      )
      await eventually(async () => (await world.committed(groupId, other))[0] === 3n)
      t.ok(runsAfter - ran <= 1, 'what waited for its next try is not tried again')
      t.notOk(inbox.items.includes('behind it'))
      await first.close()
      t.same(await world.committed(groupId, topic), [1n])

      const second = await world.app(t, { groupId })
      const again = new Inbox<string>()
      second.broker.subscriber(topic, (value, { attempt }) => { again.add(`${value} ${attempt}`) })
      second.broker.subscriber(other, () => {})
      await second.ready()
      t.same((await again.count(3)), ['tried again 1', 'stop 1', 'behind it 1'])
    })

    await t.test('a handler that has decided may stop its subscriber, too', async (t) => {
      const groupId = world.unique('g')
      for (const [ackPolicy, expected] of [
        ['ACK_FIRST', 2n], ['ACK', 2n], ['NACK_ON_ERROR', 2n], ['MANUAL', 2n]
      ] as const) {
        const topic = await world.createTopic(1)
        const inbox = new Inbox<unknown>()
        const app = await world.app(t, { groupId: `${groupId}-${ackPolicy}`, ackPolicy, concurrency: 1 })
        app.broker.subscriber(topic, (value, message) => {
          inbox.add(value)
          message.ack()
          if (value === 2) throw new StopConsume()
        })
        await app.ready()
        for (const n of [1, 2, 3]) await app.broker.publish(topic, n)
        await eventually(async () => app.broker.health().subscribers[0]?.state === 'stopped')
        await app.close()
        t.same(inbox.items, [1, 2], ackPolicy)
        t.same(await world.committed(`${groupId}-${ackPolicy}`, topic), [expected], ackPolicy)
      }
    })
  })
}
