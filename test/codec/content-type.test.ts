import t from 'tap'
import { runInNewContext } from 'node:vm'
import { decodeValue, encodeValue } from '../../lib/codec/content-type.js'
import { decodeKey } from '../../lib/codec/text.js'
import { decodeHeaders } from '../../lib/message/headers.js'

const deep = (levels: number): string => '['.repeat(levels) + ']'.repeat(levels)
const notUtf8 = Buffer.from([0x22, 0xc3, 0x28, 0x22])

t.test('the content type decides how a value is read, and none means JSON', async (t) => {
  const bytes = Buffer.from('{"a":1}')
  for (const type of [
    undefined,
    'application/json',
    'Application/JSON ; charset=utf-8',
    'application/cloudevents+json',
    'application/json;a="b"'
  ]) {
    t.strictSame(decodeValue(bytes, type), { a: 1 }, String(type))
  }
  for (const type of ['text/plain', 'TEXT/html; charset=utf-8']) t.equal(decodeValue(bytes, type), '{"a":1}', type)
  for (const type of ['application/octet-stream', '', 'image/png', 'application/jsonp', 'nonsense', 'x+jsonx']) {
    t.equal(decodeValue(bytes, type), bytes, type)
  }
})

t.test('no value and an empty value stay distinct', async (t) => {
  t.equal(decodeValue(null, undefined), null)
  t.equal(decodeValue(null, 'text/plain'), null)
  t.equal(decodeValue(Buffer.alloc(0), 'text/plain'), '')
  t.strictSame(decodeValue(Buffer.alloc(0), 'application/octet-stream'), Buffer.alloc(0))
  t.throws(() => decodeValue(Buffer.alloc(0), undefined), {
    code: 'FASTSTREAM_ERR_DECODE', message: 'the value cannot be decoded: it is not valid JSON'
  })
})

t.test('bytes that are not what they say are an error that does not quote them', async (t) => {
  const decode = (bytes: Buffer, type?: string) => (): unknown => decodeValue(bytes, type)
  t.throws(decode(notUtf8), {
    code: 'FASTSTREAM_ERR_DECODE', message: 'the value cannot be decoded: it is not valid UTF-8'
  })
  t.throws(decode(notUtf8, 'text/plain'), { message: 'the value cannot be decoded: it is not valid UTF-8' })
  t.throws(decode(Buffer.from('{"__proto__":null}')), { message: /could change a prototype/ })
  t.throws(
    decode(Buffer.from(`[${'{},'.repeat(99)}{"constructor":{"prototype":1}}]`)), { message: /could change a prototype/ }
  )
  for (const secret of ['secret', '{"card":4111', '{"a":secret}', '["secret"']) {
    try {
      decodeValue(Buffer.from(secret), undefined)
      t.fail('it was decoded')
    } catch (error) {
      t.notMatch(String(error), /secret|4111/)
      t.notOk(error instanceof Error && error.cause, 'whose words would quote it')
    }
  }
})

t.test('text that holds a replacement character is no error', async (t) => {
  t.equal(decodeValue(Buffer.from('"\ufffd"'), undefined), '\ufffd')
})

t.test('a byte order mark is no part of JSON, and is of text', async (t) => {
  t.strictSame(decodeValue(Buffer.from('\ufeff[1]'), undefined), [1])
  t.equal(decodeValue(Buffer.from('\ufeff1'), 'text/plain'), '\ufeff1')
})

t.test('JSON that is too deep is refused before it is parsed', async (t) => {
  const text = deep(500_000)
  const [bytes, sound] = [
    Buffer.from(text), Buffer.from(JSON.stringify(Array.from({ length: 100 }, (_, n) => ({ n, text: '[{"\\' }))))
  ]
  const refused = fastest(() => t.throws(() => decodeValue(bytes, undefined), { message: /nested deeper/ }))
  const parsed = fastest(() => { JSON.parse(text) })
  t.ok(refused < parsed / 3, `${refused} ms, and ${parsed} to parse it`)
  t.strictSame(decodeValue(sound, undefined), JSON.parse(String(sound)), 'brackets and quotes in strings are no levels')
  t.throws(
    () => decodeValue(Buffer.from('{},'.repeat(99) + '"'), undefined),
    { message: /not valid JSON/ },
    'nor is a string without an end'
  )
})

function fastest (work: () => void): number {
  const times = Array.from({ length: 3 }, () => {
    const start = performance.now()
    work()
    return performance.now() - start
  })
  return Math.min(...times)
}

t.test('more headers than Node takes for a request are not decoded', async (t) => {
  const headers = Array.from({ length: 2001 }, (_, i) => [`h${i}`, Buffer.from('v')] as const)
  t.equal(Object.keys(decodeHeaders(headers.slice(1))).length, 2000)
  t.throws(() => decodeHeaders(headers), {
    code: 'FASTSTREAM_ERR_DECODE', message: 'the headers cannot be decoded: there are more than 2000'
  })
})

t.test('JSON is read down to 64 levels', async (t) => {
  t.strictSame(decodeValue(Buffer.from(deep(64)), undefined), JSON.parse(deep(64)))
  t.throws(() => decodeValue(Buffer.from(deep(65)), undefined), {
    code: 'FASTSTREAM_ERR_DECODE', message: 'the value cannot be decoded: it is nested deeper than 64 levels'
  })
  t.throws(() => decodeValue(Buffer.from(deep(1_000_000)), undefined), { message: /nested deeper/ })
  t.throws(
    () => decodeValue(Buffer.from('{"a":'.repeat(65) + '1' + '}'.repeat(65)), undefined), { message: /nested deeper/ }
  )
  const flat = { list: Array.from({ length: 100 }, (_, n) => ({ n, tags: [] })), text: deep(100) }
  t.strictSame(decodeValue(Buffer.from(JSON.stringify(flat)), undefined), flat, 'many brackets are not many levels')
})

t.test('a key is text, null stays null and empty stays empty', async (t) => {
  t.equal(decodeKey(Buffer.from('größe')), 'größe')
  t.equal(decodeKey(Buffer.alloc(0)), '')
  t.equal(decodeKey(null), null)
  t.throws(() => decodeKey(notUtf8), {
    code: 'FASTSTREAM_ERR_DECODE', message: 'the key cannot be decoded: it is not valid UTF-8'
  })
})

t.test('headers are text by name, the last one decides', async (t) => {
  const headers = decodeHeaders([
    ['a', Buffer.from('1')],
    ['binary', notUtf8],
    ['a', Buffer.from('2')],
    ['null', null],
    ['empty', Buffer.alloc(0)],
    ['taken back', Buffer.from('1')],
    ['taken back', null]
  ])
  t.strictSame({ ...headers }, { a: '2', empty: '' })
})

t.test('names of headers that mean something to JavaScript are harmless', async (t) => {
  const names = ['__proto__', 'constructor', 'toString', 'hasOwnProperty']
  const headers = decodeHeaders(names.map((name) => [name, Buffer.from('x')]))
  t.strictSame(Object.keys(headers), names)
  t.equal(headers.__proto__, 'x') // eslint-disable-line no-proto
  t.equal(decodeHeaders([]).toString, undefined)
})

t.test('what is encoded says what it is, and is read back as it was', async (t) => {
  const written = [
    [{ a: [1, 'ü', null, true] }, true, 'application/json'],
    [[], false, 'application/json'],
    [7, false, 'application/json'],
    [false, true, 'application/json'],
    ['text', true, 'application/json'],
    ['text', false, 'text/plain'],
    ['', false, 'text/plain'],
    [Buffer.from([0, 255]), true, 'application/octet-stream'],
    [Buffer.alloc(0), false, 'application/octet-stream'],
    [null, true, undefined],
    [null, false, undefined]
  ] as const
  for (const [value, schema, type] of written) {
    const { bytes, contentType } = encodeValue(value, { topic: 'orders', schema })
    t.equal(contentType, type)
    t.strictSame(decodeValue(bytes, contentType), value)
  }
})

t.test('bytes are sent as they are', async (t) => {
  const buffer = Buffer.from('abc')
  t.equal(encodeValue(buffer, { topic: 'orders', schema: false }).bytes, buffer)
  const view = new Uint8Array(new Uint8Array([9, 1, 2, 9]).buffer, 1, 2)
  t.strictSame(encodeValue(view, { topic: 'orders', schema: false }).bytes, Buffer.from([1, 2]))
  const memory = new Uint8Array([1, 2, 3, 4]).buffer
  const shared = new SharedArrayBuffer(2)
  const kinds: Array<[value: unknown, bytes: number[]]> = [
    [memory, [1, 2, 3, 4]],
    [new DataView(memory, 1, 2), [2, 3]],
    [new Uint16Array(memory, 2), [3, 4]],
    [new Float64Array(1), [0, 0, 0, 0, 0, 0, 0, 0]],
    [shared, [0, 0]],
    [runInNewContext('new Uint8Array([7])'), [7]],
    [runInNewContext('new Uint8Array([7]).buffer'), [7]]
  ]
  for (const [value, bytes] of kinds) {
    const encoded = encodeValue(value, { topic: 'orders', schema: true })
    t.strictSame(encoded, { bytes: Buffer.from(bytes), contentType: 'application/octet-stream' })
  }
})

t.test('what JSON cannot hold is an error that says why', async (t) => {
  const encode = (value: unknown) => (): unknown => encodeValue(value, { topic: 'orders', schema: false })
  const cycle: { self?: unknown } = {}
  cycle.self = cycle
  t.throws(encode(undefined), {
    code: 'FASTSTREAM_ERR_ENCODE',
    message: "the value of the message for 'orders' cannot be encoded and was not sent: value is undefined, for which JSON has no form: write null, or leave it out"
  })
  t.throws(encode(cycle), { code: 'FASTSTREAM_ERR_ENCODE', message: /circular structure to JSON$/ })
  const thrown = 'a string'
  t.throws(encode({ toJSON () { throw thrown } }), { code: 'FASTSTREAM_ERR_ENCODE', message: /: a string$/ })
  const deep = (levels: number): unknown => levels === 0 ? 1 : [deep(levels - 1)]
  encode(deep(64))()
  t.throws(
    encode(deep(65)),
    { code: 'FASTSTREAM_ERR_ENCODE', message: /deeper than 64 levels$/ },
    'a subscriber would not read it'
  )
  let asked = 0
  t.throws(encode({ toJSON: () => asked++ === 0 ? 1 : undefined }), {
    code: 'FASTSTREAM_ERR_ENCODE', message: /toJSON\(\) returned a value at first/
  })
})
