import t from 'tap'
import { gate, Inbox } from '../support/inbox.js'
import { eventually } from './eventually.js'
import type { World } from './world.js'

/** An app is healthy while its messages are settled. */
export function progress (world: World): void {
  t.test(`${world.name}: progress`, async (t) => {
    t.test('a partition whose dead letters the cluster refuses is not healthy until it takes them', async (t) => {
      const topic = await world.createTopic(2)
      const app = await world.app(t, {
        groupId: world.unique('g'), topics: 'ignore', retry: { retries: 0 }, handlerTimeout: 50, stuckAfter: 100
      })
      const handled = new Inbox<unknown>()
      app.broker.subscriber(topic, (value) => {
        if (value === 'bad') throw new Error('no')
        handled.add(value)
      })
      await app.ready()
      await app.broker.publish(topic, 'bad', { partition: 0 })
      await eventually(async () => !app.broker.health().healthy)
      const [subscriber] = app.broker.health().subscribers
      t.match(subscriber, { healthy: false, state: 'reading' })
      t.same(
        subscriber?.partitions.map(
          ({ partition, stalledFor, late, stopped }) => [partition, stalledFor > 100, late, stopped]
        ).sort(),
        [[0, true, undefined, undefined], [1, false, undefined, undefined]]
      )
      await app.broker.publish(topic, 'beside it', { partition: 1 })
      t.same(await handled.count(1), ['beside it'])
      await world.createTopic(1, `${topic}.dlq`)
      await eventually(async () => app.broker.health().healthy)
      t.equal((await world.read(`${topic}.dlq`)).length, 1)
    })

    t.test('a message that fails without end is unhealthy after `stuckAfter`, a slow handler is not', async (t) => {
      const [patient, failing, slow] = [
        await world.createTopic(1), await world.createTopic(1), await world.createTopic(1)
      ]
      const app = await world.app(t, {
        groupId: world.unique('g'), ackPolicy: 'NACK_ON_ERROR', retry: { delay: 1, maxDelay: 10 }, stuckAfter: 1
      })
      const { opened, open } = gate()
      t.teardown(open)
      let isMended = false
      function fail (): void {
        if (!isMended) throw new Error('no')
      }
      app.broker.subscriber(patient, { stuckAfter: 60_000 }, fail)
      app.broker.subscriber(failing, { handlerTimeout: 100 }, fail)
      app.broker.subscriber(slow, { handlerTimeout: 60_000 }, async () => { await opened })
      await app.ready()
      for (const topic of [patient, failing, slow]) await app.broker.publish(topic, 1)
      await eventually(async () => app.broker.health().subscribers.every(
        ({ partitions }) => partitions.some(({ stalledFor }) => stalledFor > 100)
      ))
      t.same(app.broker.health().subscribers.map(({ healthy }) => healthy), [true, false, true])
      t.equal(app.broker.health().healthy, false)
      isMended = true
      await eventually(async () => app.broker.health().healthy)
    })
  })
}
