import t from 'tap'
import { encode, type Circumstances, type OutgoingRules } from '../../lib/message/encode.js'
import type { Outgoing } from '../../lib/message/outgoing.js'
import { response } from '../../lib/message/response.js'

const NOW: Circumstances = { correlationId: 'c', tombstoneKey: Buffer.from('old'), now: 5 }
const RULES: OutgoingRules = { topic: 'orders', hasSchema: false, validators: {} }

interface Setup { readonly value?: unknown, readonly options?: object, readonly rules?: Partial<OutgoingRules> }

function encoded ({ value = 1, options = {}, rules = {} }: Setup, circumstances = NOW): Outgoing {
  return encode(value, options, { ...RULES, ...rules }, circumstances)
}

const headersOf = (setup: Setup) => encoded(setup).headers.map(([name, value]) => [name, value && String(value)])
const JSON_TYPE = ['content-type', 'application/json']

t.test('a message without options has its correlation id, its content type and the time', async (t) => {
  const { headers, ...rest } = encoded({ value: { a: 1 } })
  t.same(rest, {
    topic: 'orders',
    key: Buffer.from('old'),
    value: Buffer.from('{"a":1}'),
    timestamp: 5,
    partition: undefined,
    partitioner: undefined
  })
  t.same(headers, [['correlation_id', Buffer.from('c')], ['content-type', Buffer.from('application/json')]])
  t.same(headersOf({ value: null }), [['correlation_id', 'c']], 'a tombstone has nothing to describe')
  const [one, other] = [0, 1].map(() => encoded({}, { ...NOW, correlationId: undefined }).headers[0]?.[1]?.toString())
  t.match(one, /^[\da-f-]{36}$/)
  t.not(one, other)
})

t.test('options of the publish win over the rules of the publisher', async (t) => {
  const partitioner = (): number => 0
  const rules = { key: 'rule', partition: 1, partitioner }
  t.match(encoded({ rules }), { key: Buffer.from('rule'), partition: 1, partitioner })
  t.match(encoded({ rules, options: { key: 'own', partition: 0, timestamp: new Date(0) } }), {
    key: Buffer.from('own'), partition: 0, timestamp: 0
  })
  t.equal(encoded({ rules, options: { key: null } }).key, null)
  t.same(encoded({ rules: { key: () => null } }).key, Buffer.from('old'))
  t.equal(encoded({ rules: { partition: (value) => Number(value) } }).partition, 1)
})

t.test('headers of each source come in order, and the nearest one wins', async (t) => {
  const own = ['correlation_id', 'c']
  t.same(headersOf({ options: { headers: { a: '1' } } }), [own, JSON_TYPE, ['a', '1']])
  t.same(headersOf({ rules: { headers: { a: '1' } } }), [own, JSON_TYPE, ['a', '1']])
  t.same(headersOf({ rules: { automatic: { a: '1' } } }), [own, JSON_TYPE, ['a', '1']])
  const codec = { decode: String, encode: () => ({ bytes: Buffer.from('x'), headers: { a: 'codec' } }) }
  t.same(headersOf({ rules: { codec } }), [own, ['a', 'codec']])
  t.same(headersOf({ rules: { automatic: { a: 'automatic' }, codec } }), [own, ['a', 'codec']])
  t.same(headersOf({ rules: { codec, headers: () => ({ a: 'rule' }) } }), [own, ['a', 'rule']])
  const headers = { a: 'rule' }
  t.same(headersOf({ rules: { codec, headers }, options: { headers: { a: 'own' } } }), [own, ['a', 'own']])
  t.same(headersOf({ options: { headers: { 'content-type': 'x', correlation_id: 'y' } } }), [
    ['correlation_id', 'y'], ['content-type', 'x']
  ])
  const seen: unknown[] = []
  const validators = { headers: (headers: unknown) => { seen.push({ ...headers as object }) } }
  t.same(headersOf({ rules: { validators } }), [own, JSON_TYPE])
  t.same(headersOf({ value: null, rules: { validators } }), [own])
  t.same(seen, [{ correlation_id: 'c', 'content-type': 'application/json' }, { correlation_id: 'c' }])
})

t.test('value and key are checked as they will be read', async (t) => {
  const seen: unknown[] = []
  const note = (part: string) => (payload: unknown) => { seen.push([part, payload]) }
  const validators = { value: note('value'), key: note('key') }
  encoded({ value: 'text', options: { key: Buffer.from('k') }, rules: { validators } })
  encoded({ value: null, options: { key: 'k' }, rules: { validators } })
  encoded({ value: null, options: { key: null }, rules: { validators } })
  t.same(seen, [['value', 'text'], ['key', 'k'], ['key', 'k'], ['key', null]])
})

t.test('a key is text, a Buffer or null', async (t) => {
  const key = Buffer.from('k')
  t.equal(encoded({ options: { key } }).key, key)
  for (const odd of [1, {}, new Uint8Array(1), true]) {
    t.throws(() => encoded({ options: { key: odd } }), {
      code: 'FASTSTREAM_ERR_ENCODE', message: /^the key of the message for 'orders' .* is of type \w+$/
    })
  }
})

t.test('a codec of keys writes every key but null and a Buffer', async (t) => {
  const seen: unknown[] = []
  const keyCodec = { decode: String, encode: (...args: unknown[]) => { seen.push(args); return 'coded' } }
  const validators = { key: (key: unknown) => { seen.push(key) } }
  t.same(encoded({ options: { key: { id: 1 } }, rules: { keyCodec, validators } }).key, Buffer.from('coded'))
  t.same(seen, [{ id: 1 }, [{ id: 1 }, 'orders', 'key']])
  seen.length = 0
  t.equal(encoded({ options: { key: null }, rules: { keyCodec, validators } }).key, null)
  t.same(seen, [null])
  const bytes = Buffer.from('k')
  t.equal(encoded({ options: { key: bytes }, rules: { keyCodec, validators } }).key, bytes)
  t.same(seen, [null], 'bytes are a key that is encoded already')
})

t.test('a codec of keys and a serializer need no schema', async (t) => {
  const keyCodec = { decode: String, encode: () => 'coded' }
  t.same(encoded({ options: { key: { id: 1 } }, rules: { keyCodec } }).key, Buffer.from('coded'))
  const serialize = (value: unknown) => ({ json: `["${value}"]`, image: value })
  t.same(encoded({ rules: { serialize } }).value, Buffer.from('["1"]'))
})

t.test('a serializer writes what is neither a tombstone nor bytes, and its image is checked', async (t) => {
  const seen: unknown[] = []
  const rules = {
    serialize: (value: unknown) => ({ json: `["${value}"]`, image: [String(value)] }),
    validators: { value: (value: unknown) => { seen.push(value) } }
  }
  t.same(encoded({ value: 7, rules }).value, Buffer.from('["7"]'))
  t.same(headersOf({ value: 7, rules })[1], JSON_TYPE)
  t.same(encoded({ value: Buffer.from('a'), rules }).value, Buffer.from('a'))
  t.equal(encoded({ value: null, rules }).value, null)
  t.same(seen, [['7'], ['7'], Buffer.from('a')])
})

t.test('a value with a schema is JSON, and a text without one is text', async (t) => {
  t.same(encoded({ value: 'a', rules: { hasSchema: true } }).value, Buffer.from('"a"'))
  t.same(encoded({ value: 'a' }).value, Buffer.from('a'))
  let asked = 0
  const once = { toJSON: () => ++asked }
  t.same(encoded({ value: once, rules: { validators: { value: () => {} } } }).value, Buffer.from('1'))
})

t.test('what cannot be encoded is told with its part', async (t) => {
  const code = 'FASTSTREAM_ERR_ENCODE'
  t.throws(() => encoded({ value: response(1) }), { code, message: /^the value .*response\(\) is for the result/ })
  t.throws(() => encoded({ options: { headers: { a: 1 } } }), {
    code, message: /^the headers of the message for 'orders' .*header 'a' must be a string/, cause: TypeError
  })
  const own = Object.assign(new Error('mine'), { code: 'E_MINE' })
  t.throws(() => encoded({ rules: { key: () => { throw own } } }), own)
  t.throws(() => encoded({ rules: { headers: () => { throw own } } }), own)
})
