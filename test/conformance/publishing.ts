import t from 'tap'
import type { World } from './world.js'

/** What `publish` promises. */
export function publishing (world: World): void {
  t.test(`${world.name}: publishing`, async (t) => {
    const topic = await world.createTopic(3)
    const app = await world.app(t, { topics: 'ignore' })
    await app.ready()

    t.test('a publish resolves with topic, partition and offset, and offsets increase', async (t) => {
      const one = await app.broker.publish(topic, 'a', { partition: 2 })
      const two = await app.broker.publish(topic, 'b', { partition: 2 })
      t.same(one, { topic, partition: 2, offset: one.offset })
      t.type(one.offset, 'bigint')
      t.equal(two.offset, one.offset + 1n)
    })

    t.test('a key has the partition that it has with the Java client', async (t) => {
      // murmur2('foobar') is -790332482; without its sign bit that is 2 modulo 3.
      const expected = (-790332482 & 0x7fffffff) % 3
      t.equal((await app.broker.publish(topic, 1, { key: 'foobar' })).partition, expected)
      t.equal((await app.broker.publish(topic, 2, { key: Buffer.from('foobar') })).partition, expected)
    })

    t.test('messages without a key take turns over the partitions', async (t) => {
      const published = await Promise.all([1, 2, 3].map((value) => app.broker.publish(topic, value)))
      t.same(published.map(({ partition }) => partition).sort(), [0, 1, 2])
    })

    t.test('a partition that does not exist is an error', async (t) => {
      await t.rejects(app.broker.publish(topic, 1, { partition: 3 }), { code: 'FASTSTREAM_ERR_UNKNOWN_PARTITION' })
    })

    t.test('a topic that does not exist is an error, and is not created', async (t) => {
      const missing = world.unique('missing')
      await t.rejects(app.broker.publish(missing, 1), { code: 'FASTSTREAM_ERR_UNKNOWN_TOPIC' })
      t.equal(await world.partitions(missing), 0)
    })

    t.test('concurrent publishes of one key keep the order of their calls', async (t) => {
      const topic = await world.createTopic(3)
      await Promise.all(Array.from({ length: 500 }, (_, i) => app.broker.publish(topic, i, { key: `k${i % 5}` })))
      const log = await world.read(topic)
      t.equal(log.length, 500)
      for (let key = 0; key < 5; key++) {
        const values = log.filter((record) => String(record.key) === `k${key}`).map(({ value }) => Number(value))
        t.same(values, Array.from({ length: 100 }, (_, i) => i * 5 + key))
      }
    })

    t.test('keys and values may be null, empty, or any bytes, and stay what they are', async (t) => {
      const topic = await world.createTopic(1)
      const bytes = Buffer.from([0, 255, 128])
      await app.broker.publish(topic, null, { key: null })
      await app.broker.publish(topic, Buffer.alloc(0), { key: '' })
      await app.broker.publish(topic, bytes, { key: bytes })
      const log = await world.read(topic)
      t.same(log.map(({ key, value }) => ({ key, value })), [
        { key: null, value: null }, { key: Buffer.alloc(0), value: Buffer.alloc(0) }, { key: bytes, value: bytes }
      ])
    })

    t.test('headers may repeat, be binary or null, and have any name', async (t) => {
      const topic = await world.createTopic(1)
      const headers = JSON.parse('{ "__proto__": "p", "constructor": "c", "toString": "t" }')
      await app.broker.publish(topic, 1, { headers: { ...headers, many: ['a', Buffer.from([255]), null], été: 'ü' } })
      const [record] = await world.read(topic)
      const stored = record?.headers ?? {}
      t.same(stored['many'], [Buffer.from('a'), Buffer.from([255]), null])
      t.same(stored['été'], [Buffer.from('ü')])
      t.same(stored['constructor'], [Buffer.from('c')])
      t.same(stored['toString'], [Buffer.from('t')])
      t.equal(({} as { p?: unknown }).p, undefined)
    })

    t.test('a message says what it is and what it belongs to', async (t) => {
      const topic = await world.createTopic(1)
      await app.broker.publish(topic, { a: 1 }, { correlationId: 'c-1' })
      await app.broker.publish(topic, 'text')
      await app.broker.publish(topic, Buffer.from('bytes'))
      await app.broker.publish(topic, null)
      const log = await world.read(topic)
      t.same(log.map(({ headers }) => String(headers['content-type'])), [
        'application/json', 'text/plain', 'application/octet-stream', 'undefined'
      ])
      t.equal(String(log[0]?.headers['correlation_id']), 'c-1')
      t.match(String(log[1]?.headers['correlation_id']), /^[0-9a-f-]{36}$/)
    })

    t.test('a timestamp is kept; without one it is now', async (t) => {
      const topic = await world.createTopic(1)
      const before = Date.now()
      await app.broker.publish(topic, 1, { timestamp: new Date(1_700_000_000_000) })
      await app.broker.publish(topic, 2)
      const [one, two] = await world.read(topic)
      t.equal(one?.timestamp, 1_700_000_000_000)
      t.ok(two !== undefined && two.timestamp >= before && two.timestamp <= Date.now())
    })

    t.test('a record that is too large is refused alone, those beside it are stored', async (t) => {
      const topic = await world.createTopic(2)
      const results = await Promise.allSettled([
        app.broker.publish(topic, 'before', { partition: 0 }),
        app.broker.publish(topic, Buffer.alloc(2_000_000), { partition: 0 }),
        app.broker.publish(topic, 'beside', { partition: 1 }),
        app.broker.publish(topic, 'after', { partition: 0 })
      ])
      t.same(results.map(({ status }) => status), ['fulfilled', 'rejected', 'fulfilled', 'fulfilled'])
      t.match(results[1], { reason: { code: 'FASTSTREAM_ERR_PUBLISH_REFUSED', outcome: 'not-sent' } })
      t.same((await world.read(topic)).map(({ value }) => String(value)), ['before', 'after', 'beside'])
    })

    t.test('a value that does not match its publisher is an error with pointers, and nothing is sent', async (t) => {
      const topic = await world.createTopic(1)
      const app = await world.app(t, { topics: 'ignore' })
      const orders = app.broker.publisher(topic, {
        schema: { value: { type: 'object', properties: { total: { type: 'number' } } } }
      })
      await app.ready()
      await t.rejects(orders.publish({ total: '9' }), {
        code: 'FASTSTREAM_ERR_INVALID_MESSAGE', validation: [{ instancePath: '/total' }]
      })
      await orders.publish({ total: 9 })
      t.same((await world.read(topic)).map(({ value }) => String(value)), ['{"total":9}'])
    })

    t.test('a closed app publishes nothing', async (t) => {
      const app = await world.app(t)
      await t.rejects(app.broker.publish(topic, 1), { code: 'FASTSTREAM_ERR_NOT_READY', statusCode: 503 })
      await app.ready()
      await app.close()
      await t.rejects(app.broker.publish(topic, 1), { code: 'FASTSTREAM_ERR_NOT_READY' })
    })

    await t.test('declared topics that are missing are created, or reported, as the options say', async (t) => {
      const [topic, other] = [world.unique('made'), world.unique('made')]
      const strict = await world.app(t, { topics: 'verify', groupId: world.unique('g') })
      strict.broker.publisher(topic)
      strict.broker.subscriber(other, () => {})
      await t.rejects(async () => { await strict.ready() }, {
        code: 'FASTSTREAM_ERR_TOPICS', message: new RegExp(`${topic}, ${other}, ${other}.dlq`)
      })

      const careless = await world.app(t, { topics: 'ignore' })
      careless.broker.publisher(topic)
      await careless.ready()
      t.equal(await world.partitions(topic), 0)

      const app = await world.app(t, { topicConfig: { partitions: 2 }, groupId: world.unique('g') })
      app.broker.publisher(topic)
      app.broker.subscriber(other, () => {})
      await app.ready()
      t.same(
        [await world.partitions(topic), await world.partitions(other), await world.partitions(`${other}.dlq`)],
        [2, 2, 2]
      )
    })
  })
}
