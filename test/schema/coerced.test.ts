import t from 'tap'
import { findCoerced } from '../../lib/schema/coerced.js'

const coerced = (type: string, instancePath: string) => {
  return { instancePath, keyword: 'type', params: { type }, message: `must be ${type}` }
}

t.test('the first member of another type is found, with its place and the type that the schema asks for', async (t) => {
  t.strictSame(findCoerced('1', 1), coerced('number', ''))
  t.strictSame(findCoerced({ a: 1, b: ['x', { 'c/d': '1' }] }, { a: 1, b: ['x', { 'c/d': 1 }] }), {
    ...coerced('number', '/b/1/c~1d')
  })
  t.strictSame(findCoerced({ a: '1', b: '2' }, { a: 1, b: 2 }), coerced('number', '/a'))
  t.strictSame(findCoerced({ a: 'x' }, { a: ['x'] }), coerced('array', '/a'))
  t.strictSame(findCoerced({ a: '' }, { a: null }), coerced('null', '/a'))
  t.strictSame(findCoerced({ a: null }, { a: '' }), coerced('string', '/a'))
})

t.test('a value of the same types is not coerced, whatever was changed, added or removed', async (t) => {
  t.equal(findCoerced({ a: 'x', b: null, c: [1] }, { a: 'X', b: null, c: [2] }), undefined)
  t.equal(findCoerced({ a: 'x', gone: 1 }, { a: 'x', added: 1 }), undefined)
  t.equal(findCoerced([1, 2], [1]), undefined)
  t.equal(findCoerced(null, null), undefined)
})

t.test('what a keyword of the app makes an object of is not coerced', async (t) => {
  t.equal(findCoerced('2026-01-01', new Date(0)), undefined)
  t.equal(findCoerced(null, {}), undefined)
  t.equal(findCoerced(['1'], { 0: 1 }), undefined)
})
