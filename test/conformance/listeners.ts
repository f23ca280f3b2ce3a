import t, { type Test } from 'tap'
import type { FaststreamOptions, RebalanceListener, SubscriberOptions, TopicPartition } from '../../index.js'
import { gate, Inbox } from '../support/inbox.js'
import { eventually } from './eventually.js'
import type { World } from './world.js'

type Names = readonly string[]

const namesOf = (partitions: readonly TopicPartition[]): string => {
  return partitions.map(({ topic, partition }) => `${topic.split('-')[0]}/${partition}`).sort().join(' ')
}

/** What a rebalance listener hears, and what waits for it. */
export function listeners (world: World): void {
  t.test(`${world.name}: rebalance listeners`, async (t) => {
    /** A member whose calls and handlers are written down in their order. */
    async function member (
      t: Test,
      topics: string | Names,
      options: FaststreamOptions,
      { listener = {}, ...own }: SubscriberOptions<{}, unknown> = {},
      handle: (value: unknown) => unknown = () => {}
    ) {
      const app = await world.app(t, { topics: 'ignore', commit: { interval: 10 }, ...options })
      const heard = new Inbox<string>()
      const call = (name: keyof RebalanceListener) => async (partitions: readonly TopicPartition[]): Promise<void> => {
        heard.add(`${name} ${namesOf(partitions)}`)
        await listener[name]?.(partitions)
        heard.add(`${name} ended`)
      }
      app.broker.subscriber(topics, {
        ...own, listener: { onAssigned: call('onAssigned'), onRevoked: call('onRevoked'), onLost: call('onLost') }
      }, async (value) => {
        heard.add(`handles ${value}`)
        await handle(value)
        heard.add(`handled ${value}`)
      })
      return { app, heard }
    }

    async function write (t: Test, topic: string, ...values: readonly unknown[]): Promise<void> {
      const app = await world.app(t, { topics: 'ignore' })
      await app.ready()
      for (const value of values) await app.broker.publish(topic, value, { partition: 0 })
    }

    t.test('messages are handled when onAssigned has ended', async (t) => {
      const topic = await world.createTopic(1, world.unique('orders'))
      await write(t, topic, 1)
      const { opened, open } = gate()
      t.teardown(open)
      const { app, heard } = await member(t, topic, { groupId: world.unique('g') }, {
        listener: { onAssigned: () => opened }
      })
      await app.ready()
      t.same(await heard.count(1), ['onAssigned orders/0'])
      await eventually(async () => (app.broker.health().subscribers[0]?.lag ?? 0) === 1)
      t.same(heard.items, ['onAssigned orders/0'])
      open()
      t.same(await heard.count(4), ['onAssigned orders/0', 'onAssigned ended', 'handles 1', 'handled 1'])
    })

    t.test('a close waits for handlers, then for onRevoked, and commits what was acknowledged in it', async (t) => {
      const topic = await world.createTopic(1, world.unique('orders'))
      const groupId = world.unique('g')
      await write(t, topic, 1, 2)
      const acks: Array<() => boolean> = []
      const { app, heard } = await member(t, topic, { groupId }, {
        listener: { onRevoked: () => { for (const ack of acks) ack() } }
      })
      app.broker.subscriber(await world.createTopic(1, world.unique('other')), () => {})
      await app.ready()
      await heard.until((items) => items.includes('handled 2'))
      await app.close()
      t.same(heard.items.slice(-2), ['onRevoked orders/0', 'onRevoked ended'])
      t.same(await world.committed(groupId, topic), [2n])

      const manual = await world.app(t, { groupId, topics: 'ignore' })
      const taken = new Inbox<unknown>()
      manual.broker.subscriber(topic, {
        ackPolicy: 'MANUAL', ordering: 'none', listener: { onRevoked: () => { for (const ack of acks) ack() } }
      }, (value, message) => {
        acks.push(message.ack)
        taken.add(value)
      })
      await manual.ready()
      await write(t, topic, 3, 4)
      await taken.count(2)
      await manual.close()
      t.same(await world.committed(groupId, topic), [4n])
    })

    t.test('in a rebalance the partitions are revoked, and the shares are assigned', async (t) => {
      const topic = await world.createTopic(2, world.unique('orders'))
      const groupId = world.unique('g')
      const one = await member(t, topic, { groupId })
      await one.app.ready()
      t.same(await one.heard.count(2), ['onAssigned orders/0 orders/1', 'onAssigned ended'])
      const two = await member(t, topic, { groupId })
      await two.app.ready()
      await one.heard.until((items) => items.filter((item) => item === 'onAssigned ended').length >= 2)
      t.same(one.heard.items.slice(2, 4), ['onRevoked orders/0 orders/1', 'onRevoked ended'])
      await two.heard.until((items) => items.includes('onAssigned ended'))
      await eventually(async () => {
        const shares = [one, two].map(({ heard }) => heard.items.findLast((item) => item.startsWith('onAssigned o')))
        return shares.sort().join() === 'onAssigned orders/0,onAssigned orders/1'
      })
    })

    t.test('a rebalance waits for onRevoked, and the next owner begins behind what it acknowledged', async (t) => {
      const topic = await world.createTopic(1, world.unique('orders'))
      const groupId = world.unique('g')
      const { opened, open } = gate()
      t.teardown(open)
      const acks: Array<() => boolean> = []
      const first = await world.app(t, { groupId, topics: 'ignore' })
      const heard = new Inbox<string>()
      first.broker.subscriber(topic, {
        ackPolicy: 'MANUAL',
        ordering: 'none',
        listener: {
          async onRevoked () {
            heard.add('revoked')
            await opened
            for (const ack of acks) ack()
          }
        }
      }, (value, { ack }) => {
        acks.push(ack)
        heard.add(String(value))
      })
      await first.ready()
      await write(t, topic, 1, 2)
      await heard.count(2)
      const second = await member(t, topic, { groupId })
      const ready = second.app.ready()
      await heard.until((items) => items.includes('revoked'))
      t.same(second.heard.items, [], 'it is not assigned yet')
      open()
      await ready
      await first.close()
      await write(t, topic, 3)
      await second.heard.until((items) => items.includes('handled 3'))
      t.same(second.heard.items.filter((item) => item.startsWith('handles')), ['handles 3'])
    })

    t.test('an error in a listener ends nothing', async (t) => {
      const topic = await world.createTopic(1, world.unique('orders'))
      const groupId = world.unique('g')
      const fail = (): void => { throw new Error('of the listener') }
      const one = await member(t, topic, { groupId }, { listener: { onAssigned: fail, onRevoked: fail } })
      await one.app.ready()
      await write(t, topic, 1)
      await one.heard.until((items) => items.includes('handled 1'))
      const two = await member(t, topic, { groupId })
      await two.app.ready()
      await one.heard.until((items) => items.filter((item) => item.startsWith('onAssigned')).length >= 2)
      await one.app.close()
      await write(t, topic, 2)
      await two.heard.until((items) => items.includes('handled 2'))
      t.equal(one.app.broker.health().subscribers[0]?.state, 'closed')
    })

    t.test('a listener hears of its own topics only, also where subscribers share a group', async (t) => {
      const groupId = world.unique('g')
      const [orders, bills] = [world.unique('orders'), world.unique('bills')]
      const topics = [await world.createTopic(2, orders), await world.createTopic(1, bills)]
      const heard = new Inbox<string>()
      const app = await world.app(t, { groupId, topics: 'ignore' })
      for (const topic of topics) {
        app.broker.subscriber(topic, {
          listener: { onAssigned: (partitions) => { heard.add(namesOf(partitions)) } }
        }, () => {})
      }
      await app.ready()
      t.same([...await heard.count(2)].sort(), ['bills/0', 'orders/0 orders/1'])
    })
  })
}
