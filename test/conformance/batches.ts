import t from 'tap'
import { BatchError, type PublishBatchError } from '../../index.js'
import { gate, Inbox } from '../support/inbox.js'
import { eventually } from './eventually.js'
import type { World } from './world.js'

const upTo = (count: number) => Array.from({ length: count }, (_, i) => i)

/** What `publishBatch` promises, and what a handler of batches may rely on. */
export function batches (world: World): void {
  t.test(`${world.name}: publishing of batches`, async (t) => {
    t.test('a batch is stored in its order, and before what is published behind it', async (t) => {
      const topic = await world.createTopic(1)
      const app = await world.app(t, { topics: 'ignore', producer: { queue: { messages: 50 } } })
      await app.ready()
      const messages = Array.from({ length: 400 }, (_, i) => ({ value: i, key: `k${i}` }))
      const batch = app.broker.publishBatch(topic, messages)
      const behind = app.broker.publish(topic, 400, { wait: true })
      const places = await batch
      t.same(places.map(({ offset }) => Number(offset)), messages.map((_, i) => i))
      await behind
      const log = await world.read(topic)
      t.same(log.map(({ value }) => Number(value)), Array.from({ length: 401 }, (_, i) => i))
      const keys = log.slice(0, 400).map(({ key }) => String(key))
      t.same(keys, messages.map(({ key }) => key), 'keys stay with their values')
    })

    t.test('the error of a batch says which messages are in the log', async (t) => {
      const topic = await world.createTopic(2)
      const app = await world.app(t, { topics: 'ignore' })
      await app.ready()
      const error: PublishBatchError = await app.broker.publishBatch(topic, [
        { value: 'a', partition: 0 },
        { value: Buffer.alloc(2_000_000), partition: 0 },
        { value: 'c', partition: 5 },
        { value: 'd', partition: 1 },
        { value: 'e', partition: 0 }
      ]).then(() => t.fail('all were published'), (error) => error)
      t.match(error, { code: 'FASTSTREAM_ERR_PUBLISH_BATCH', cause: { code: 'FASTSTREAM_ERR_PUBLISH_REFUSED' } })
      t.match(error.failures[2], { code: 'FASTSTREAM_ERR_UNKNOWN_PARTITION' })
      const stored = await world.read(topic)
      t.same(stored.map(({ value }) => String(value)), ['a', 'e', 'd'])
      const [a, e, d] = stored.map(({ partition, offset }) => ({ topic, partition, offset }))
      t.same(error.published, [a, undefined, undefined, d, e])
    })
  })
  t.test(`${world.name}: handling of batches`, async (t) => {
    t.test('one call has messages of one partition in order, side by side with their values', async (t) => {
      const topic = await world.createTopic(3)
      const app = await world.app(t, { groupId: world.unique('g') })
      const inbox = new Inbox<{ partition: number, values: unknown[] }>()
      app.broker.subscriber(topic, { batch: { maxSize: 40, timeout: 50 } }, (values, { partition, messages }) => {
        const offsets = messages.map(({ offset }) => offset)
        t.same(offsets, offsets.map((_, i) => offsets[0]! + BigInt(i)))
        const seen = messages.map((message) => [message.value, message.partition, String(message.rawKey)])
        t.same(seen, values.map((value) => [value, partition, `k${String(value)}`]))
        t.ok(values.length <= 40)
        inbox.add({ partition, values })
      })
      await app.ready()
      const messages = upTo(300).map((value) => ({ value, key: `k${value}`, partition: value % 3 }))
      await app.broker.publishBatch(topic, messages)
      await inbox.until((calls) => calls.reduce((sum, { values }) => sum + values.length, 0) === 300)
      for (const partition of upTo(3)) {
        const handled = inbox.items.filter((call) => call.partition === partition).flatMap(({ values }) => values)
        t.same(handled, upTo(100).map((i) => i * 3 + partition))
      }
      t.ok(inbox.items.length < 150, `${inbox.items.length} calls`)
    })

    t.test('the time of a batch counts from its first message', async (t) => {
      const topic = await world.createTopic(1)
      const app = await world.app(t, { groupId: world.unique('g') })
      const inbox = new Inbox<unknown[]>()
      app.broker.subscriber(topic, { batch: { timeout: 300 } }, (values) => { inbox.add(values) })
      await app.ready()
      while (inbox.items.length < 2) await app.broker.publish(topic, 1)
      t.ok(inbox.items[0]!.length > 1, 'messages that follow each other do not prolong it')
    })

    t.test('BatchError settles what came before, retries that message, and hands over the rest', async (t) => {
      const topic = await world.createTopic(1)
      const groupId = world.unique('g')
      const retry = { retries: 1, delay: 1 }
      const app = await world.app(t, { groupId, retry, commit: { interval: 10 } })
      const inbox = new Inbox<unknown[]>()
      const batch = { maxSize: 5, timeout: 60_000 }
      const publish = app.broker.publisher(`${topic}.out`, { key: String })
      app.broker.subscriber(topic, { batch, publish }, (values) => {
        inbox.add(values)
        if (values.includes('bad')) throw new BatchError(values.indexOf('bad'), new Error('why'))
        return values
      })
      await app.ready()
      await app.broker.publishBatch(topic, ['a', 'b', 'bad', 'd', 'e'].map((value) => ({ value })))
      await eventually(async () => (await world.committed(groupId, topic))[0] === 5n)
      t.same(inbox.items, [['a', 'b', 'bad', 'd', 'e'], ['bad'], ['d', 'e']])
      const [dead] = await world.read(`${topic}.dlq`)
      t.match(dead, { value: Buffer.from('bad') })
      t.equal(String(dead?.headers['x-dlq-attempts']), '2')
      const out = await world.read(`${topic}.out`)
      t.same(out.map(({ key, value }) => `${key} ${value}`).sort(), ['d d', 'e e'], 'keys stay with their values')
    })

    t.test('another error repeats the batch, and invalid messages are dead letters beside it', async (t) => {
      const topic = await world.createTopic(1)
      const groupId = world.unique('g')
      const app = await world.app(t, { groupId, retry: { retries: 2, delay: 1 }, commit: { interval: 10 } })
      const inbox = new Inbox<unknown[]>()
      const schema = { value: { type: 'integer' } }
      app.broker.subscriber(topic, { batch: { maxSize: 4, timeout: 60_000 }, schema }, (values) => {
        if (inbox.items.length < 2) {
          inbox.add(values)
          throw new Error('not yet')
        }
        inbox.add(values)
      })
      await app.ready()
      await app.broker.publishBatch(topic, [1, 'two', 3, 4].map((value) => ({ value })))
      await eventually(async () => (await world.committed(groupId, topic))[0] === 4n)
      t.same(inbox.items, [[1, 3, 4], [1, 3, 4], [1, 3, 4]])
      t.same((await world.read(`${topic}.dlq`)).map(({ value }) => String(value)), ['two'])
    })

    t.test('a close waits for the call that runs, and what it has not begun is redelivered', async (t) => {
      const topic = await world.createTopic(1)
      const groupId = world.unique('g')
      const { opened, open } = gate()
      const inbox = new Inbox<unknown[]>()
      const first = await world.app(t, { groupId })
      first.broker.subscriber(topic, { batch: { maxSize: 4, timeout: 60_000 } }, async (values) => {
        inbox.add(values)
        await opened
      })
      await first.ready()
      await first.broker.publishBatch(topic, upTo(10).map((value) => ({ value })))
      await inbox.count(1)
      const closed = first.close()
      open()
      await closed
      const handled = inbox.items.flat()
      t.same(handled, upTo(handled.length))
      t.ok(handled.length === 4 || handled.length === 8, `${handled.length} of them`)
      t.same(await world.committed(groupId, topic), [BigInt(handled.length)])
      const second = await world.app(t, { groupId })
      second.broker.subscriber(topic, { batch: { timeout: 20 } }, (values) => { inbox.add(values) })
      await second.ready()
      await inbox.until((calls) => calls.flat().length >= 10)
      t.same(inbox.items.flat(), upTo(10))
    })

    t.test('the batch of a partition that is revoked is handled by its next owner', async (t) => {
      const topic = await world.createTopic(2)
      const groupId = world.unique('g')
      const inbox = new Inbox<unknown>()
      const join = async () => {
        const app = await world.app(t, { groupId, revokeDrain: 100, commit: { interval: 10 } })
        app.broker.subscriber(topic, { batch: { timeout: 20 } }, async (values, { signal }) => {
          if (values.includes('hangs') && inbox.items.length === 0) {
            inbox.add('hung')
            await new Promise((resolve) => { signal.addEventListener('abort', resolve) })
            return
          }
          for (const value of values) inbox.add(value)
        })
        await app.ready()
        return app
      }
      const first = await join()
      await first.broker.publishBatch(topic, ['hangs', 'b'].map((value) => ({ value, partition: 0 })))
      await inbox.count(1)
      await join()
      await inbox.until((items) => items.includes('hangs') && items.includes('b'))
      await eventually(async () => (await world.committed(groupId, topic))[0] === 2n)
      t.same(inbox.items.slice(0, 3), ['hung', 'hangs', 'b'])
    })
  })
}
