import Fastify from 'fastify'
import kafkajs from 'kafkajs'
import t from 'tap'
import type { Test } from 'tap'
import faststreamPlugin from '../../index.js'
import type { SubscriberOptions } from '../../index.js'
import { Inbox } from '../support/inbox.js'
import { longestStall, watchLoop } from '../support/stall.js'
import type { ConsumedRecord, ProducedRecord, RawHeader } from '../../lib/transport/transport.js'
import { inSeconds, openProducer } from './client.js'
import { brokers, createTopic, uniqueName } from './fixture.js'
import { createMember, withProducer } from './members.js'

const { CompressionTypes } = kafkajs
const megabyte = 2 ** 20
const room = megabyte - 1500
const json: RawHeader = ['content-type', Buffer.from('application/json')]
const headers = (count: number): RawHeader[] => [
  json, ...Array.from({ length: count }, (_, i): RawHeader => [`h${i}`, Buffer.from('v')])
]

interface Kind extends Partial<Pick<ProducedRecord, 'key' | 'headers'>> {
  readonly name: string
  readonly value?: Buffer | string
  readonly schema?: SubscriberOptions<{}, unknown>['schema']
  readonly stage?: string
  /** How much longer than others it may take. KafkaJS takes minutes for these headers. */
  readonly patience?: number
  /** By its dead letter. */
  readonly kept?: 'its bytes' | 'its place'
}

const kinds: readonly Kind[] = [
  { name: 'a megabyte of broken JSON', value: '[' + '1,'.repeat(room / 2) },
  {
    name: 'a megabyte that is UTF-8 but for its last byte',
    value: Buffer.concat([Buffer.from(`"${'é'.repeat(room / 2 - 2)}`), Buffer.from([0xff])])
  },
  { name: 'half a million levels', value: '['.repeat(room / 2) + ']'.repeat(room / 2) },
  {
    name: 'a megabyte of JSON with 65 levels at its end',
    value: `[${'[],'.repeat(300_000)}${'['.repeat(64)}${']'.repeat(64)}]`
  },
  {
    name: 'a megabyte of JSON with a poisonous key at its end', value: `[${'{"a":1},'.repeat(100_000)}{"__proto__":1}]`
  },
  { name: '10 000 headers', value: '{', headers: headers(10_000) },
  { name: '100 000 headers', value: '{', headers: headers(100_000), patience: 2 },
  {
    name: '100 000 headers, where headers are asked for',
    value: '1',
    headers: headers(100_000),
    schema: { headers: { type: 'object' } },
    patience: 2
  },
  {
    name: 'half a million empty headers',
    value: '{',
    headers: [json, ...Array.from({ length: 519_000 }, (): RawHeader => ['', Buffer.alloc(0)])],
    kept: 'its place'
  },
  { name: 'a key of a megabyte', value: '{', key: Buffer.alloc(room, 'k') },
  {
    name: 'a key of a megabyte that is no text',
    value: '1',
    key: Buffer.alloc(room, 0xff),
    schema: { key: { type: 'string', pattern: '^order-' } }
  },
  {
    name: 'a string of a megabyte that does not match',
    value: `"${'x'.repeat(room)}"`,
    schema: { value: { type: 'string', maxLength: 10, pattern: '^[a-z]*$' } },
    stage: 'validate'
  },
  {
    name: 'a list of 250 000 items that do not match',
    value: `[${'"x",'.repeat(250_000)}1]`,
    schema: { value: { anyOf: [{ const: 'behind' }, { type: 'array', items: { type: 'integer' } }] } },
    stage: 'validate'
  }
]

for (const { name, value = '1', stage = 'deserialize', schema, patience = 1, kept = 'its bytes', ...rest } of kinds) {
  t.test(`${name}: a dead letter with ${kept}, the next one is handled, the loop is not blocked`, async (t) => {
    const topic = await createTopic({ partitions: 1 })
    const producer = openProducer(t)
    const bad = {
      topic, partition: 0, key: null, value: Buffer.from(value), headers: [json], timestamp: Date.now(), ...rest
    }
    for (const record of [
      bad, { ...bad, key: Buffer.from('order-1'), value: Buffer.from('"behind"'), headers: [json] }
    ]) {
      await producer.send([record], inSeconds(10))
    }

    // Something else may be what takes the time once, hardly ever three times.
    const stalls: number[] = []
    for (let round = 0; round < 3; round++) {
      const { stall, handled } = await read(t, topic, { schema }, 1)
      stalls.push(stall)
      t.same(handled, ['behind'])
    }
    const [letter] = await deadLetters(t, topic)
    if (kept === 'its bytes') {
      t.same(
        [letter?.key, letter?.value, letter?.headers.slice(0, bad.headers.length)], [bad.key, bad.value, bad.headers]
      )
    } else {
      t.same(
        [
          letter?.key,
          letter?.value,
          ...['offset', 'headers-omitted'].map((name) => letter?.headerText?.(`x-dlq-${name}`))
        ],
        [null, null, '0', 'true']
      )
    }
    t.equal(letter?.headerText?.('x-dlq-stage'), stage)
    const limit = patience * longestStall()
    t.ok(Math.min(...stalls) < limit, `${stalls.map(Math.round)} ms, ${Math.round(limit)} are allowed`)
  })
}

for (const [name, message, letter] of [
  ['10 MiB of lists', { value: `[${'[],'.repeat(10 * megabyte / 3)}1]` }, [null, 'k']],
  ['30 MiB of objects', { value: `[${'{"a":1},'.repeat(30 * megabyte / 8)}1]` }, [null, 'k']],
  ['30 MiB that are no JSON', { value: Buffer.alloc(30 * megabyte) }, [null, 'k']],
  ['a key of 30 MiB', { key: Buffer.alloc(30 * megabyte), value: '1' }, [null, undefined]]
] as const) {
  // Partitions are given, because KafkaJS takes minutes to find one for such a key.
  t.test(`${name} of a few kilobytes: a dead letter with its origin, and the event loop is not blocked`, async (t) => {
    const topic = await createTopic({ partitions: 1 })
    await withProducer(brokers(), async (producer) => {
      await producer.send({
        topic, messages: [{ key: 'k', partition: 0, ...message }], compression: CompressionTypes.GZIP
      })
      await producer.send({ topic, messages: [{ value: '"behind"', partition: 0 }] })
    })
    const stalls: number[] = []
    for (let round = 0; round < 3; round++) {
      const { stall, handled } = await read(t, topic, {}, 1)
      stalls.push(stall)
      t.same(handled, ['behind'])
    }
    const [found] = await deadLetters(t, topic)
    t.same([found?.value, found?.key?.toString(), found?.headerText?.('x-dlq-offset')], [...letter, '0'])
    const limit = longestStall()
    t.ok(Math.min(...stalls) < limit, `${stalls.map(Math.round)} ms, ${Math.round(limit)} are allowed`)
  })
}

t.test('200 000 tiny messages of one fetch are handled, and the event loop is not blocked', async (t) => {
  const topic = await createTopic({ partitions: 1 })
  const count = 200_000
  const messages = Array.from({ length: count / 40 }, () => ({ value: '1', timestamp: '1700000000000' }))
  await withProducer(brokers(), async (producer) => {
    for (let sent = 0; sent < count; sent += messages.length) {
      await producer.send({ topic, messages, compression: CompressionTypes.GZIP })
    }
  })
  const stalls: number[] = []
  for (let round = 0; round < 3; round++) {
    const { stall, handled } = await read(t, topic, {}, count)
    stalls.push(stall)
    t.equal(handled.length, count)
  }
  // That the loop turns while they are read is shown, without a clock, where the decoder is tested.
  const limit = 2 * longestStall()
  t.ok(Math.min(...stalls) < limit, `${stalls.map(Math.round)} ms, ${Math.round(limit)} are allowed`)
})

for (const [name, message] of [
  ['a few kilobytes that inflate to 80 MiB', { value: Buffer.alloc(80 * megabyte) }],
  ['a message of a million headers', { value: '1', headers: { h: Array.from({ length: 1_000_000 }, () => '') } }]
] as const) {
  t.test(`${name}: the partition stops, the others are read, and the event loop is not blocked`, async (t) => {
    const topic = await createTopic({ partitions: 2 })
    await withProducer(
      brokers(),
      (producer) => producer.send({
        topic, messages: [{ ...message, partition: 0 }], compression: CompressionTypes.GZIP
      })
    )
    await withProducer(
      brokers(), (producer) => producer.send({ topic, messages: [{ value: '"other"', partition: 1 }] })
    )
    const { consumer, observer } = createMember(t, { topics: [topic] })
    const loop = watchLoop()
    await consumer.start()
    await observer.was('corrupt')
    await observer.has(1)
    const stall = loop.end()
    t.match(observer.corruptBatches, [{ offset: 0n, nextOffset: 1n }])
    t.same(observer.values(), ['"other"'])
    const limit = longestStall()
    t.ok(stall < limit, `${Math.round(stall)} ms, ${Math.round(limit)} are allowed`)
  })
}

/** All of a topic, in a group of its own, until `count` messages have been handled. */
async function read (t: Test, topic: string, options: SubscriberOptions<{}, unknown>, count: number) {
  const app = Fastify()
  t.teardown(() => app.close())
  await app.register(faststreamPlugin, { brokers: brokers(), groupId: uniqueName('g'), topicConfig: { partitions: 1 } })
  const handled = new Inbox<unknown>()
  app.broker.subscriber(topic, options, (value) => { handled.add(value) })
  const loop = watchLoop()
  await app.ready()
  await handled.count(count)
  const stall = loop.end()
  await app.close()
  return { stall, handled: handled.items }
}

async function deadLetters (t: Test, topic: string): Promise<readonly ConsumedRecord[]> {
  const { consumer, observer } = createMember(t, { topics: [`${topic}.dlq`] })
  const letters = new Inbox<ConsumedRecord>()
  observer.onRecords = (_topic, _partition, records) => { for (const record of records) letters.add(record) }
  await consumer.start()
  return await letters.count(1)
}
