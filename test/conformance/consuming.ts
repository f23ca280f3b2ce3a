import t from 'tap'
import { response, type Message } from '../../index.js'
import { gate, Inbox } from '../support/inbox.js'
import type { World } from './world.js'

/** What a handler sees, in which order, and what becomes of what it returns. */
export function consuming (world: World): void {
  t.test(`${world.name}: consuming`, async (t) => {
    t.test('a handler sees the value and everything else about its message', async (t) => {
      const topic = await world.createTopic(1)
      const app = await world.app(t, { groupId: world.unique('g') })
      const inbox = new Inbox<Message>()
      app.broker.subscriber(topic, (_, message) => { inbox.add(message) })
      await app.ready()
      await app.broker.publish(topic, { a: 1 }, {
        key: 'k',
        headers: { tenant: 'x', many: ['1', '2'] },
        timestamp: new Date(1_700_000_000_000),
        correlationId: 'c-1'
      })
      const [message] = await inbox.count(1)
      t.match(message, {
        topic,
        partition: 0,
        offset: 0n,
        value: { a: 1 },
        key: Buffer.from('k'),
        rawKey: Buffer.from('k'),
        attempt: 1,
        correlationId: 'c-1'
      })
      t.equal(message?.timestamp?.getTime(), 1_700_000_000_000)
      t.match(message?.headers, { tenant: 'x', many: '2', 'content-type': 'application/json' })
      t.same(message?.rawHeaders.filter(([name]) => name === 'many'), [
        ['many', Buffer.from('1')], ['many', Buffer.from('2')]
      ])
    })

    t.test('null and empty values and keys arrive as what they are, text as text, bytes as bytes', async (t) => {
      const topic = await world.createTopic(1)
      const app = await world.app(t, { groupId: world.unique('g') })
      const inbox = new Inbox<unknown>()
      app.broker.subscriber(topic, (value, { key }) => { inbox.add([value, key]) })
      await app.ready()
      await app.broker.publish(topic, null, { key: null })
      await app.broker.publish(topic, Buffer.alloc(0), { key: '' })
      await app.broker.publish(topic, 'text', { key: 'k' })
      await app.broker.publish(topic, Buffer.from([255]))
      t.same(await inbox.count(4), [
        [null, null], [Buffer.alloc(0), Buffer.alloc(0)], ['text', Buffer.from('k')], [Buffer.from([255]), null]
      ])
    })

    t.test('names like __proto__ are harmless', async (t) => {
      const topic = await world.createTopic(1)
      const app = await world.app(t, { groupId: world.unique('g') })
      const inbox = new Inbox<Message>()
      app.broker.subscriber(topic, (_, message) => { inbox.add(message) })
      await app.ready()
      await app.broker.publish(topic, 1, { headers: JSON.parse('{ "__proto__": "p", "toString": "t" }') })
      const [message] = await inbox.count(1)
      t.same(Object.keys(message?.headers ?? {}).sort(), ['__proto__', 'content-type', 'correlation_id', 'toString'])
      t.equal(message?.headers['toString'], 't')
    })

    t.test('a new group starts at the beginning', async (t) => {
      const topic = await world.createTopic(1)
      const app = await world.app(t, { groupId: world.unique('g') })
      const inbox = new Inbox<unknown>()
      const earlier = await world.app(t)
      await earlier.ready()
      await earlier.broker.publish(topic, 'earlier')
      app.broker.subscriber(topic, (value) => { inbox.add(value) })
      await app.ready()
      t.same(await inbox.count(1), ['earlier'])
    })

    t.test('no message is handled before every onReady hook is done', async (t) => {
      const topic = await world.createTopic(1)
      const earlier = await world.app(t)
      await earlier.ready()
      await earlier.broker.publish(topic, 1)
      const app = await world.app(t, { groupId: world.unique('g') })
      const order: string[] = []
      const inbox = new Inbox<unknown>()
      const { opened, open } = gate()
      app.broker.subscriber(topic, (value) => { order.push('handled'); inbox.add(value) })
      app.addHook('onReady', async () => { setImmediate(open); await opened; order.push('ready') })
      await app.ready()
      await inbox.count(1)
      t.same(order, ['ready', 'handled'])
    })

    t.test('messages of a partition are handled one after the other, in order', async (t) => {
      const topic = await world.createTopic(3)
      const app = await world.app(t, { groupId: world.unique('g') })
      const inbox = new Inbox<{ partition: number, value: unknown }>()
      const running = new Set<number>()
      let overlaps = 0
      app.broker.subscriber(topic, async (value, { partition }) => {
        if (running.has(partition)) overlaps++
        running.add(partition)
        await new Promise((resolve) => { setImmediate(resolve) })
        running.delete(partition)
        inbox.add({ partition, value })
      })
      await app.ready()
      await Promise.all(Array.from({ length: 300 }, (_, i) => app.broker.publish(topic, i, { partition: i % 3 })))
      const seen = await inbox.count(300)
      t.equal(overlaps, 0)
      for (const partition of [0, 1, 2]) {
        t.same(
          seen.filter((each) => each.partition === partition).map(({ value }) => value),
          Array.from({ length: 100 }, (_, i) => i * 3 + partition)
        )
      }
    })

    t.test('partitions are handled side by side, no more than the concurrency', async (t) => {
      const topic = await world.createTopic(3)
      const app = await world.app(t, { groupId: world.unique('g') })
      const inbox = new Inbox<number>()
      const { opened, open } = gate()
      app.broker.subscriber(
        topic, { concurrency: 2 }, async (_, { partition }) => { inbox.add(partition); await opened }
      )
      await app.ready()
      for (const partition of [0, 1, 2]) await app.broker.publish(topic, 1, { partition })
      t.equal((await inbox.count(2)).length, 2)
      open()
      t.same([...await inbox.count(3)].sort(), [0, 1, 2])
    })

    t.test('one subscriber may have several topics', async (t) => {
      const topics = [await world.createTopic(1), await world.createTopic(2)]
      const app = await world.app(t, { groupId: world.unique('g') })
      const inbox = new Inbox<string>()
      app.broker.subscriber(topics, (_, { topic }) => { inbox.add(topic) })
      await app.ready()
      for (const topic of topics) await app.broker.publish(topic, 1)
      t.same([...await inbox.count(2)].sort(), [...topics].sort())
    })

    t.test('more messages than a partition may hold in memory are all handled', async (t) => {
      const topic = await world.createTopic(1)
      const app = await world.app(t, { groupId: world.unique('g'), buffer: { messages: 10 } })
      const inbox = new Inbox<unknown>()
      app.broker.subscriber(topic, async (value) => {
        await new Promise((resolve) => { setImmediate(resolve) })
        inbox.add(value)
      })
      await app.ready()
      const numbers = Array.from({ length: 1000 }, (_, i) => i)
      await Promise.all(numbers.map((i) => app.broker.publish(topic, i)))
      t.same(await inbox.count(1000), numbers)
    })

    t.test('what a handler returns is published, with its key and its correlation id', async (t) => {
      const [topic, results] = [await world.createTopic(1), await world.createTopic(1)]
      const app = await world.app(t, { groupId: world.unique('g') })
      const inbox = new Inbox<unknown>()
      const publisher = app.broker.publisher(results, { key: (value) => `key-${value}` })
      app.broker.subscriber(topic, { publish: publisher }, (value) => {
        if (value === 'nothing') return undefined
        if (value === 'tombstone') return response(null, { key: 'gone' })
        return value === 'response' ? response('r', { headers: { a: 'b' } }) : 'plain'
      })
      app.broker.subscriber(results, (value, { rawKey, headers, correlationId }) => {
        inbox.add([value, String(rawKey), headers['a'], correlationId])
      })
      await app.ready()
      for (const value of ['nothing', 'tombstone', 'response', 'plain']) {
        await app.broker.publish(topic, value, { correlationId: `c-${value}` })
      }
      t.same(await inbox.count(3), [
        [null, 'gone', undefined, 'c-tombstone'],
        ['r', 'key-r', 'b', 'c-response'],
        ['plain', 'key-plain', undefined, 'c-plain']
      ])
    })

    t.test('what a handler publishes itself carries the correlation id on, and so does a route', async (t) => {
      const [topic, results] = [await world.createTopic(1), await world.createTopic(1)]
      const app = await world.app(t, {
        groupId: world.unique('g'), correlationId: (request) => `http-${request.headers['x-id']}`
      })
      const inbox = new Inbox<string>()
      app.broker.subscriber(topic, async (value, { broker }) => { await broker.publish(results, value) })
      app.broker.subscriber(results, (_, { correlationId }) => { inbox.add(correlationId) })
      app.post('/', async (request) => { await request.broker.publish(topic, 1) })
      await app.inject({ method: 'POST', url: '/', headers: { 'x-id': '7' } })
      t.same(await inbox.count(1), ['http-7'])
    })

    await t.test('values, keys and headers are validated and coerced', async (t) => {
      const topic = await world.createTopic(1)
      const app = await world.app(t, { groupId: world.unique('g') })
      const inbox = new Inbox<unknown>()
      const schema = {
        value: { type: 'object', properties: { n: { type: 'integer' }, d: { type: 'string', default: 'x' } } },
        key: { type: 'string', minLength: 1 },
        headers: { type: 'object', properties: { attempt: { type: 'integer' } } }
      }
      app.broker.subscriber(topic, { schema }, (value, { key, headers }) => {
        inbox.add([value, key, (headers as { attempt: number }).attempt])
      })
      await app.ready()
      await app.broker.publish(topic, { n: '3' }, { key: 'k', headers: { attempt: '2' } })
      t.same(await inbox.count(1), [[{ n: 3, d: 'x' }, 'k', 2]])
    })
  })
}
