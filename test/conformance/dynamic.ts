import t, { type Test } from 'tap'
import type { FastifyInstance } from 'fastify'
import type { FaststreamOptions } from '../../index.js'
import { Inbox } from '../support/inbox.js'
import { eventually } from './eventually.js'
import type { World } from './world.js'

/** Subscribers that are declared after ready(): they start and stop by themselves, and may be read by hand. */
export function dynamic (world: World): void {
  async function ready (t: Test, options: FaststreamOptions = {}): Promise<FastifyInstance> {
    const app = await world.app(t, { groupId: world.unique('app'), commit: { interval: 10 }, ...options })
    await app.ready()
    return app
  }
  const publish = async ({ broker }: FastifyInstance, topic: string, ...values: unknown[]): Promise<void> => {
    for (const value of values) await broker.publish(topic, value, { partition: 0 })
  }

  t.test(`${world.name}: dynamic subscribers`, async (t) => {
    t.test('a subscriber that is declared after ready() starts and stops, and no other rebalances', async (t) => {
      const [topic, other] = [await world.createTopic(1), await world.createTopic(1)]
      const app = await world.app(t, { groupId: world.unique('app'), commit: { interval: 10 } })
      const events: string[] = []
      app.broker.subscriber(other, {
        listener: { onAssigned: () => { events.push('assigned') }, onRevoked: () => { events.push('revoked') } }
      }, () => {})
      await app.ready()
      const seen = new Inbox<unknown>()
      const subscriber = app.broker.subscriber(topic, (value) => { seen.add(value) })
      t.equal(subscriber.groupId, null, 'the group of the app is not inherited')
      await publish(app, topic, 1)
      await subscriber.start()
      t.equal(app.broker.health().subscribers.length, 2)
      t.same(await seen.count(1), [1])
      await subscriber.stop()
      t.equal(app.broker.health().subscribers.length, 1)
      await publish(app, topic, 2)
      await subscriber.start()
      t.same(await seen.count(3), [1, 1, 2], 'without a group offsetReset decides each time')
      t.same(events, ['assigned'])
    })

    t.test('with a group of its own it resumes at its offset, under the same retries and dead letters', async (t) => {
      const [topic, groupId] = [await world.createTopic(1), world.unique('g')]
      const app = await ready(t)
      const seen = new Inbox<unknown>()
      const retry = { retries: 1, delay: 1 }
      const subscriber = app.broker.subscriber(topic, { groupId, retry }, (value, { attempt }) => {
        seen.add([value, attempt])
        if (value === 'bad') throw new Error('it fails')
      })
      await publish(app, topic, 'bad', 'good')
      {
        await using running = await subscriber.start()
        t.equal(running, subscriber)
        t.same(await seen.count(3), [['bad', 1], ['bad', 2], ['good', 1]])
      }
      t.same(await world.committed(groupId, topic), [2n], 'the stop commits')
      t.same((await world.read(`${topic}.dlq`)).map(({ value }) => String(value)), ['bad'])
      await publish(app, topic, 'more')
      await subscriber.start()
      t.same((await seen.count(4)).slice(3), [['more', 1]])
    })

    t.test('getOne resolves to messages in their order, and to null when none comes', async (t) => {
      const topic = await world.createTopic(1)
      const app = await ready(t)
      await using orders = await app.broker.subscriber(topic).start()
      t.equal(await orders.getOne({ timeout: 10 }), null)
      const waiting = orders.getOne({ timeout: 20_000 })
      await publish(app, topic, 1, 2, 3)
      const messages = [await waiting, await orders.getOne(), await orders.getOne()]
      t.same(messages.map((message) => [message?.value, message?.offset]), [[1, 0n], [2, 1n], [3, 2n]])
      t.same(messages.map((message) => message?.attempt), [1, 1, 1])
      t.equal(await orders.getOne({ timeout: 10 }), null)
      t.same(messages.map((message) => message?.ack()), [true, true, true])
      t.same(messages.map((message) => message?.ack()), [false, false, false])
    })

    t.test('what is not settled by hand is given again after a restart, and nothing else is', async (t) => {
      const [topic, groupId] = [await world.createTopic(1), world.unique('g')]
      const app = await ready(t)
      const orders = app.broker.subscriber(topic, { groupId })
      await publish(app, topic, 1, 2, 3, 4)
      await orders.start()
      const messages = [await orders.getOne(), await orders.getOne(), await orders.getOne()]
      messages[0]?.ack()
      messages[2]?.ack()
      await eventually(async () => (await world.committed(groupId, topic))[0] === 1n)
      await orders.stop()
      t.equal(messages[1]?.ack(), false, 'the subscriber has stopped')
      t.same(await world.committed(groupId, topic), [1n])
      await orders.start()
      const again = [await orders.getOne(), await orders.getOne()]
      t.same(again.map((message) => message?.value), [2, 4])
      t.equal(await orders.getOne({ timeout: 10 }), null)
    })

    t.test('a loop reads until the subscriber stops, and decides about each message', async (t) => {
      const [topic, groupId] = [await world.createTopic(1), world.unique('g')]
      const app = await ready(t)
      const orders = await app.broker.subscriber(topic, { groupId }).start()
      await publish(app, topic, 'again', 'bad', 'good', 'last')
      const seen: unknown[] = []
      for await (const { value, attempt, ack, nack, reject } of orders) {
        seen.push([value, attempt])
        if (value === 'last') {
          ack()
          // A retry may come later than what is behind it.
          if (seen.length === 5) break
        } else if (value === 'bad') reject('not wanted')
        else if (attempt === 1 && value === 'again') nack({ delay: 0 })
        else ack()
        if (seen.length === 5) break
      }
      t.same([...seen].sort(), [['again', 1], ['again', 2], ['bad', 1], ['good', 1], ['last', 1]])
      await eventually(async () => (await world.committed(groupId, topic))[0] === 4n)
      t.same((await world.read(`${topic}.dlq`)).map(({ value }) => String(value)), ['bad'])
      const ended = (async () => { for await (const message of orders) t.fail(String(message.value)) })()
      await orders.stop()
      await ended
    })

    t.test('a message that cannot be decoded becomes a dead letter, and the next one is handed over', async (t) => {
      const topic = await world.createTopic(1)
      const app = await world.app(t)
      // A scope has compilers when a schema is declared in time.
      app.broker.publisher(topic, { schema: { key: { type: 'null' } } })
      await app.ready()
      const schema = { headers: { type: 'object', required: ['id'] } }
      await using orders = await app.broker.subscriber(topic, { schema }).start()
      const writer = await ready(t)
      await writer.broker.publish(topic, 'without', { partition: 0 })
      await writer.broker.publish(topic, 'with', { partition: 0, headers: { id: '1' } })
      const message = await orders.getOne()
      t.equal(message?.value, 'with')
      message?.ack()
      t.equal(await orders.getOne({ timeout: 10 }), null)
      t.same((await world.read(`${topic}.dlq`)).map(({ value }) => String(value)), ['without'])
    })

    t.test('seek reads on at an offset, a time, the start and the end', async (t) => {
      const [topic, groupId] = [await world.createTopic(2), world.unique('g')]
      const app = await ready(t)
      for (const [value, ms] of [['a', 1000], ['b', 2000], ['c', 3000]] as const) {
        await app.broker.publish(topic, value, { partition: 0, timestamp: new Date(ms) })
      }
      await app.broker.publish(topic, 'other', { partition: 1, timestamp: new Date(2500) })
      await using orders = await app.broker.subscriber(topic, { groupId, ackPolicy: 'ACK_FIRST' }).start()
      const read = async (count: number): Promise<unknown[]> => {
        const values = []
        while (values.length < count) values.push((await orders.getOne())?.value)
        t.equal(await orders.getOne({ timeout: 10 }), null)
        return values.sort()
      }
      t.same(await read(4), ['a', 'b', 'c', 'other'])
      await orders.seek({ topic, partition: 0, offset: 1n })
      t.same(await read(2), ['b', 'c'], 'the other partition goes on')
      await orders.seek('start')
      t.same(await read(4), ['a', 'b', 'c', 'other'])
      await orders.seek({ timestamp: new Date(2200) })
      t.same(await read(2), ['c', 'other'])
      await orders.seek('start')
      await orders.seek('end')
      await app.broker.publish(topic, 'new', { partition: 1 })
      t.same(await read(1), ['new'])
      await eventually(async () => (await world.committed(groupId, topic)).join() === '3,2')
      await t.rejects(orders.seek({ topic, partition: 9, offset: 0n }), { code: 'FASTSTREAM_ERR_SEEK' })
    })

    t.test('a place that was sought is committed, and a message that was read before it is void', async (t) => {
      const [topic, groupId] = [await world.createTopic(1), world.unique('g')]
      const app = await ready(t)
      await publish(app, topic, 1, 2, 3)
      const orders = await app.broker.subscriber(topic, { groupId }).start()
      const first = await orders.getOne()
      await orders.seek({ topic, partition: 0, offset: 2n })
      t.equal(first?.ack(), false)
      await eventually(async () => (await world.committed(groupId, topic))[0] === 2n)
      t.equal((await orders.getOne())?.value, 3)
      await orders.stop()
      t.same(await world.committed(groupId, topic), [2n], 'that message was not settled')
    })

    t.test('an app that closes waits for the message of a loop, and for no other', async (t) => {
      const [topic, groupId] = [await world.createTopic(1), world.unique('g')]
      const app = await ready(t)
      await publish(app, topic, 1, 2)
      const orders = await app.broker.subscriber(topic, { groupId }).start()
      const values: unknown[] = []
      let closed: Promise<void> | undefined
      for await (const { value, ack } of orders) {
        values.push(value)
        closed ??= app.close()
        await new Promise(setImmediate)
        t.equal(ack(), true)
      }
      await closed
      t.same(values, [1])
      t.same(await world.committed(groupId, topic), [1n])
    })
  })
}
