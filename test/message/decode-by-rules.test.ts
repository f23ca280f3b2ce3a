import t from 'tap'
import { RejectMessage, StopConsume, type Decoder, type Parser } from '../../index.js'
import { FASTSTREAM_ERR_DECODE } from '../../lib/errors.js'
import { codecRules, type CodecRules, type DecodingSettings } from '../../lib/message/codec-rules.js'
import type { Decoded } from '../../lib/message/decode.js'
import { decodeByRules, hasCodecs } from '../../lib/message/decode-by-rules.js'
import type { ConsumedRecord } from '../../lib/transport/transport.js'
import { record } from '../support/record.js'

const NONE: DecodingSettings = { codec: { value: undefined, key: undefined }, decoder: [], parser: [] }
const { signal } = new AbortController()

function rulesOf (settings: Partial<DecodingSettings>): CodecRules {
  const rules = codecRules({ ...NONE, ...settings })
  if (rules === undefined) throw new Error('there are none')
  return rules
}

interface Setup { readonly record?: ConsumedRecord, readonly validators?: object, readonly bodyLimit?: number }

function decoded (settings: Partial<DecodingSettings>, { validators = {}, bodyLimit = 1000, ...setup }: Setup = {}) {
  const delivery = { topic: 'orders', partition: 0, signal, record: setup.record ?? record(0, '{"a":1}') }
  return decodeByRules(delivery, { bodyLimit, validators, codecs: rulesOf(settings) })
}

t.test('without a codec, a decoder and a parser there are no rules', async (t) => {
  t.equal(codecRules(NONE), undefined)
  t.equal(hasCodecs({ bodyLimit: 1, validators: {} }), false)
  for (const settings of [
    { codec: { value: 'json', key: undefined } }, { codec: { value: undefined, key: 'json' } },
    { decoder: [() => 1] }, { parser: [() => ({})] }
  ] as const) {
    t.equal(hasCodecs({ bodyLimit: 1, validators: {}, codecs: rulesOf(settings) }), true)
  }
})

t.test('what is decoded at once comes at once, and else it is awaited', async (t) => {
  t.strictSame(decoded({ decoder: [() => 7] }), { value: 7, key: null, headers: undefined })
  const later = decoded({ decoder: [async () => 8] })
  t.type(later, Promise)
  t.strictSame(await later, { value: 8, key: null, headers: undefined })
})

t.test('a key without a schema is bytes, and headers without one are those of the parser', async (t) => {
  const withKey = record(0, '1', { key: Buffer.from('k'), headers: [['a', Buffer.from('1')]] })
  t.match(decoded({ decoder: [() => 7] }, { record: withKey }), { key: Buffer.from('k'), headers: undefined })
  const parser: Parser = () => ({ headers: { b: '2' } })
  const { headers } = decoded({ parser: [parser] }, { record: withKey }) as Decoded
  t.same({ ...headers as object }, { b: '2' })
  const validators = { key: (key: unknown) => [key], headers: (all: object) => Object.keys(all) }
  t.match(decoded({ decoder: [() => 7] }, { record: withKey, validators }), { key: ['k'], headers: ['a'] })
  t.same((decoded({ parser: [parser] }, { record: withKey, validators }) as Decoded).headers, ['b'])
})

t.test('the bytes that a parser finds are bounded, too', async (t) => {
  const finds = (key: number, value: number): Parser => () => ({ key: Buffer.alloc(key), value: Buffer.alloc(value) })
  const decoder: Decoder[] = [() => 7]
  const bodyLimit = 200
  t.match(decoded({ parser: [finds(100, 100)], decoder }, { bodyLimit }), { value: 7 })
  t.throws(() => decoded({ parser: [finds(101, 100)], decoder }, { bodyLimit }), { message: /'bodyLimit'/ })
  t.throws(() => decoded({ parser: [finds(0, 201)], decoder }, { bodyLimit }), { message: /'bodyLimit'/ })
  t.throws(() => decoded({ decoder }, { bodyLimit: 99 }), { message: /100 bytes/ }, 'and those of the record before')
  const none: Parser = () => ({ key: null, value: null })
  t.match(decoded({ parser: [none], decoder }), { value: null, key: null })
})

t.test('an error names the part that could not be decoded, and is the cause', async (t) => {
  const cause = new Error('no such schema')
  const failing = (): never => { throw cause }
  const codec = { decode: failing, encode: String }
  const keyed = record(0, '1', { key: Buffer.from('k') })
  const validators = { key: (key: unknown) => key }
  for (const [part, run] of [
    ['message', () => decoded({ parser: [failing] })],
    ['value', () => decoded({ codec: { value: codec, key: undefined } })],
    ['key', () => decoded({ codec: { value: undefined, key: codec } }, { record: keyed, validators })]
  ] as const) {
    const message = `the ${part} cannot be decoded: no such schema`
    t.throws(run, { code: 'FASTSTREAM_ERR_DECODE', message, cause })
  }
  await t.rejects(async () => await decoded({ decoder: [async () => { throw cause }] }), {
    code: 'FASTSTREAM_ERR_DECODE', message: 'the value cannot be decoded: no such schema', cause
  })
})

t.test('errors of ours and decisions stay what they are', async (t) => {
  for (const error of [new FASTSTREAM_ERR_DECODE('value', 'mine'), new StopConsume(), new RejectMessage()]) {
    t.throws(() => decoded({ decoder: [() => { throw error }] }), error)
    await t.rejects(async () => await decoded({ decoder: [async () => { throw error }] }), error)
  }
})

t.test('undefined is no value, no key and no message', async (t) => {
  const message = /what decodes it returned undefined/
  t.throws(() => decoded({ decoder: [() => undefined] }), { message })
  await t.rejects(async () => await decoded({ decoder: [async () => undefined] }), { message })
})

t.test('a parser returns an object whose key and value are bytes or null', async (t) => {
  const bytes = new Uint8Array([1, 2]).subarray(1)
  const decoder: Decoder[] = [({ rawKey, rawValue }) => [rawKey, rawValue]]
  const parts = (found: unknown) => decoded({ parser: [() => found as never], decoder }, {
    record: record(0, 'v', { key: Buffer.from('k') })
  })
  t.same((parts({ key: bytes, value: bytes }) as Decoded).value, [Buffer.from([2]), Buffer.from([2])])
  t.same((parts({}) as Decoded).value, [Buffer.from('k'), Buffer.from('v')], 'what is left out stays')
  t.same((parts({ key: null }) as Decoded).value, [null, Buffer.from('v')])
  for (const found of [null, 'text', [], 7]) {
    t.throws(() => parts(found), { code: 'FASTSTREAM_ERR_DECODE', message: /the parser must return \{ value, key/ })
  }
  t.throws(() => parts({ key: 'k' }), { message: /the key that the parser returns must be .* of type string$/ })
  t.throws(() => parts({ value: 7 }), { message: /the value that the parser returns must be .* of type number$/ })
})

t.test('each parser and decoder may call the one before it, and a decoder with other bytes', async (t) => {
  const around = (name: string): Parser => async (_, original) => {
    const { value, key, headers } = await original()
    const made = { ...headers, [name]: '1' }
    return { value: Buffer.from(`${value}${name}`), key: key ?? Buffer.from(name), headers: made }
  }
  const decoder: Decoder[] = [
    ({ rawValue }, original) => [String(rawValue), original()], (_, original) => original(Buffer.from('"x"'))
  ]
  t.strictSame(await decoded({ parser: [around('a'), around('b')], decoder }, { record: record(0, '1') }), {
    value: ['"x"', 'x'], key: Buffer.from('a'), headers: Object.assign(Object.create(null), { a: '1', b: '1' })
  })
})

t.test('a tombstone reaches only the codec that makes something of it', async (t) => {
  const codec = { decode: () => 'decoded', encode: String }
  const tombstone = { record: record(0, null) }
  t.match(decoded({ codec: { value: codec, key: undefined } }, tombstone), { value: null })
  const making = { ...codec, tombstone: ({ topic }: { topic: string }) => `none of ${topic}` }
  t.match(decoded({ codec: { value: making, key: undefined } }, tombstone), { value: 'none of orders' })
  t.match(decoded({ decoder: [() => 'decoded'] }, tombstone), { value: null })
  const validators = { value: () => '' }
  t.match(decoded({ decoder: [() => null] }, { validators }), { value: '' }, 'null that was decoded is no tombstone')
})
