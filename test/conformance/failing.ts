import t from 'tap'
import { Inbox } from '../fixtures/inbox.js'
import type { World } from './world.js'

/** What becomes of messages that cannot be handled. */
export function failing (world: World): void {
  t.test(`${world.name}: failing`, async (t) => {
    t.test('a handler that fails is run again, then the message goes to the dead-letter topic as it came', async (t) => {
      const topic = await world.createTopic(1)
      const groupId = world.unique('g')
      const app = await world.app(t, { groupId, retry: { retries: 2, delay: 1 } })
      const attempts: number[] = []
      const inbox = new Inbox<string>()
      app.broker.subscriber(topic, function take (value, { attempt }) {
        if (value === 'good') return inbox.add('good')
        attempts.push(attempt)
        throw new TypeError('no luck')
      })
      app.broker.subscriber(`${topic}.dlq`, () => { inbox.add('dead') })
      await app.ready()
      await app.broker.publish(topic, 'bad', { key: 'k', headers: { many: ['a', Buffer.from([255]), null] } })
      await app.broker.publish(topic, 'good')
      await inbox.count(2)
      t.same(attempts, [1, 2, 3])
      t.same([...inbox.items].sort(), ['dead', 'good'], 'what came behind it is handled')
      const [dead] = await world.read(`${topic}.dlq`)
      t.match(dead, { key: Buffer.from('k'), value: Buffer.from('bad') })
      t.same(dead?.headers['many'], [Buffer.from('a'), Buffer.from([255]), null])
      const about = Object.fromEntries(Object.entries(dead?.headers ?? {}).map(([name, [value]]) => [name, String(value)]))
      t.match(about, {
        'x-dlq-topic': topic,
        'x-dlq-partition': '0',
        'x-dlq-offset': '0',
        'x-dlq-group': groupId,
        'x-dlq-subscriber': 'take',
        'x-dlq-stage': 'retries-exhausted',
        'x-dlq-error-class': 'TypeError',
        'x-dlq-error-message': 'no luck',
        'x-dlq-attempts': '3'
      })
    })

    t.test('a handler that succeeds at last is no failure', async (t) => {
      const topic = await world.createTopic(1)
      const app = await world.app(t, { groupId: world.unique('g'), retry: { delay: 1 } })
      const inbox = new Inbox<number>()
      app.broker.subscriber(topic, (_, { attempt }) => {
        if (attempt < 3) throw new Error('not yet')
        inbox.add(attempt)
      })
      await app.ready()
      await app.broker.publish(topic, 1)
      t.same(await inbox.count(1), [3])
      t.same(await world.read(`${topic}.dlq`), [])
    })

    t.test('what cannot be decoded or is invalid goes to the dead-letter topic at once, what is behind it is handled', async (t) => {
      const topic = await world.createTopic(1)
      const app = await world.app(t, { groupId: world.unique('g') })
      const inbox = new Inbox<unknown>()
      app.broker.subscriber(topic, { schema: { value: { type: 'object', properties: { n: { type: 'integer' } } } } }, (value) => { inbox.add(value) })
      await app.ready()
      await app.broker.publish(topic, Buffer.from('{bad'), { headers: { 'content-type': 'application/json' } })
      await app.broker.publish(topic, { n: 'x' })
      await app.broker.publish(topic, { n: 1 })
      t.same(await inbox.count(1), [{ n: 1 }])
      const dead = await world.read(`${topic}.dlq`)
      const stages = dead.map(({ value, headers }) => [String(value), String(headers['x-dlq-stage']), String(headers['x-dlq-attempts'])])
      t.same(stages.sort(), [['{"n":"x"}', 'validate', '1'], ['{bad', 'deserialize', '1']])
      const invalid = dead.find(({ value }) => String(value) === '{"n":"x"}')
      t.match(JSON.parse(String(invalid?.headers['x-dlq-errors'])), [{ instancePath: '/n' }])
    })

    t.test('a result that does not match its publisher makes its message a dead letter, and the handler is not run again', async (t) => {
      const [topic, results] = [await world.createTopic(1), await world.createTopic(1)]
      const app = await world.app(t, { groupId: world.unique('g') })
      const inbox = new Inbox<unknown>()
      let handled = 0
      const publisher = app.broker.publisher(results, { schema: { value: { type: 'number' } } })
      app.broker.subscriber(topic, { publish: publisher }, () => { handled++; return 'text' })
      app.broker.subscriber(`${topic}.dlq`, (_, { headers }) => { inbox.add(headers['x-dlq-stage']) })
      await app.ready()
      await app.broker.publish(topic, 1)
      t.same(await inbox.count(1), ['publish'])
      t.equal(handled, 1)
      t.same(await world.read(results), [])
    })

    t.test('a dead letter that would be too large says less, and holds nothing up', async (t) => {
      const topic = await world.createTopic(1)
      const app = await world.app(t, { groupId: world.unique('g'), retry: { retries: 0 } })
      const inbox = new Inbox<unknown>()
      app.broker.subscriber(topic, (value) => {
        if (Buffer.isBuffer(value)) throw new Error('no')
        inbox.add(value)
      })
      await app.ready()
      await app.broker.publish(topic, Buffer.alloc(1_048_300), { key: 'k' })
      await app.broker.publish(topic, 'behind')
      t.same(await inbox.count(1), ['behind'])
      const [dead] = await world.read(`${topic}.dlq`)
      t.equal(String(dead?.key), 'k')
      t.equal(dead?.value === null, true, 'a reference is left: topic, partition, offset')
      t.same([dead?.headers['x-dlq-topic'], dead?.headers['x-dlq-offset'], dead?.headers['x-dlq-value-omitted']].map(String), [topic, '0', 'true'])
    })

    await t.test('with deadLetter: false the message is skipped', async (t) => {
      const topic = await world.createTopic(1)
      const app = await world.app(t, { groupId: world.unique('g'), deadLetter: false, retry: { retries: 0 } })
      const inbox = new Inbox<unknown>()
      app.broker.subscriber(topic, (value) => {
        if (value === 'bad') throw new Error('no')
        inbox.add(value)
      })
      await app.ready()
      await app.broker.publish(topic, 'bad')
      await app.broker.publish(topic, 'good')
      t.same(await inbox.count(1), ['good'])
      t.equal(await world.partitions(`${topic}.dlq`), 0)
    })
  })
}
