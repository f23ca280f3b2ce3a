import { Type } from '@sinclair/typebox'
import t, { type Test } from 'tap'
import {
  NackMessage, RejectMessage, SkipMessage, StopConsume, type Codec, type FaststreamOptions
} from '../../index.js'
import { testBroker } from '../../lib/testing/index.js'
import { Inbox } from '../support/inbox.js'
import { build } from '../support/plugin-app.js'

interface Seen { readonly value: unknown, readonly key: unknown }

/** Letters shifted by one: no JSON, no content type. Part and topic are seen in what it makes. */
const shifted: Codec = {
  contentType: 'application/x-shifted',
  decode: (bytes) => String(Buffer.from(bytes.map((byte) => byte - 1))),
  encode: (value) => Buffer.from(String(value)).map((byte) => byte + 1)
}

const typed = (type: string) => ({ 'content-type': type })

/** A subscriber of `in` with these options, and what it handled. */
async function reading (t: Test, options: FaststreamOptions & { schema?: object }, plugin: FaststreamOptions = {}) {
  const app = await build(t, plugin)
  const seen: Seen[] = []
  app.broker.subscriber('in', options, (value, { key }) => { seen.push({ value, key }) })
  const broker = await testBroker(app)
  const send = async (value: unknown, contentType?: string, key: string | null = null) => {
    await broker.publish('in', value, { key, headers: contentType === undefined ? {} : typed(contentType) })
    await broker.settled()
    return seen.at(-1)?.value
  }
  return { app, broker, seen, send }
}

const JSON_BYTES = Buffer.from('{"a":1}')

t.test('a named codec decodes values whatever their content type says', async (t) => {
  for (const type of ['application/octet-stream', 'text/plain', 'application/json', 'nonsense']) {
    t.same(await (await reading(t, { codec: 'json' })).send(JSON_BYTES, type), { a: 1 }, type)
    t.same(await (await reading(t, { codec: 'text' })).send(JSON_BYTES, type), '{"a":1}', type)
    t.same(await (await reading(t, { codec: 'bytes' })).send(JSON_BYTES, type), JSON_BYTES, type)
  }
  for (const codec of ['json', 'text', 'bytes', shifted] as const) {
    const { send, seen } = await reading(t, { codec })
    await send(null)
    t.same(seen, [{ value: null, key: null }], 'a tombstone stays null')
  }
})

t.test('the nearest codec is taken: subscriber, then plugin, then the content type', async (t) => {
  t.same(await (await reading(t, {}, { codec: 'text' })).send(JSON_BYTES, 'application/json'), '{"a":1}')
  t.same(await (await reading(t, { codec: 'json' }, { codec: 'text' })).send(JSON_BYTES, 'text/plain'), { a: 1 })
  t.same(await (await reading(t, { codec: shifted }, { codec: 'text' })).send(Buffer.from('bcd')), 'abc')
})

t.test('a schema is checked after the codec, whatever the sender says', async (t) => {
  const schema = { value: Type.Object({ a: Type.Integer() }) }
  for (const codec of [undefined, 'json', { decode: (bytes: Buffer) => JSON.parse(String(bytes)), encode: String }]) {
    const { broker, send, seen } = await reading(t, { codec: codec as Codec, schema })
    for (const type of ['application/octet-stream', 'image/png', '']) await send(Buffer.from('{"a":"x"}'), type)
    t.same(seen, [])
    const stage = codec === undefined ? /must not be bytes/ : /value\/a must be integer/
    t.match(broker.errors, Array.from({ length: 3 }, () => ({ stage: 'validate', error: { message: stage } })))
  }
  t.equal(await (await reading(t, { codec: 'text', schema: { value: Type.Number() } })).send(Buffer.from('5')), 5)
  const bytes = await reading(t, { codec: 'bytes', schema: { value: Type.Object({}) } })
  await bytes.send(JSON_BYTES, 'application/json')
  t.match(bytes.broker.errors, [{ stage: 'validate', error: { message: /must not be bytes/ } }])
})

t.test('a codec decodes and is told of the whole message', async (t) => {
  const told: unknown[] = []
  const codec: Codec = {
    async decode (bytes, message, part) {
      const { topic, partition, offset, timestamp, rawKey, rawValue, rawHeaders, headers, signal } = message
      told.push({ part, topic, partition, offset, rawKey, same: rawValue === bytes })
      t.ok(timestamp instanceof Date)
      t.equal(headers, message.headers, 'headers are decoded once')
      t.match(headers, { 'content-type': 'application/octet-stream', correlation_id: String })
      t.equal(rawHeaders.length, 2)
      t.equal(signal.aborted, false)
      return `decoded ${bytes}`
    },
    encode: String
  }
  const { send } = await reading(t, { codec })
  t.equal(await send(Buffer.from('x'), undefined, 'k'), 'decoded x')
  t.match(told, [{ part: 'value', topic: 'in', offset: 0n, rawKey: Buffer.from('k'), same: true }])
})

t.test('a key is decoded by its codec where it has a schema', async (t) => {
  const codec = { key: 'json' } as const
  const schema = { key: Type.Object({ id: Type.Integer() }) }
  const { send, seen, broker } = await reading(t, { codec, schema })
  await send(1, undefined, '{"id":7}')
  await send(2, undefined, '{"id":"x"}')
  await send(3, undefined, 'no')
  t.same(seen, [{ value: 1, key: { id: 7 } }])
  t.match(broker.errors, [
    { stage: 'validate', error: { message: 'key/id must be integer' } },
    { stage: 'deserialize', error: { message: 'the key cannot be decoded: it is not valid JSON' } }
  ])
  const raw = await reading(t, {}, { codec })
  await raw.send(1, undefined, '{"id":7}')
  t.same(raw.seen, [{ value: 1, key: Buffer.from('{"id":7}') }], 'without a schema a key is bytes')
  const text = await reading(t, { codec: { value: 'text' }, schema: { key: Type.String() } })
  await text.send(Buffer.from('v'), undefined, 'k')
  t.same(text.seen, [{ value: 'v', key: 'k' }], 'a key without a codec is text')
  const without = await reading(t, { codec, schema: { key: Type.Optional(Type.Any()) } })
  await without.send(1)
  t.same(without.seen, [{ value: 1, key: null }], 'a record without a key has none to decode')
})

const failing: Array<[title: string, decode: Codec['decode']]> = [
  ['throws', () => { throw new Error('no such schema: 7') }],
  ['rejects', async () => { throw new Error('no such schema: 7') }]
]

for (const [title, decode] of failing) {
  t.test(`a codec that ${title} makes a dead letter, and the next message is handled`, async (t) => {
    const codec = { decode: (...args: Parameters<Codec['decode']>) => String(args[0]) === 'bad' ? decode(...args) : 1 }
    const { send, seen, broker } = await reading(t, { codec: { ...codec, encode: String }, retry: { retries: 3 } })
    await send(Buffer.from('bad'))
    await send(Buffer.from('good'))
    t.same(seen.map(({ value }) => value), [1])
    t.match(broker.errors, [{ attempt: 1, stage: 'deserialize', error: { code: 'FASTSTREAM_ERR_DECODE' } }])
    const [dead] = broker.published('in.dlq')
    t.equal(dead?.headers['x-dlq-error-message'], 'the value cannot be decoded: no such schema: 7')
    t.same(dead?.rawValue, Buffer.from('bad'))
  })
}

t.test('what a codec throws is bounded in a dead letter', async (t) => {
  const decode = () => { throw new Error(`\u001b[31m${'x'.repeat(100_000)}`) }
  const { send, broker } = await reading(t, { codec: { decode, encode: String } })
  await send(Buffer.from('bad'))
  const message = broker.published('in.dlq')[0]?.headers['x-dlq-error-message'] ?? ''
  t.ok(message.length > 100 && message.length < 1100, `${message.length} characters`)
  t.notMatch(message, '\u001b')
})

t.test('a codec that throws what is no error, or that returns nothing, makes a dead letter', async (t) => {
  const thrown: unknown = 'text'
  for (const [decode, message] of [
    [() => { throw thrown }, /cannot be decoded: text$/],
    [() => undefined, /what decodes it returned undefined/],
    [async () => undefined, /what decodes it returned undefined/]
  ] as const) {
    const { send, broker, seen } = await reading(t, { codec: { decode, encode: String } })
    await send(Buffer.from('bad'))
    t.match(broker.errors, [{ stage: 'deserialize', error: { message } }])
    t.same(seen, [])
  }
})

t.test('bytes above the bodyLimit reach no codec', async (t) => {
  let calls = 0
  const codec: Codec = { decode: () => { calls++; return 1 }, encode: String }
  const { send, broker } = await reading(t, { codec, bodyLimit: 500 })
  await send(Buffer.alloc(501))
  t.equal(calls, 0)
  t.match(broker.errors, [{ stage: 'deserialize', error: { message: /more than 'bodyLimit' \(500\)/ } }])
  await send(Buffer.alloc(100))
  t.equal(calls, 1)
})

t.test('headers are validated by themselves: a codec sees them as they came', async (t) => {
  const names: string[][] = []
  const codec: Codec = { decode: (_, { headers }) => { names.push(Object.keys(headers)); return 1 }, encode: String }
  const schema = { headers: Type.Object({ tenant: Type.String() }, { additionalProperties: false }) }
  const app = await build(t)
  const seen: unknown[] = []
  app.broker.subscriber('in', { codec, schema }, (_, { headers }) => { seen.push({ ...headers as object }) })
  const broker = await testBroker(app)
  await broker.publish('in', 1, { headers: { tenant: 'a' } })
  await broker.settled()
  t.same(seen, [{ tenant: 'a' }])
  t.same(names, [['correlation_id', 'content-type', 'tenant']])
})

t.test('a codec may make a value of a tombstone', async (t) => {
  const codec: Codec = { ...shifted, tombstone: ({ rawKey }) => `no ${rawKey}` }
  t.equal(await (await reading(t, { codec })).send(null, undefined, 'k'), 'no k')
  const schema = { value: Type.Integer() }
  const refusing = await reading(t, { codec, schema })
  await refusing.send(null, undefined, 'k')
  t.match(refusing.broker.errors, [{ stage: 'validate', error: { message: /must be integer/ } }])
  const coerced = await reading(t, { codec: 'json', schema })
  await coerced.send(null)
  t.match(coerced.broker.errors, [{ error: { message: 'value must not be null: it is a tombstone' } }])
})

t.test('a decision that a codec throws counts as that of a handler', async (t) => {
  const decisions: Array<() => Error> = [
    () => new NackMessage({ cause: new Error('the registry is down') }),
    () => new NackMessage(),
    () => new SkipMessage()
  ]
  const codec: Codec = {
    async decode (bytes) {
      const decision = decisions.shift()
      if (decision !== undefined) throw decision()
      return String(bytes)
    },
    encode: String
  }
  const { send, seen, broker } = await reading(t, { codec, retry: { retries: 0 } })
  await send(Buffer.from('a'))
  t.same([seen, broker.errors, decisions], [[], [], []], 'wanted again twice, then skipped')
  t.equal(await send(Buffer.from('b')), 'b')
  decisions.push(() => new RejectMessage('not ours'))
  await send(Buffer.from('c'))
  t.match(broker.errors, [{ stage: 'rejected', error: { message: 'not ours' } }])
})

t.test('the error that a nack is made for is its cause', async (t) => {
  const error = new Error('down')
  t.equal(new NackMessage({ cause: error }).cause, error)
  t.equal(new NackMessage(error as object).cause, error, 'as by .catch(message.nack)')
  t.notOk('cause' in new NackMessage({ delay: 1 }))
})

t.test('a codec may stop its subscriber, and the message is not lost', async (t) => {
  const app = await build(t)
  const codec: Codec = { decode: () => { throw new StopConsume() }, encode: String }
  app.broker.subscriber('in', { codec }, () => {})
  await testBroker(app)
  await app.broker.publish('in', 1)
  const inbox = new Inbox<string>()
  const watch = setInterval(() => { inbox.add(app.broker.health().subscribers[0]?.state ?? '') }, 5)
  t.teardown(() => clearInterval(watch))
  await inbox.until((states) => states.at(-1) === 'stopped')
})

t.test('decoding that takes longer than handlerTimeout is repeated as retry says', async (t) => {
  let calls = 0
  const codec: Codec = {
    decode (bytes, { signal }) {
      if (++calls > 2) return String(bytes)
      return new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => { reject(new Error('no answer', { cause: signal.reason })) })
      })
    },
    encode: String
  }
  const { send, broker } = await reading(t, { codec, handlerTimeout: 20 })
  t.equal(await send(Buffer.from('x')), 'x')
  const timeout = { code: 'FASTSTREAM_ERR_HANDLER_TIMEOUT' }
  t.match(broker.errors, [{ stage: 'handler', error: timeout }, { stage: 'handler', error: timeout }])
  t.equal(broker.errors.length, 2)
})
