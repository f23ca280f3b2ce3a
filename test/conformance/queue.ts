import t from 'tap'
import { hear } from '../support/hear.js'
import { eventually } from './eventually.js'
import type { World } from './world.js'

/** What publishes without confirmation and publishes that wait for room promise. */
export function queue (world: World): void {
  t.test(`${world.name}: the queue of the producer`, async (t) => {
    t.test('what is published without confirmation is stored in the order of the calls, also by a close', async (t) => {
      const topic = await world.createTopic(1)
      const app = await world.app(t, { topics: 'ignore' })
      await app.ready()
      for (let i = 0; i < 300; i++) await app.broker.publish(topic, i, { noConfirm: true })
      await app.close()
      t.same((await world.read(topic)).map(({ value }) => Number(value)), Array.from({ length: 300 }, (_, i) => i))
    })

    t.test('what fails without confirmation is told, and what is around it is stored', async (t) => {
      const failed = hear(t, 'faststream.message.publish-failed')
      const topic = await world.createTopic(1)
      const app = await world.app(t, { topics: 'ignore' })
      await app.ready()
      await app.broker.publish(topic, 'before', { noConfirm: true })
      await app.broker.publish(topic, Buffer.alloc(2_000_000), { noConfirm: true })
      await app.broker.publish(topic, 'after')
      await eventually(async () => failed.some((event) => event.topic === topic))
      t.match(failed.filter((event) => event.topic === topic), [{ error: { code: 'FASTSTREAM_ERR_PUBLISH_REFUSED' } }])
      t.same((await world.read(topic)).map(({ value }) => String(value)), ['before', 'after'])
    })

    t.test('publishes that wait for room in a small queue are stored in the order of the calls', async (t) => {
      const topic = await world.createTopic(1)
      const app = await world.app(t, { topics: 'ignore', producer: { queue: { messages: 3 } } })
      await app.ready()
      const waiting = Array.from({ length: 50 }, (_, i) => app.broker.publish(topic, i, { wait: true }))
      await t.rejects(app.broker.publish(topic, 'late'), { code: 'FASTSTREAM_ERR_PUBLISH_QUEUE_FULL' })
      const stored = await Promise.all(waiting)
      t.same(stored.map(({ offset }) => Number(offset)), Array.from({ length: 50 }, (_, i) => i))
      t.same((await world.read(topic)).map(({ value }) => Number(value)), Array.from({ length: 50 }, (_, i) => i))
    })
  })
}
