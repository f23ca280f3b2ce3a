import { Type } from '@sinclair/typebox'
import { gzipSync, gunzipSync } from 'node:zlib'
import t, { type Test } from 'tap'
import type { Codec, Decoder, FaststreamOptions, Parser } from '../../index.js'
import { testBroker } from '../../lib/testing/index.js'
import { build } from '../support/plugin-app.js'

async function reading (t: Test, options: FaststreamOptions & { schema?: object }, plugin: FaststreamOptions = {}) {
  const app = await build(t, plugin)
  const seen: Array<Record<string, unknown>> = []
  app.broker.subscriber('in', options, (value, { key, headers, rawKey, rawHeaders, correlationId }) => {
    seen.push({ value, key, headers: { ...headers as object }, rawKey, rawHeaders: rawHeaders.length, correlationId })
  })
  const broker = await testBroker(app)
  const send = async (...args: [value: unknown, options?: object]) => {
    await broker.publish('in', ...args)
    await broker.settled()
    return seen.at(-1)
  }
  return { app, broker, seen, send }
}

t.test('a decoder takes the place of the codec, or calls it', async (t) => {
  t.match(await (await reading(t, { decoder: ({ rawValue }) => rawValue.length })).send('four'), { value: 4 })
  const unwrap: Decoder = async (_, original) => (await original() as { payload: unknown }).payload
  t.match(await (await reading(t, { decoder: unwrap })).send({ payload: 1 }), { value: 1 })
  t.match(
    await (await reading(t, { decoder: unwrap, codec: 'json' })).send(Buffer.from('{"payload":2}')), { value: 2 }
  )
})

t.test('a decoder gives other bytes to the original one', async (t) => {
  const gunzip: Decoder = ({ rawValue, headers }, original) => {
    return headers.packed === 'gzip' ? original(gunzipSync(rawValue)) : original()
  }
  const { send } = await reading(t, { decoder: gunzip })
  const headers = { packed: 'gzip', 'content-type': 'application/json' }
  t.match(await send(gzipSync('{"a":1}'), { headers }), { value: { a: 1 } })
  t.match(await send({ a: 2 }), { value: { a: 2 } })
})

t.test('a decoder calls that of the level around as its original, which calls the codec', async (t) => {
  const calls: string[] = []
  const noting = (name: string): Decoder => async ({ rawValue }, original) => {
    calls.push(`${name} ${rawValue}`)
    return `${name}(${await original(Buffer.from(`${rawValue}${name}`))})`
  }
  const codec: Codec = { decode: (bytes, { rawValue }) => `codec ${bytes} ${rawValue}`, encode: String }
  const { send } = await reading(t, { decoder: noting('sub') }, { decoder: noting('app'), codec })
  t.match(await send('x'), { value: 'sub(app(codec xsubapp xsubapp))' })
  t.same(calls, ['sub x', 'app xsub'])
})

t.test('a decoder of one subscriber is not that of another', async (t) => {
  const app = await build(t)
  const seen: unknown[] = []
  app.broker.subscriber('a', { decoder: () => 'decoded' }, (value) => { seen.push(value) })
  app.broker.subscriber('b', (value) => { seen.push(value) })
  const broker = await testBroker(app)
  await broker.publish('a', 'text')
  await broker.settled()
  await broker.publish('b', 'text')
  await broker.settled()
  t.same(seen, ['decoded', 'text'])
})

t.test('a tombstone reaches no decoder', async (t) => {
  const { send } = await reading(t, { decoder: () => 'decoded' })
  t.match(await send(null), { value: null })
})

t.test('a decoder that throws makes a dead letter', async (t) => {
  for (const decoder of [() => { throw new Error('no') }, async () => { throw new Error('no') }]) {
    const { send, broker } = await reading(t, { decoder })
    await send('x')
    t.match(broker.errors, [{ stage: 'deserialize', error: { message: 'the value cannot be decoded: no' } }])
  }
})

t.test('a parser finds value, key and headers in a record', async (t) => {
  const parser: Parser = ({ rawValue, headers }) => {
    const [tenant, id, ...rest] = String(rawValue).split(' ')
    return {
      key: Buffer.from(id as string),
      value: Buffer.from(rest.join(' ')),
      headers: { 'content-type': 'text/plain', tenant: [headers.from ?? '', tenant as string] }
    }
  }
  const { send } = await reading(t, { parser })
  const sent = { key: 'raw', headers: { from: 'x', correlation_id: 'c' } }
  t.match(await send('a 7 hello you', sent), {
    value: 'hello you',
    key: Buffer.from('7'),
    headers: { 'content-type': 'text/plain', tenant: 'a' },
    rawKey: Buffer.from('raw'),
    rawHeaders: 3,
    correlationId: 'c'
  })
  const schema = { key: Type.Integer(), headers: Type.Object({ tenant: Type.Literal('a') }) }
  const strict = await reading(t, { parser, schema })
  t.match(await strict.send('a 7 x'), { value: 'x', key: 7, headers: { tenant: 'a' } })
  await strict.send('b 7 x')
  t.match(strict.broker.errors, [{ stage: 'validate', error: { message: /headers\/tenant/ } }])
})

t.test('a part that a parser leaves out stays as it is', async (t) => {
  const plain = await reading(t, { parser: async () => ({}) })
  t.match(await plain.send({ a: 1 }, { key: 'k', headers: { tenant: 'a' } }), {
    value: { a: 1 }, key: Buffer.from('k'), headers: { tenant: 'a', 'content-type': 'application/json' }
  })
  t.match(await (await reading(t, { parser: () => ({ value: null, key: null }) })).send(1, { key: 'k' }), {
    value: null, key: null
  })
})

t.test('a parser calls that of the level around as its original', async (t) => {
  const parts = (name: string): Parser => async (message, original) => {
    const { value } = await original()
    return { value: Buffer.from(`${value} ${name}`), headers: { 'content-type': 'text/plain' } }
  }
  const { send } = await reading(t, { parser: parts('sub') }, {
    async parser (message, original) {
      t.same(await original(), { key: null, value: message.rawValue, headers: message.headers })
      return await parts('app')(message, original)
    }
  })
  t.match(await send('x'), { value: 'x app sub' })
})

const wrong: Array<[title: string, parser: Parser, message: RegExp]> = [
  ['throws', () => { throw new Error('no') }, /^the message cannot be decoded: no$/],
  ['rejects', async () => { throw new Error('no') }, /^the message cannot be decoded: no$/],
  ['returns nothing', (() => undefined) as never, /must return \{ value, key, headers \}/],
  ['returns no object', (() => 'x') as never, /must return \{ value, key, headers \}/],
  ['returns a value that is no bytes', () => ({ value: 'x' as never }), /the value .* must be bytes or null/],
  ['returns a key that is no bytes', () => ({ key: 1 as never }), /the key .* must be bytes or null, .* type number/],
  ['returns headers that are none', () => ({ headers: [] as never }), /headers must be a plain object/],
  ['inflates a value beyond the bodyLimit', () => ({ value: Buffer.alloc(1001) }), /1001 bytes.*'bodyLimit'/]
]

for (const [title, parser, message] of wrong) {
  t.test(`a parser that ${title} makes a dead letter`, async (t) => {
    const { send, broker, seen } = await reading(t, { parser, bodyLimit: 1000 })
    await send('x')
    t.match(broker.errors, [{ stage: 'deserialize', error: { code: 'FASTSTREAM_ERR_DECODE', message } }])
    t.same(broker.published('in.dlq').map(({ value }) => value), ['x'])
    t.same(seen, [])
  })
}
