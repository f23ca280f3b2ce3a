import t from 'tap'
import type { Message } from '../../index.js'
import { Inbox } from '../support/inbox.js'
import type { World } from './world.js'

/** What may be in a message, up to the edges. */
export function payloads (world: World): void {
  t.test(`${world.name}: payloads`, async (t) => {
    t.test('header names may be empty, long, or no ASCII, and what is no text at all does no harm', async (t) => {
      const topic = await world.createTopic(1)
      const app = await world.app(t, { groupId: world.unique('g') })
      const inbox = new Inbox<Message>()
      app.broker.subscriber(topic, (_, message) => { inbox.add(message) })
      await app.ready()
      const long = 'n'.repeat(300)
      await app.broker.publish(topic, 1, {
        headers: {
          '': 'empty', [long]: 'long', 'naïve 🙂': 'ü', half: 'x', 'half \ud83d': 'surrogate', nothing: null, blank: ''
        }
      })
      const [message] = await inbox.count(1)
      t.match(message?.headers, { '': 'empty', [long]: 'long', 'naïve 🙂': 'ü', 'half \ufffd': 'surrogate', blank: '' })
      t.notOk('nothing' in (message?.headers ?? {}), 'null has no text')
      t.same(message?.rawHeaders.find(([name]) => name === 'nothing'), ['nothing', null])
    })

    t.test('a message may have 1000 headers, and they keep their order', async (t) => {
      const topic = await world.createTopic(1)
      const app = await world.app(t, { groupId: world.unique('g') })
      const inbox = new Inbox<Message>()
      app.broker.subscriber(topic, (_, message) => { inbox.add(message) })
      await app.ready()
      await app.broker.publish(topic, 1, {
        headers: Object.fromEntries(Array.from({ length: 1000 }, (_, i) => [`h${i}`, String(i)]))
      })
      const [message] = await inbox.count(1)
      t.same(
        message?.rawHeaders.filter(([name]) => /^h\d/.test(name)).map(([, value]) => String(value)),
        Array.from({ length: 1000 }, (_, i) => String(i))
      )
    })

    t.test('a value of 900 kB arrives byte for byte', async (t) => {
      const topic = await world.createTopic(1)
      const app = await world.app(t, { groupId: world.unique('g') })
      const inbox = new Inbox<unknown>()
      app.broker.subscriber(topic, (value) => { inbox.add(value) })
      await app.ready()
      const bytes = Buffer.from(Array.from({ length: 900_000 }, (_, i) => i * 7 % 256))
      await app.broker.publish(topic, bytes)
      const [value] = await inbox.count(1)
      t.ok(Buffer.isBuffer(value) && value.equals(bytes))
    })

    t.test('messages that are too many bytes for the memory of a partition are all handled, in order', async (t) => {
      const topic = await world.createTopic(1)
      const writer = await world.app(t, { topics: 'ignore' })
      await writer.ready()
      await Promise.all(Array.from({ length: 24 }, (_, i) => writer.broker.publish(topic, Buffer.alloc(400_000, i))))
      const app = await world.app(t, { groupId: world.unique('g'), buffer: { bytes: 1_000_000 } })
      const inbox = new Inbox<number>()
      app.broker.subscriber(topic, async (value) => {
        await new Promise((resolve) => { setImmediate(resolve) })
        inbox.add((value as Buffer)[0] as number)
      })
      await app.ready()
      t.same(await inbox.count(24), Array.from({ length: 24 }, (_, i) => i))
    })

    t.test('a tombstone is null without a schema or where the schema takes null, else a dead letter', async (t) => {
      const topics = [await world.createTopic(1), await world.createTopic(1), await world.createTopic(1)] as const
      const app = await world.app(t, { groupId: world.unique('g') })
      const inbox = new Inbox<unknown>()
      const dead = new Inbox<unknown>()
      app.broker.subscriber(topics[0], (value, { key }) => { inbox.add(['plain', value, String(key)]) })
      app.broker.subscriber(
        topics[1],
        { schema: { value: { type: ['object', 'null'] } } },
        (value, { key }) => { inbox.add(['nullable', value, String(key)]) }
      )
      app.broker.subscriber(
        topics[2], { schema: { value: { type: 'string' } } }, (value) => { inbox.add(['text', value]) }
      )
      app.broker.subscriber(`${topics[2]}.dlq`, (value, { headers, key }) => {
        dead.add([value, String(key), headers['x-dlq-stage']])
      })
      await app.ready()
      for (const topic of topics) await app.broker.publish(topic, null, { key: 'k' })
      t.same(await dead.count(1), [[null, 'k', 'validate']])
      t.same([...await inbox.count(2)].sort(), [['nullable', null, 'k'], ['plain', null, 'k']])
    })

    t.test('the content type tells what bytes are', async (t) => {
      const topic = await world.createTopic(1)
      const app = await world.app(t, { groupId: world.unique('g') })
      const inbox = new Inbox<unknown>()
      app.broker.subscriber(topic, (value) => { inbox.add(value) })
      await app.ready()
      const bytes = Buffer.from('{"a":1}')
      const types = [
        'application/json',
        'application/cloudevents+json',
        'Application/JSON; charset=utf-8',
        'text/html',
        'application/avro'
      ]
      for (const type of types) await app.broker.publish(topic, bytes, { headers: { 'content-type': type } })
      t.same(await inbox.count(5), [{ a: 1 }, { a: 1 }, { a: 1 }, '{"a":1}', bytes])
    })

    t.test('whatever JSON can say arrives as it was', async (t) => {
      const topic = await world.createTopic(1)
      const app = await world.app(t, { groupId: world.unique('g') })
      const inbox = new Inbox<unknown>()
      const values = [
        0,
        -1.5e-7,
        true,
        false,
        [],
        {},
        [[null]],
        { '': '' },
        { a: 'ü🙂\u2028\n"\\' },
        { nested: { list: [1, { b: null }] } },
        Number.MAX_SAFE_INTEGER
      ]
      app.broker.subscriber(topic, (value) => { inbox.add(value) })
      await app.ready()
      for (const value of values) await app.broker.publish(topic, value)
      t.same(await inbox.count(values.length), values)
    })

    t.test('under a schema a string is JSON, on its way out and in', async (t) => {
      const topic = await world.createTopic(1)
      const app = await world.app(t, { groupId: world.unique('g') })
      const inbox = new Inbox<unknown>()
      const publisher = app.broker.publisher(topic, { schema: { value: { type: 'string' } } })
      app.broker.subscriber(
        topic,
        { schema: { value: { type: 'string', minLength: 2 } } },
        (value, { headers }) => { inbox.add([value, headers['content-type']]) }
      )
      await app.ready()
      await publisher.publish('te"xt')
      t.same(await inbox.count(1), [['te"xt', 'application/json']])
      t.same((await world.read(topic)).map(({ value }) => String(value)), ['"te\\"xt"'])
    })

    t.test('two subscribers of one app read two topics, each under its own schema', async (t) => {
      const [numbers, words] = [await world.createTopic(1), await world.createTopic(1)]
      const app = await world.app(t, { groupId: world.unique('g') })
      const inbox = new Inbox<unknown>()
      app.broker.subscriber(
        numbers,
        { schema: { value: { type: 'object', properties: { v: { type: 'integer' } } } } },
        (value) => { inbox.add(value) }
      )
      app.broker.subscriber(
        words,
        { schema: { value: { type: 'object', properties: { v: { type: 'string' } } } } },
        (value) => { inbox.add(value) }
      )
      await app.ready()
      await app.broker.publish(numbers, { v: '1' })
      await inbox.count(1)
      await app.broker.publish(words, { v: 1 })
      t.same(await inbox.count(2), [{ v: 1 }, { v: '1' }])
    })

    await t.test('keys of any script have one partition each, whether given as text or as bytes', async (t) => {
      const topic = await world.createTopic(8)
      const app = await world.app(t, { topics: 'ignore' })
      await app.ready()
      for (const key of ['ключ', '鍵', '🔑', ' ', 'k\0k']) {
        const asText = await app.broker.publish(topic, 1, { key })
        const asBytes = await app.broker.publish(topic, 2, { key: Buffer.from(key) })
        t.equal(asText.partition, asBytes.partition)
      }
    })
  })
}
