import { Type } from '@sinclair/typebox'
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import type { FastifyInstance } from 'fastify'
import t, { type Test } from 'tap'
import { response, type Codec, type FaststreamOptions, type Publisher } from '../../index.js'
import { encodeByCodec } from '../../lib/message/encode-by-codec.js'
import { testBroker } from '../../lib/testing/index.js'
import { build } from '../support/plugin-app.js'

type Declare = (app: FastifyInstance) => Publisher

/** What a publisher writes to `out`: bytes, content type and key of the last record. */
async function writing (t: Test, declare: Declare, plugin: FaststreamOptions = {}) {
  const app = await build(t, plugin)
  const publisher = declare(app)
  const broker = await testBroker(app)
  const write = async (...args: Parameters<Publisher['publish']>) => {
    await publisher.publish(...args)
    const { rawValue, rawKey, headers } = broker.published('out').at(-1) ?? {}
    return { bytes: rawValue?.toString(), type: headers?.['content-type'], key: rawKey?.toString() }
  }
  return { app, broker, publisher, write }
}

const reversed: Codec = {
  contentType: 'application/x-reversed',
  decode: (bytes) => [...String(bytes)].reverse().join(''),
  encode: (value) => [...String(value)].reverse().join('')
}

t.test('a named codec writes values whatever they are', async (t) => {
  const json = await writing(t, (app) => app.broker.publisher('out', { codec: 'json' }))
  t.match(await json.write('text'), { bytes: '"text"', type: 'application/json' })
  t.match(await json.write({ a: undefined, b: new Date(0) }), { bytes: '{"b":"1970-01-01T00:00:00.000Z"}' })
  await t.rejects(json.publisher.publish(Buffer.from('x')), {
    code: 'FASTSTREAM_ERR_ENCODE', message: /it is bytes, and codec 'json' takes values/
  })
  await t.rejects(json.publisher.publish(new Map()), { code: 'FASTSTREAM_ERR_ENCODE', message: /instance of Map/ })
  const schema = { value: Type.String() }
  const text = await writing(t, (app) => app.broker.publisher('out', { codec: 'text', schema }))
  t.match(await text.write('text'), { bytes: 'text', type: 'text/plain' })
  const plain = await writing(t, (app) => app.broker.publisher('out', { codec: 'text' }))
  await t.rejects(plain.publisher.publish({}), {
    code: 'FASTSTREAM_ERR_ENCODE', message: /codec 'text' takes a string, and it is of type object/
  })
  const bytes = await writing(t, (app) => app.broker.publisher('out', { codec: 'bytes' }))
  t.match(await bytes.write(new Uint8Array([65])), { bytes: 'A', type: 'application/octet-stream' })
  await t.rejects(bytes.publisher.publish('A'), { message: /codec 'bytes' takes bytes, and it is of type string/ })
})

t.test('a codec writes a value that has passed the schema', async (t) => {
  const schema = { value: Type.Object({ a: Type.Integer() }) }
  const calls: unknown[] = []
  const codec: Codec = { ...reversed, encode (...args) { calls.push(args); return '1' } }
  const { write, publisher } = await writing(t, (app) => app.broker.publisher('out', { codec, schema }))
  const value = { a: 1 }
  t.match(await write(value), { bytes: '1', type: 'application/x-reversed' })
  t.same(calls, [[value, 'out', 'value']])
  t.equal((calls[0] as unknown[])[0], value, 'the value itself')
  await t.rejects(publisher.publish({ a: 'x' }), { code: 'FASTSTREAM_ERR_INVALID_MESSAGE' })
  t.equal(calls.length, 1)
  t.match(await write(null, { key: 'k' }), { bytes: undefined, type: undefined, key: 'k' })
  t.equal(calls.length, 1, 'a tombstone reaches no codec')
})

t.test('a schema sees the value that the codec gets, and cannot change it', async (t) => {
  const encoded: unknown[] = []
  const codec: Codec = { decode: String, encode (value) { encoded.push(value); return '' } }
  const app = await build(t)
  app.setValidatorCompiler(() => (value: { at: unknown, count: unknown, added?: unknown }) => {
    const fits = value.at instanceof Date && value.count === 5n
    value.added = 1
    return fits
  })
  const publisher = app.broker.publisher('out', { codec, schema: { value: {} } })
  await testBroker(app)
  const value = { at: new Date(0), count: 5n }
  await publisher.publish(value)
  t.same(encoded, [value])
  t.notOk('added' in value)
  await t.rejects(publisher.publish({ at: '1970', count: 5n }), { code: 'FASTSTREAM_ERR_INVALID_MESSAGE' })
  await t.rejects(publisher.publish({ at () {} }), {
    code: 'FASTSTREAM_ERR_ENCODE', message: /the value .* it cannot be copied to be checked/
  })
})

t.test("a serializer of the app's own writes JSON only where JSON is written", async (t) => {
  const declare = (codec: Codec | 'json' | undefined): Declare => (app) => {
    app.setSerializerCompiler(() => () => '{"serialized":true}')
    return app.broker.publisher('out', { codec, schema: { value: {} } })
  }
  t.match(await (await writing(t, declare('json'))).write({}), { bytes: '{"serialized":true}' })
  t.match(await (await writing(t, declare(reversed))).write('ab'), { bytes: 'ba' })
})

t.test('a codec adds content type and headers, and those of the publisher win', async (t) => {
  const codec: Codec = {
    contentType: 'a/a',
    decode: String,
    encode (value) {
      const headers = { one: '1', two: ['2', '3'] }
      return { bytes: Buffer.from(String(value)), contentType: 'b/b', headers }
    }
  }
  const { app, broker, write } = await writing(t, (app) => {
    app.broker.publisher('other', { codec, headers: { two: 'own', 'content-type': 'own/own' } })
    return app.broker.publisher('out', { codec })
  })
  t.match(await write('x'), { bytes: 'x', type: 'b/b' })
  t.match(broker.published('out')[0]?.headers, { one: '1', two: '3' })
  await app.broker.publish('other', 'x', { headers: { one: 'given' } })
  t.match(broker.published('other')[0]?.headers, { one: 'given', two: 'own', 'content-type': 'own/own' })
  const valueless = await writing(t, (app) => {
    return app.broker.publisher('out', { codec: { ...reversed, encode: () => ({ bytes: null }) } })
  })
  t.match(await valueless.write('x'), { bytes: undefined, type: 'application/x-reversed' })
  const nameless = await writing(t, (app) => app.broker.publisher('out', { codec: { decode: String, encode: String } }))
  t.match(await nameless.write('x'), { bytes: 'x', type: undefined })
})

const wrong: Array<[title: string, encode: (value: unknown) => unknown, message: RegExp]> = [
  ['throws', () => { throw new Error('secret') }, /its codec threw an error, which is the cause of this one/],
  ['returns a promise', async () => 'x', /returned a promise, which is not awaited/],
  ['returns a promise that rejects', async () => { throw new Error('no') }, /returned a promise/],
  ['returns nothing', () => undefined, /must return bytes, text, or/],
  ['returns null', () => null, /must return bytes, text, or/],
  ['returns a number', () => 1, /must return bytes, text, or/],
  ['returns an object without bytes', () => ({ value: '' }), /must return bytes, text, or/],
  ['returns an object with wrong bytes', () => ({ bytes: 1 }), /must return bytes, text, or/],
  ['returns wrong headers', () => ({ bytes: 'x', headers: { a: 1 } }), /header 'a' must be/]
]

for (const [title, encode, message] of wrong) {
  t.test(`a codec that ${title} fails the publish, and nothing is sent`, async (t) => {
    const codec: Codec = { decode: String, encode: encode as Codec['encode'] }
    const { publisher, broker } = await writing(t, (app) => app.broker.publisher('out', { codec }))
    const error = await publisher.publish('x').catch((error) => error)
    t.match(error, { code: 'FASTSTREAM_ERR_ENCODE', statusCode: 500, message })
    t.notMatch(error.message, 'secret')
    t.same(broker.published('out'), [])
  })
}

t.test('a key is written by its codec where it has a schema, and a Buffer as it is', async (t) => {
  const codec = { key: 'json' } as const
  const schema = { key: Type.Object({ id: Type.Integer() }) }
  const { write, publisher } = await writing(t, (app) => {
    const typed = app.withTypeProvider<TypeBoxTypeProvider>()
    return typed.broker.publisher('out', { codec, schema, key: (value) => ({ id: (value as { id: number }).id }) })
  })
  t.match(await write({ id: 7 }), { key: '{"id":7}', bytes: '{"id":7}' })
  t.match(await write(null, { key: { id: 8 } }), { key: '{"id":8}' })
  t.match(await write({ id: 7 }, { key: Buffer.from('raw') }), { key: 'raw' })
  await t.rejects(publisher.publish({ id: 'x' }), { code: 'FASTSTREAM_ERR_INVALID_MESSAGE', message: /key\/id/ })
  await t.rejects(publisher.publish({ id: 1 }, { key: null }), { message: /key must be object/ })
  const optional = await writing(t, (app) => app.broker.publisher('out', { codec, schema: { key: {} } }))
  t.match(await optional.write(1, { key: 'a' }), { key: '"a"' })
  t.strictSame((await optional.write(1)).key, undefined)
  const inherited = await writing(t, (app) => app.broker.publisher('out', { key: 'a' }), { codec })
  t.match(await inherited.write(1), { key: 'a' }, 'without a schema a key is text or bytes')
  await t.rejects(inherited.publisher.publish(1, { key: {} }), {
    code: 'FASTSTREAM_ERR_ENCODE', message: /must be a string, a Buffer or null, and is of type object/
  })
})

t.test('a result of a handler is written by the codec of its publisher', async (t) => {
  const app = await build(t)
  const codec = { value: reversed, key: 'json' } as const
  const publish = app.broker.publisher('out', { codec, schema: { key: Type.Any() } })
  app.broker.subscriber('in', { publish }, (value) => value === 'none' ? null : response(value, { key: { id: 1 } }))
  const broker = await testBroker(app)
  await broker.publish('in', 'abc')
  await broker.settled()
  await broker.publish('in', 'none', { key: 'of the message' })
  await broker.settled()
  t.match(broker.published('out').map(({ rawValue, rawKey }) => [String(rawValue), String(rawKey)]), [
    ['cba', '{"id":1}'], ['null', 'of the message']
  ])
})

t.test('a codec that cannot write a result makes a dead letter, and the handler runs once', async (t) => {
  const app = await build(t)
  let runs = 0
  const codec: Codec = { decode: String, encode: () => { throw new Error('no such field') } }
  const publish = app.broker.publisher('out', { codec })
  app.broker.subscriber('in', { publish }, () => ++runs)
  const broker = await testBroker(app)
  await broker.publish('in', 1)
  await broker.settled()
  t.equal(runs, 1)
  t.match(broker.errors, [{ stage: 'publish', error: { code: 'FASTSTREAM_ERR_ENCODE' } }])
})

t.test('a publish to a topic without a publisher is written by the codec of the plugin', async (t) => {
  const app = await build(t, { codec: reversed })
  app.broker.publisher('declared')
  app.broker.publisher('own', { codec: 'text' })
  app.broker.subscriber('in', () => {})
  const broker = await testBroker(app)
  for (const topic of ['in', 'declared', 'own']) await app.broker.publish(topic, 'abc')
  t.same(
    ['in', 'declared', 'own'].map((topic) => String(broker.published(topic)[0]?.rawValue)), ['cba', 'cba', 'abc']
  )
  await broker.publish('in', 'abc')
  t.match(broker.published('in').map(({ value }) => String(value)).sort(), ['abc', 'cba'], 'a test sends what it likes')
})

t.test('bytes of a codec are taken as they are, and the error that it throws is the cause', async (t) => {
  const bytes = Buffer.from('bytes')
  const made = (value: unknown) => encodeByCodec({ decode: String, encode: () => value as never }, 1, 'out', 'value')
  t.equal(made(bytes).bytes, bytes, 'without a copy')
  t.same(made(new DataView(new Uint8Array([1, 2, 3]).buffer, 1)).bytes, Buffer.from([2, 3]))
  const cause = new Error('no schema')
  const failing: Codec = { decode: String, encode: () => { throw cause } }
  t.throws(() => encodeByCodec(failing, 1, 'out', 'value'), { code: 'FASTSTREAM_ERR_ENCODE', cause })
})
