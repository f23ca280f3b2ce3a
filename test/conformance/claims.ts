import { Type } from '@sinclair/typebox'
import t from 'tap'
import type { DeadLetter } from '../../index.js'
import { encodeOffsetMap } from '../../lib/consume/group/offset-map.js'
import { hear } from '../support/hear.js'
import { Inbox } from '../support/inbox.js'
import type { World } from './world.js'

/** Headers that any sender can write. */
function deadLetterOf (topic: string): Record<string, string> {
  return {
    'x-dlq-topic': topic, 'x-dlq-partition': '0', 'x-dlq-offset': '7', 'x-dlq-timestamp': '1', 'x-dlq-stage': 'validate'
  }
}

/** What headers and commit metadata say about a message is believed only where it can be true. */
export function claims (world: World): void {
  t.test(`${world.name}: claims`, async (t) => {
    t.test('a content type of bytes does not make a message match a schema', async (t) => {
      const [open, bytes] = [await world.createTopic(1), await world.createTopic(1)]
      const app = await world.app(t, { groupId: world.unique('g'), topicConfig: { partitions: 1 } })
      const handled = new Inbox<unknown>()
      app.broker.subscriber(open, { schema: { value: { required: ['id'] } } }, (value) => { handled.add(value) })
      app.broker.subscriber(bytes, { schema: { value: Type.Uint8Array() } }, (value) => { handled.add(value) })
      await app.ready()
      const attack = Buffer.from('{}')
      for (const type of ['application/octet-stream', 'image/png', '']) {
        await app.broker.publish(open, attack, { headers: { 'content-type': type } })
      }
      await app.broker.publish(open, { id: 'a' })
      await app.broker.publish(bytes, attack)
      t.same(new Set(await handled.count(2)), new Set([{ id: 'a' }, attack]))
      const dead = await world.read(`${open}.dlq`)
      t.same(dead.map(({ value, headers }) => [value, String(headers['x-dlq-stage'])]), [
        [attack, 'validate'], [attack, 'validate'], [attack, 'validate']
      ])
    })

    t.test('the headers of a dead letter are believed only where dead letters of that topic go', async (t) => {
      const [topic, other, graveyard] = [
        await world.createTopic(1), await world.createTopic(1), await world.createTopic(1)
      ]
      const [dead, deader] = [`${topic}.dlq`, `${topic}.dlq.dlq`]
      const app = await world.app(t, {
        groupId: world.unique('g'), topicConfig: { partitions: 1 }, retry: { retries: 0 }
      })
      const seen = new Inbox<[topic: string, value: unknown, deadLetter: DeadLetter | undefined]>()
      app.broker.subscriber([topic, dead], (value, { topic, deadLetter }) => {
        seen.add([topic, value, deadLetter])
        if (value === 'fails') throw new Error('no')
      })
      app.broker.subscriber(deader, (value, { deadLetter }) => { seen.add([deader, value, deadLetter]) })
      app.broker.subscriber(other, { deadLetter: { topic: graveyard } }, () => {})
      app.broker.subscriber(graveyard, { deadLetter: false }, (value, { deadLetter }) => {
        seen.add([graveyard, value, deadLetter])
      })
      await app.ready()
      await app.broker.publish(topic, 'fails')
      for (const [at, origin] of [
        [topic, topic],
        [topic, other],
        [dead, other],
        [dead, topic],
        [deader, topic],
        [graveyard, other],
        [graveyard, 'no topic']
      ] as const) {
        await app.broker.publish(at, `of ${origin}`, { headers: deadLetterOf(origin) })
      }
      const messages = await seen.count(10)
      const told = messages.map(([at, value, deadLetter]) => [at, value, deadLetter?.topic] as const).sort()
      t.same(told, [
        [topic, 'fails', undefined],
        [dead, 'fails', topic],
        [deader, 'fails', topic],
        [topic, `of ${topic}`, undefined],
        [topic, `of ${other}`, undefined],
        [dead, `of ${other}`, undefined],
        [dead, `of ${topic}`, topic],
        [deader, `of ${topic}`, topic],
        [graveyard, `of ${other}`, other],
        [graveyard, 'of no topic', undefined]
      ].sort())
    })

    t.test('an app that only reads dead letters knows them by the option `deadLetter`', async (t) => {
      const [origin, named, elsewhere] = [
        world.unique('origin'), await world.createTopic(1), await world.createTopic(1)
      ]
      const app = await world.app(t, {
        groupId: world.unique('g'), deadLetter: { topic: (topic) => topic === origin ? named : `${topic}.dlq` }
      })
      const seen = new Inbox<unknown>()
      app.broker.subscriber(
        [named, elsewhere],
        { deadLetter: false },
        (_, { topic, deadLetter }) => { seen.add([topic, deadLetter?.topic]) }
      )
      await app.ready()
      for (const topic of [named, elsewhere]) await app.broker.publish(topic, 1, { headers: deadLetterOf(origin) })
      t.same(new Set(await seen.count(2)), new Set([[named, origin], [elsewhere, undefined]]))
    })

    t.test('metadata of a commit leaves messages out and tells how many, unless it says what cannot be', async (t) => {
      const writer = await world.app(t, { groupId: null, topics: 'ignore' })
      await writer.ready()
      const cases = [
        [5, [1, 3], 2], [20, Array.from({ length: 30 }, (_, i) => 1 + i), undefined], [20, [1, 40], undefined]
      ] as const
      for (const [count, ahead, left] of cases) {
        const [topic, groupId] = [await world.createTopic(1), world.unique('g')]
        for (let i = 0; i < count; i++) await writer.broker.publish(topic, i)
        const [first] = await world.read(topic)
        await world.commit(
          groupId, topic, 0n, encodeOffsetMap({ offset: 0n, timestamp: first!.timestamp }, ahead.map(BigInt))
        )
        const leftOut = hear(t, 'faststream.message.left-out')
        const app = await world.app(t, { groupId })
        const handled = new Inbox<unknown>()
        app.broker.subscriber(topic, (value) => { handled.add(value) })
        await app.ready()
        await app.broker.publish(topic, count)
        const numbers = Array.from({ length: count + 1 }, (_, i) => i)
        const rest = left === undefined ? numbers : numbers.filter((i) => !ahead.some((each) => each === i))
        t.same(await handled.count(rest.length), rest)
        const { name: broker, id: brokerId } = app.broker
        const event = { broker, brokerId, groupId, topic, partition: 0, offset: 0n, count: left }
        t.same(leftOut.filter((each) => each.groupId === groupId), left === undefined ? [] : [event])
      }
    })
  })
}
