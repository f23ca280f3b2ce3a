import t from 'tap'
import type { DeadLetter } from '../../index.js'
import { gate, Inbox } from '../support/inbox.js'
import { eventually } from './eventually.js'
import type { World } from './world.js'

/** What becomes of messages that cannot be handled. */
export function failing (world: World): void {
  t.test(`${world.name}: failing`, async (t) => {
    t.test('a handler that fails is retried, then its message goes to the dead-letter topic', async (t) => {
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
      const about = Object.fromEntries(Object.entries(dead?.headers ?? {}).map(
        ([name, [value]]) => [name, String(value)]
      ))
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

    t.test('an undecodable or invalid message is dead-lettered at once, and the next is handled', async (t) => {
      const topic = await world.createTopic(1)
      const app = await world.app(t, { groupId: world.unique('g') })
      const inbox = new Inbox<unknown>()
      app.broker.subscriber(
        topic,
        { schema: { value: { type: 'object', properties: { n: { type: 'integer' } } } } },
        (value) => { inbox.add(value) }
      )
      await app.ready()
      await app.broker.publish(topic, Buffer.from('{bad'), { headers: { 'content-type': 'application/json' } })
      await app.broker.publish(topic, { n: 'x' })
      await app.broker.publish(topic, { n: 1 })
      t.same(await inbox.count(1), [{ n: 1 }])
      const dead = await world.read(`${topic}.dlq`)
      const stages = dead.map(
        ({ value, headers }) => [String(value), String(headers['x-dlq-stage']), String(headers['x-dlq-attempts'])]
      )
      t.same(stages.sort(), [['{"n":"x"}', 'validate', '1'], ['{bad', 'deserialize', '1']])
      const invalid = dead.find(({ value }) => String(value) === '{"n":"x"}')
      t.match(JSON.parse(String(invalid?.headers['x-dlq-errors'])), [{ instancePath: '/n' }])
    })

    t.test('an invalid result dead-letters its message without another run of the handler', async (t) => {
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
      t.same(
        [dead?.headers['x-dlq-topic'], dead?.headers['x-dlq-offset'], dead?.headers['x-dlq-value-omitted']].map(String),
        [topic, '0', 'true']
      )
    })

    t.test('a subscriber of a dead-letter topic sees the failure and has a dead-letter topic itself', async (t) => {
      const [topic, groupId] = [await world.createTopic(1), world.unique('g')]
      const app = await world.app(t, {
        groupId, retry: { retries: 1, delay: 1 }, topicConfig: { partitions: 1 }, commit: { interval: 10 }
      })
      const told = new Inbox<DeadLetter | undefined>()
      app.broker.subscriber(topic, function take (_, { deadLetter }) {
        if (deadLetter !== undefined) t.fail('it is no dead letter')
        throw new TypeError('no luck')
      })
      app.broker.subscriber(`${topic}.dlq`, function takeDead (value, { deadLetter, attempt }) {
        if (attempt === 1) told.add(deadLetter)
        if (value === 'hopeless') throw new RangeError('no luck here either')
      })
      app.broker.subscriber(`${topic}.dlq.dlq`, { deadLetter: false }, (_, { deadLetter }) => {
        told.add(deadLetter)
        throw new Error('nothing comes of it')
      })
      await app.ready()
      for (const value of ['hopeless', 'good']) await app.broker.publish(topic, value, { key: 'k' })
      const first = {
        topic,
        partition: 0,
        offset: 0n,
        groupId,
        subscriber: 'take',
        stage: 'retries-exhausted',
        error: { name: 'TypeError', message: 'no luck' },
        attempts: 2,
        valueOmitted: false
      }
      const letters = await told.count(4)
      t.match(letters.filter((letter) => letter?.subscriber === 'take'), [first, { ...first, offset: 1n }])
      t.match(
        letters.find((letter) => letter?.subscriber === 'takeDead'),
        { ...first, subscriber: 'takeDead', error: { name: 'RangeError', message: 'no luck here either' } },
        'where it was first, and what failed last'
      )
      for (const [name, count] of [[topic, 2], [`${topic}.dlq`, 2], [`${topic}.dlq.dlq`, 1]] as const) {
        await eventually(async () => (await world.committed(groupId, name))[0] === BigInt(count))
        t.equal((await world.read(name)).length, count)
      }
      t.equal(await world.partitions(`${topic}.dlq.dlq.dlq`), 0)
    })

    t.test('a handler that times out sees its signal abort, and is retried only after it has ended', async (t) => {
      const topic = await world.createTopic(1)
      const app = await world.app(t, { groupId: world.unique('g'), retry: { retries: 1, delay: 1 } })
      const inbox = new Inbox<string>()
      const { opened, open } = gate()
      t.teardown(open)
      app.broker.subscriber(topic, { handlerTimeout: 50 }, async (_, { attempt, signal }) => {
        inbox.add(`${attempt} begins`)
        if (attempt === 1) await new Promise((resolve) => { signal.addEventListener('abort', resolve) })
        if (attempt === 1) inbox.add(`1 is told ${signal.reason.code}`)
        if (attempt === 1) await opened
        inbox.add(`${attempt} ends`)
      })
      await app.ready()
      await app.broker.publish(topic, 1)
      await inbox.count(2)
      await eventually(async () => app.broker.health().subscribers[0]?.partitions[0]?.late === 0n)
      setTimeout(open, 50)
      t.same(await inbox.count(5), [
        '1 begins', '1 is told FASTSTREAM_ERR_HANDLER_TIMEOUT', '1 ends', '2 begins', '2 ends'
      ])
    })

    t.test('a handler that always times out makes a dead letter, and its results are not published', async (t) => {
      const [topic, results] = [await world.createTopic(1), await world.createTopic(1)]
      const app = await world.app(t, {
        groupId: world.unique('g'), retry: { retries: 1, delay: 1 }, handlerTimeout: 20
      })
      const inbox = new Inbox<DeadLetter | undefined>()
      app.broker.subscriber(topic, { publish: app.broker.publisher(results) }, async (_, { signal }) => {
        await new Promise((resolve) => { signal.addEventListener('abort', resolve) })
        return 'too late'
      })
      app.broker.subscriber(`${topic}.dlq`, (_, { deadLetter }) => { inbox.add(deadLetter) })
      await app.ready()
      await app.broker.publish(topic, 1)
      t.match(await inbox.count(1), [{ stage: 'retries-exhausted', attempts: 2, error: { message: /20 ms/ } }])
      t.same(await world.read(results), [])
    })

    t.test('a handler that does not end before drainTimeout sees its signal abort; redelivery follows', async (t) => {
      const [topic, groupId] = [await world.createTopic(1), world.unique('g')]
      const inbox = new Inbox<string>()
      const first = await world.app(t, { groupId, drainTimeout: 50 })
      first.broker.subscriber(topic, async (_, { signal }) => {
        inbox.add('begins')
        await new Promise((resolve) => { signal.addEventListener('abort', resolve) })
        inbox.add(signal.reason.code)
      })
      await first.ready()
      await first.broker.publish(topic, 1)
      await inbox.count(1)
      await first.close()
      t.same(inbox.items, ['begins', 'FASTSTREAM_ERR_HANDLER_ABORTED'])
      const second = await world.app(t, { groupId })
      second.broker.subscriber(topic, (_, { attempt }) => { inbox.add(`again, attempt ${attempt}`) })
      await second.ready()
      t.equal((await inbox.count(3))[2], 'again, attempt 1')
      t.same(await world.read(`${topic}.dlq`), [])
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
