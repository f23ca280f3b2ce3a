import fc from 'fast-check'
import { Type } from '@sinclair/typebox'
import t from 'tap'
import { debeziumCodec, jsonCodec, type Codec, type EncodedMessage } from '../../index.js'
import { testBroker } from '../../lib/testing/index.js'
import { build } from '../support/plugin-app.js'

const message = {} as EncodedMessage
const decode = (codec: Codec, json: string): unknown => codec.decode(Buffer.from(json), message, 'value')
const encode = (codec: Codec, value: unknown): unknown => codec.encode(value, 'orders', 'value')

const [text, bigint] = [jsonCodec({ bigNumbers: 'text' }), jsonCodec({ bigNumbers: 'bigint' })]

t.test('whole numbers beyond 2^53 are kept as text or as BigInt, and all others are numbers', async (t) => {
  const json = '{"a":[9007199254740993,-9007199254740993, 12345678901234567890 ],"b":9007199254740991,"c":1}'
  t.strictSame(decode(text, json), {
    a: ['9007199254740993', '-9007199254740993', '12345678901234567890'], b: 9007199254740991, c: 1
  })
  t.strictSame(decode(bigint, json), {
    a: [9007199254740993n, -9007199254740993n, 12345678901234567890n], b: 9007199254740991, c: 1
  })
  t.equal(decode(text, '9007199254740993'), '9007199254740993')
  t.equal(decode(bigint, ' 9007199254740993 '), 9007199254740993n)
  t.strictSame(decode(jsonCodec(), json), JSON.parse(json), 'rounded without the option')
})

t.test('numbers in strings, in keys and with a fraction stay as they are', async (t) => {
  for (const json of [
    '{"12345678901234567890":"12345678901234567890"}',
    '["a\\"12345678901234567890", "\\\\", 1.12345678901234567890, 12345678901234567890.5, 12345678901234567890e2]',
    '[1234567890123456, -1234567890123456, 0.1234567890123456e10, 0]',
    '"\\\\\\"12345678901234567890"'
  ]) {
    for (const codec of [text, bigint]) t.strictSame(decode(codec, json), JSON.parse(json), json)
  }
})

t.test('what is no JSON stays none', async (t) => {
  const big = '12345678901234567890'
  for (const json of [
    `0${big}`, `-0${big}`, `--${big}`, `${big}x`, `${big}.`, `${big} ${big}`, `{${big}:1}`, `{${big} : 1}`, `[${big}`, `"${big}`,
    `"a"${big}`, `+${big}`, `${big}e`, '12345678901234567 "'
  ]) {
    t.throws(() => JSON.parse(json), json)
    for (const codec of [text, bigint]) {
      t.throws(() => decode(codec, json), { code: 'FASTSTREAM_ERR_DECODE', message: /not valid JSON/ }, json)
    }
  }
})

t.test('JSON is refused for depth, prototypes and bytes as without the option', async (t) => {
  const big = '12345678901234567890'
  t.throws(() => decode(text, `${'['.repeat(65)}${big}${']'.repeat(65)}`), { message: /nested deeper/ })
  t.throws(() => decode(bigint, `{"__proto__":${big}}`), { message: /could change a prototype/ })
  t.throws(() => text.decode(Buffer.from([0x22, 0xc3, 0x28, 0x22]), message, 'key'), {
    message: 'the key cannot be decoded: it is not valid UTF-8'
  })
})

t.test('a BigInt has a bounded number of digits', async (t) => {
  const most = '9'.repeat(1000)
  t.equal(decode(bigint, most), BigInt(most))
  t.equal(decode(bigint, `${most}9`), `${most}9`)
  t.equal(decode(text, `${most}9`), `${most}9`)
  const hostile = '9'.repeat(1_000_000)
  const start = performance.now()
  decode(bigint, hostile)
  t.ok(performance.now() - start < 500)
})

t.test('a BigInt is written as a number, wherever it stands', async (t) => {
  const value = { a: [9007199254740993n, 1], b: { c: -1n, d: 'text', e: new Date(0) }, f: false, g: undefined }
  const json = '{"a":[9007199254740993,1],"b":{"c":-1,"d":"text","e":"1970-01-01T00:00:00.000Z"},"f":false}'
  for (const codec of [text, bigint, jsonCodec(), debeziumCodec()]) t.equal(encode(codec, value), json)
  t.equal(encode(bigint, 5n), '5')
  t.equal(encode(bigint, 'text'), '"text"')
  t.same(value.a, [9007199254740993n, 1], 'the value is not changed')
})

t.test('what JSON has no form for is refused, with and without a BigInt', async (t) => {
  const refused = (value: unknown, message: RegExp) => {
    t.throws(() => encode(bigint, value), { code: 'FASTSTREAM_ERR_ENCODE', message })
  }
  refused({ a: 1n, b: new Map() }, /instance of Map/)
  refused({ a: NaN }, /is NaN/)
  refused(Object.assign(new (class Money { amount = 1n })()), /is a BigInt/)
  const deep = (levels: number): unknown => levels === 0 ? 1n : [deep(levels - 1)]
  refused(deep(65), /BigInt/)
  t.equal(encode(bigint, deep(63)), `${'['.repeat(63)}1${']'.repeat(63)}`)
  const cycle: Record<string, unknown> = {}
  Object.assign(cycle, { a: cycle, b: cycle })
  refused(cycle, /circular/)
})

t.test('any JSON is read as JSON.parse reads it, but for big numbers, and is written back', async (t) => {
  const exact = fc.letrec((tie) => ({
    any: fc.oneof(
      { maxDepth: 4 }, fc.string(), fc.integer(), fc.double({ noNaN: true, noDefaultInfinity: true }), fc.boolean(),
      fc.constant(null), fc.bigInt({ min: 2n ** 60n, max: 2n ** 80n }), fc.array(tie('any')),
      fc.dictionary(fc.string().filter((name) => !['__proto__', 'constructor', 'toJSON'].includes(name)), tie('any'))
    )
  })).any
  fc.assert(fc.property(exact, (value) => {
    const json = String(encode(bigint, value))
    t.strictSame(encode(bigint, decode(bigint, json)), json)
    const shown = JSON.stringify(decode(bigint, json), (_, v) => typeof v === 'bigint' ? Number(v) : v)
    t.equal(shown, JSON.stringify(JSON.parse(json)))
  }), { numRuns: 200 })
})

t.test('the schema decides what a kept number is', async (t) => {
  const app = await build(t, { codec: text })
  const seen: unknown[] = []
  const see = (value: unknown) => { seen.push(value) }
  app.broker.subscriber('text', { schema: { value: Type.Object({ id: Type.String() }) } }, see)
  app.broker.subscriber('any', { codec: bigint }, see)
  app.broker.subscriber('number', { codec: bigint, schema: { value: Type.Object({ id: Type.Number() }) } }, see)
  const broker = await testBroker(app)
  for (const topic of ['text', 'any', 'number']) {
    for (const id of ['7', '9007199254740993']) {
      await broker.publish(topic, Buffer.from(`{"id":${id}}`))
      await broker.settled()
    }
  }
  t.strictSame(seen, [{ id: '7' }, { id: '9007199254740993' }, { id: 7 }, { id: 9007199254740993n }, { id: 7 }])
  t.match(broker.errors, [{ topic: 'number', stage: 'validate' }], 'a number that would be rounded is no number')
})

t.test('a payload of Kafka Connect is found in its envelope, for values and keys', async (t) => {
  const codec = debeziumCodec({ bigNumbers: 'text' })
  const change = { before: null, after: { id: 1 }, op: 'c' }
  t.strictSame(decode(codec, JSON.stringify({ schema: { type: 'struct' }, payload: change })), change)
  t.strictSame(decode(codec, JSON.stringify({ schema: null, payload: null })), null)
  for (const plain of [
    change, { schema: 1 }, { payload: 1 }, { schema: 1, a: 2 }, { payload: 1, a: 2 },
    { schema: 1, payload: 2, more: 3 }, [], 1, 'x', null
  ]) {
    t.strictSame(decode(codec, JSON.stringify(plain)), plain)
  }
  t.equal(encode(codec, change), JSON.stringify(change))
  const app = await build(t, { codec: { value: codec, key: codec } })
  const seen: unknown[] = []
  const schema = { key: Type.Object({ id: Type.Integer() }) }
  app.broker.subscriber('shop.public.orders', { schema }, (value, { key }) => { seen.push([key, value]) })
  const broker = await testBroker(app)
  const key = Buffer.from('{"schema":{},"payload":{"id":7}}')
  const deleted = '{"schema":{},"payload":{"op":"d","ts":9007199254740993}}'
  await broker.publish('shop.public.orders', Buffer.from(deleted), { key })
  await broker.publish('shop.public.orders', null, { key })
  await broker.settled()
  t.strictSame(seen, [[{ id: 7 }, { op: 'd', ts: '9007199254740993' }], [{ id: 7 }, null]])
})

t.test('a wrong option is refused', async (t) => {
  const refused = { code: 'FASTSTREAM_ERR_INVALID_OPTION' }
  for (const create of [jsonCodec, debeziumCodec]) {
    t.throws(() => create({ bigNumbers: 'number' as never }), { ...refused, message: /'bigNumbers' must be one of/ })
    t.throws(() => create({ numbers: 'text' } as object), { ...refused, message: /'numbers' is not known/ })
  }
})
