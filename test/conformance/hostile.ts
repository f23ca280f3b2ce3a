import t from 'tap'
import type { Test } from 'tap'
import type { SubscriberOptions } from '../../index.js'
import { Inbox } from '../support/inbox.js'
import type { World } from './world.js'

const json = { 'content-type': 'application/json' }

/**
 * What comes from those who mean harm, or do not know better. All of it is a dead letter, and what is behind it is
 * handled.
 */
export function hostile (world: World): void {
  t.test(`${world.name}: hostile messages`, async (t) => {
    /** An app with one subscriber. A message that is handled tells that all before it are done with. */
    async function reader (t: Test, options: SubscriberOptions<{}, unknown> = {}) {
      const topic = await world.createTopic(1)
      const app = await world.app(t, { groupId: world.unique('g'), topicConfig: { partitions: 1 } })
      const handled = new Inbox<unknown>()
      app.broker.subscriber(topic, options, (value) => { handled.add(value) })
      await app.ready()
      return { topic, app, handled, deadLetters: () => world.read(`${topic}.dlq`) }
    }

    t.test('text and JSON that are not UTF-8 become dead letters with their bytes', async (t) => {
      const { topic, app, handled, deadLetters } = await reader(t)
      const bytes = Buffer.from([34, 0xc3, 0x28, 34])
      for (const type of ['text/plain', 'application/json']) {
        await app.broker.publish(topic, bytes, { headers: { 'content-type': type } })
      }
      await app.broker.publish(topic, 'behind')
      t.same(await handled.count(1), ['behind'])
      const dead = await deadLetters()
      t.same(
        dead.map(({ value, headers }) => [value, String(headers['x-dlq-stage'])]),
        [[bytes, 'deserialize'], [bytes, 'deserialize']]
      )
    })

    t.test('JSON of 64 levels is handled, one level more is a dead letter', async (t) => {
      const { topic, app, handled, deadLetters } = await reader(t)
      const nested = (levels: number) => Buffer.from('['.repeat(levels) + ']'.repeat(levels))
      for (const levels of [65, 100_000, 64]) await app.broker.publish(topic, nested(levels), { headers: json })
      const [value] = await handled.count(1)
      t.equal(JSON.stringify(value), String(nested(64)))
      t.same((await deadLetters()).map(({ value }) => value?.length), [130, 200_000])
    })

    t.test('JSON that could change a prototype becomes a dead letter with its bytes', async (t) => {
      const { topic, app, handled, deadLetters } = await reader(t)
      const attacks = [
        '{"__proto__":{"admin":true}}',
        '{"a":[{"__proto__":1}]}',
        '{"\\u005f_proto__":{}}',
        '{"constructor":{"prototype":{"admin":true}}}'
      ]
      for (const attack of attacks) await app.broker.publish(topic, Buffer.from(attack), { headers: json })
      await app.broker.publish(topic, { constructor: 'a company' })
      t.same(await handled.count(1), [{ constructor: 'a company' }])
      t.same((await deadLetters()).map(({ value }) => String(value)), attacks)
      t.notOk('admin' in {})
    })

    t.test('an empty value is no JSON', async (t) => {
      const { topic, app, handled, deadLetters } = await reader(t)
      await app.broker.publish(topic, Buffer.alloc(0), { headers: json })
      await app.broker.publish(topic, Buffer.alloc(0), { headers: { 'content-type': 'text/plain' } })
      t.same(await handled.count(1), [''])
      t.same(
        (await deadLetters()).map(({ value, headers }) => [value, String(headers['x-dlq-stage'])]),
        [[Buffer.alloc(0), 'deserialize']]
      )
    })

    t.test('a key that does not match its schema, is no text, or is missing, makes a dead letter', async (t) => {
      const { topic, app, handled, deadLetters } = await reader(t, {
        schema: { key: { type: 'string', pattern: '^order-' } }
      })
      const keys = ['other', Buffer.from([0xff]), null, '']
      for (const key of keys) await app.broker.publish(topic, 'bad', { key })
      await app.broker.publish(topic, 'good', { key: 'order-1' })
      t.same(await handled.count(1), ['good'])
      const dead = await deadLetters()
      t.same(dead.map(({ key }) => key), [Buffer.from('other'), Buffer.from([0xff]), null, Buffer.alloc(0)])
      t.same(dead.map(({ headers }) => String(headers['x-dlq-stage'])), [
        'validate', 'deserialize', 'validate', 'validate'
      ])
    })

    t.test('headers that do not match their schema make a dead letter that keeps them', async (t) => {
      const headers = { type: 'object', required: ['tenant'], properties: { tenant: { type: 'integer' } } }
      const { topic, app, handled, deadLetters } = await reader(t, { schema: { headers } })
      await app.broker.publish(topic, 'missing')
      await app.broker.publish(topic, 'wrong', { headers: { tenant: 'none' } })
      await app.broker.publish(topic, 'last one decides', { headers: { tenant: ['1', 'none'] } })
      await app.broker.publish(topic, 'good', { headers: { tenant: ['none', '1'] } })
      t.same(await handled.count(1), ['good'])
      const dead = await deadLetters()
      t.same(dead.map(
        ({ value, headers }) => [String(value), String(headers['x-dlq-stage']), String(headers['tenant'])]
      ), [
        ['missing', 'validate', 'undefined'],
        ['wrong', 'validate', 'none'],
        ['last one decides', 'validate', '1,none']
      ])
    })

    t.test('10 000 headers are kept in a dead letter, and refused where they are asked for', async (t) => {
      const { topic, app, handled, deadLetters } = await reader(t, { schema: { headers: { type: 'object' } } })
      // Few names, because the client that reads the log for this test is slow with many.
      const many = Object.fromEntries(Array.from(
        { length: 10 }, (_, i) => [`h${i}`, Array.from({ length: 1000 }, (_, j) => `${j}`)]
      ))
      await app.broker.publish(topic, 'many', { headers: many })
      await app.broker.publish(topic, 'behind', { headers: { few: '1' } })
      t.same(await handled.count(1), ['behind'])
      const [letter] = await deadLetters()
      t.equal(String(letter?.headers['x-dlq-stage']), 'deserialize')
      t.same(Object.keys(many).map((name) => letter?.headers[name]?.map(String)), Object.values(many))
    })

    t.test('keys and values of almost a megabyte become dead letters with their bytes', async (t) => {
      const { topic, app, handled, deadLetters } = await reader(t, {
        schema: { value: { type: 'string', maxLength: 100 }, key: { type: 'string' } }
      })
      const large = (fill: number) => Buffer.alloc(2 ** 20 - 3000, fill)
      const quoted = Buffer.concat([Buffer.from('"'), large(0x78), Buffer.from('"')])
      for (const value of [large(0xff), large(0x5b), quoted]) {
        await app.broker.publish(topic, value, { key: 'k', headers: json })
      }
      await app.broker.publish(topic, 'bad', { key: large(0xff), headers: json })
      await app.broker.publish(topic, Buffer.from('"behind"'), { key: 'k', headers: json })
      t.same(await handled.count(1), ['behind'])
      const dead = await deadLetters()
      t.same(dead.map(({ headers }) => String(headers['x-dlq-stage'])), [
        'deserialize', 'deserialize', 'validate', 'deserialize'
      ])
      t.ok([large(0xff), large(0x5b), quoted].every((value, i) => dead[i]?.value?.equals(value)))
      t.ok(dead[3]?.key?.equals(large(0xff)))
    })

    t.test('a message whose key or headers leave no room for a dead letter is told by its place', async (t) => {
      const { topic, app, handled, deadLetters } = await reader(t)
      const almostAll = Buffer.alloc(2 ** 20 - 300, 'x')
      await app.broker.publish(topic, Buffer.from('{'), { key: almostAll, headers: json })
      await app.broker.publish(topic, Buffer.from('{'), { headers: { ...json, large: almostAll } })
      await app.broker.publish(topic, 'behind')
      t.same(await handled.count(1), ['behind'])
      t.same((await deadLetters()).map(
        ({ key, value, headers }) => [
          key,
          value,
          headers['large'],
          ...[
            'offset', 'value-omitted', 'key-omitted', 'headers-omitted'
          ].map((name) => String(headers[`x-dlq-${name}`]))
        ]
      ), [
        [null, null, undefined, '0', 'true', 'true', 'true'],
        [null, null, undefined, '1', 'true', 'true', 'true']
      ])
    })

    t.test('a message that is larger than `bodyLimit` is not decoded: its dead letter tells where it is', async (t) => {
      const { topic, app, handled, deadLetters } = await reader(t, { bodyLimit: 1000 })
      await app.broker.publish(topic, 'x'.repeat(2000), { key: 'k', headers: { mine: 'kept' } })
      await app.broker.publish(topic, 'small', { key: 'k'.repeat(2000) })
      await app.broker.publish(topic, 'x'.repeat(500))
      t.same(await handled.count(1), ['x'.repeat(500)])
      const dead = await deadLetters()
      t.same(dead.map(
        ({ key, value, headers }) => [
          key?.toString(),
          value,
          headers['mine']?.toString(),
          ...['stage', 'offset', 'value-omitted', 'key-omitted'].map((name) => headers[`x-dlq-${name}`]?.toString())
        ]
      ), [
        ['k', null, 'kept', 'deserialize', '0', 'true', undefined],
        [undefined, null, undefined, 'deserialize', '1', 'true', 'true']
      ])
      t.match(String(dead[0]?.headers['x-dlq-error-message']), /more than 'bodyLimit' \(1000\)/)
    })

    t.test('what a message says about itself with the names of a dead letter is not believed', async (t) => {
      const { topic, app, handled, deadLetters } = await reader(t)
      await app.broker.publish(topic, Buffer.from('{'), {
        headers: { ...json, 'x-dlq-topic': 'elsewhere', 'x-dlq-invented': 'x', mine: 'kept' }, correlationId: 'c-1'
      })
      await app.broker.publish(topic, 'behind')
      await handled.count(1)
      const [letter] = await deadLetters()
      t.same(letter?.headers['x-dlq-topic'], [Buffer.from(topic)])
      t.same(letter?.headers['x-dlq-invented'], undefined)
      t.same([letter?.headers['mine'], letter?.headers['correlation_id']], [
        [Buffer.from('kept')], [Buffer.from('c-1')]
      ])
    })

    t.test('a handler may throw anything', async (t) => {
      const topic = await world.createTopic(1)
      const app = await world.app(t, { groupId: world.unique('g'), retry: { retries: 0 } })
      const handled = new Inbox<unknown>()
      const thrown: readonly unknown[] = [undefined, null, 'text', 0, { code: 'E' }, Object.create(null)]
      app.broker.subscriber(topic, (value) => {
        if (typeof value === 'number') throw thrown[value]
        handled.add(value)
      })
      await app.ready()
      for (const index of thrown.keys()) await app.broker.publish(topic, index)
      await app.broker.publish(topic, 'behind')
      t.same(await handled.count(1), ['behind'])
      const dead = await world.read(`${topic}.dlq`)
      t.same(dead.map(({ headers }) => String(headers['x-dlq-offset'])).sort(), ['0', '1', '2', '3', '4', '5'])
    })

    t.test('a dead letter has the key of its message: those of one key stay in order', async (t) => {
      const topic = await world.createTopic(3)
      const app = await world.app(t, {
        groupId: world.unique('g'), retry: { retries: 0 }, topicConfig: { partitions: 5 }, breaker: false
      })
      const dead = new Inbox<unknown>()
      app.broker.subscriber(topic, () => { throw new Error('no') })
      app.broker.subscriber(`${topic}.dlq`, (value) => { dead.add(value) })
      await app.ready()
      await Promise.all(Array.from({ length: 60 }, (_, i) => app.broker.publish(topic, i, { key: `k${i % 6}` })))
      await dead.count(60)
      const log = await world.read(`${topic}.dlq`)
      for (const [key, of] of Array.from(
        { length: 6 }, (_, i) => [i, log.filter((record) => String(record.key) === `k${i}`)] as const
      )) {
        t.equal(new Set(of.map(({ partition }) => partition)).size, 1)
        t.same(of.map(({ value }) => Number(value)), Array.from({ length: 10 }, (_, i) => i * 6 + key))
      }
    })

    await t.test('the dead-letter topic can be chosen, by name or by the topic', async (t) => {
      const [one, two, graveyard] = [await world.createTopic(1), await world.createTopic(1), await world.createTopic(1)]
      const app = await world.app(t, {
        groupId: world.unique('g'), retry: { retries: 0 }, deadLetter: { topic: graveyard }
      })
      const dead = new Inbox<string>()
      app.broker.subscriber(one, () => { throw new Error('no') })
      app.broker.subscriber(
        two, { deadLetter: { topic: (topic) => `${topic}.failed` } }, () => { throw new Error('no') }
      )
      app.broker.subscriber(
        [graveyard, `${two}.failed`], { deadLetter: false }, (value, { topic }) => { dead.add(`${topic} ${value}`) }
      )
      await app.ready()
      await app.broker.publish(one, 1)
      await app.broker.publish(two, 2)
      t.same([...await dead.count(2)].sort(), [`${graveyard} 1`, `${two}.failed 2`].sort())
      t.equal(await world.partitions(`${one}.dlq`), 0)
    })
  })
}
