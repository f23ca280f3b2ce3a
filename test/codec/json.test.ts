import t from 'tap'
import { endOfString, isJson, jsonImage, parseJson, parseJsonText, provenToJson, toJson } from '../../lib/codec/json.js'

const deep = (levels: number): string => '['.repeat(levels) + ']'.repeat(levels)
const parse = (text: string): unknown => parseJson(Buffer.from(text), 'value')

t.test('a value that is its own image is known as such', async (t) => {
  class Entity { readonly id = 'a' }
  for (const value of ['', 'a', true, false, null, 0, -1.5, {}, [], { a: [1, { b: null }] }, Object.create(null)]) {
    t.equal(isJson(value), true, JSON.stringify(value))
    t.same(jsonImage(value, 'value', 'orders'), value)
  }
  for (const value of [
    undefined, NaN, Infinity, 1n, Symbol('s'), () => 1, new Date(0), new Entity(), new Map(), Buffer.from('a'),
    { toJSON: () => 1 }, Object.assign([1], { toJSON: () => 1 }), { a: undefined }, [undefined], Array(1), [[NaN]]
  ]) {
    t.equal(isJson(value), false, String(value))
  }
})

t.test('what all objects inherit is no member of a value', async (t) => {
  Reflect.set(Object.prototype, 'inherited', () => {})
  t.teardown(() => { Reflect.deleteProperty(Object.prototype, 'inherited') })
  t.equal(isJson({ a: 1 }), true)
  t.equal(isJson({ a: 1, inherited: () => {} }), false)
})

t.test('a value is its own image down to 64 levels', async (t) => {
  t.equal(isJson(JSON.parse(deep(64))), true)
  t.equal(isJson(JSON.parse(deep(65))), false)
  t.equal(isJson(JSON.parse(`${'['.repeat(64)}1${']'.repeat(64)}`)), true, 'a number has no level')
  t.equal(isJson(JSON.parse(`${'{"a":'.repeat(65)}1${'}'.repeat(65)}`)), false)
})

t.test('text is as deep as the brackets that are open, outside of strings', async (t) => {
  for (const sound of [
    deep(64),
    `{"a":${deep(63)},"b":${deep(63)}}`,
    JSON.stringify(Array(64).fill({})),
    JSON.stringify(Array(100).fill([{}])),
    JSON.stringify({ text: '['.repeat(100), escaped: `\\"${'{'.repeat(100)}`, end: '\\' }),
    JSON.stringify(Array(70).fill({ quote: '"[[', slash: '\\', both: '\\"{' }))
  ]) {
    t.strictSame(parse(sound), JSON.parse(sound))
  }
  for (const beside of ['1', '"]]]]"', '"\\"]]"', '{}']) {
    t.throws(() => parse(`[${beside},${deep(64)}]`), {
      code: 'FASTSTREAM_ERR_DECODE', message: /nested deeper than 64 levels$/
    })
  }
  t.throws(() => parse(`${'{"a":'.repeat(33)}${deep(32)}${'}'.repeat(33)}`), { message: /nested deeper/ }, 'both kinds')
})

t.test('the end of a string is its next quote that no backslash takes', async (t) => {
  t.equal(endOfString('"a"b"', 0), 2)
  t.equal(endOfString('x"a"', 1), 3)
  t.equal(endOfString('""', 0), 1)
  t.equal(endOfString('"a\\"b"', 0), 5)
  t.equal(endOfString('"a\\\\"b"', 0), 4)
  t.equal(endOfString('"a\\\\\\"b"', 0), 7)
  t.equal(endOfString('"a', 0), 2)
  t.equal(endOfString('"a\\"', 0), 4)
})

t.test('a key that could change a prototype is refused however it is written, and a text is not', async (t) => {
  const message = /could change a prototype/
  for (const json of [
    '{"__proto__":1}', '[{"a":{"__proto__":{}}}]', '{"constructor":{"prototype":1}}', '{"\\u005f_proto__":1}',
    '{"\\u005f\\u005fproto_\\u005f":1}', '{"construct\\u006fr":{"prototype":1}}', '{"constr\\u0075ctor":{"prototype":1}}'
  ]) {
    t.throws(() => parse(json), { code: 'FASTSTREAM_ERR_DECODE', message }, json)
  }
  for (const json of [
    '"__proto__"', '{"a":"__proto__"}', '{"constructor":1}', '{"constructor":{"a":1}}', '"a\\u0000"', 'null', '["uctor"]'
  ]) {
    t.equal(JSON.stringify(parse(json)), JSON.stringify(JSON.parse(json)), json)
  }
})

t.test('JSON is read with a parser of its own, whose error has no place in logs', async (t) => {
  const seen: string[] = []
  const own = (text: string): unknown => { seen.push(text); return { text } }
  t.same(parseJson(Buffer.from('\ufeff[1]'), 'value', own), { text: '[1]' })
  t.same(parseJsonText('[2]', 'value', own), { text: '[2]' })
  t.same(seen, ['[1]', '[2]'])
  const failing = (): never => { throw new Error('secret') }
  t.throws(() => parseJsonText('[1]', 'key', failing), {
    code: 'FASTSTREAM_ERR_DECODE', message: 'the key cannot be decoded: it is not valid JSON', cause: undefined
  })
  t.throws(() => parseJsonText(undefined, 'key'), { message: 'the key cannot be decoded: it is not valid UTF-8' })
})

t.test('what throws while it is written is the cause, with the first line of its words', async (t) => {
  const cause = new Error('first\nsecond')
  const value = { toJSON () { throw cause } }
  for (const write of [toJson, provenToJson]) {
    t.throws(() => write(value, 'key', 'orders'), {
      code: 'FASTSTREAM_ERR_ENCODE', message: /^the key of the message for 'orders' .*: first$/, cause
    })
  }
  t.throws(() => provenToJson(undefined, 'value', 'orders'), { message: /and then none/ })
})

t.test('a value whose form was checked is not asked for it again', async (t) => {
  let asked = 0
  const value = { toJSON: () => ++asked }
  t.equal(provenToJson(value, 'value', 'orders'), '1')
  t.equal(toJson(value, 'value', 'orders'), '3')
})

t.test('what JSON has no form for is named by its place, and depth by its levels', async (t) => {
  t.throws(() => toJson({ a: [NaN] }, 'value', 'orders'), {
    code: 'FASTSTREAM_ERR_ENCODE', message: /value\/a\/0 is NaN/, validation: [{ instancePath: '/a/0' }]
  })
  t.throws(() => toJson(JSON.parse(deep(65)), 'value', 'orders'), { message: /deeper than 64 levels$/ })
  t.equal(toJson(JSON.parse(deep(64)), 'value', 'orders'), deep(64))
})
