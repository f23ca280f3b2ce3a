import t from 'tap'
import { differences, shown, snapshot } from '../../lib/testing/expected.js'

t.test('members that are not named may be anything, those of a list are compared one by one', async (t) => {
  const order = { id: '1', lines: [{ sku: 'a', count: 2 }, { sku: 'b', count: 1 }] }
  t.same(differences(order, { lines: [{ sku: 'a' }, { count: 1 }] }), [])
  t.same(differences(order, { id: '2', lines: [{ sku: 'c' }] }), [
    "value.id: expected '2', got '1'", 'value.lines: expected a list of 1, got one of 2',
    "value.lines[0].sku: expected 'c', got 'a'"
  ])
  t.same(differences(order, {}), [])
  t.same(differences('text', { id: '1' }), ["value: expected { id: '1' }, got 'text'"])
  t.same(differences(null, { id: '1' }), ["value: expected { id: '1' }, got null"])
  t.same(differences({ 0: 'a' }, ['a']).length, 1)
  t.same(differences(Object.create(null, { a: { value: 1, enumerable: true } }), { a: 1 }), [])
})

t.test('a regular expression, a class, a function and a matcher of a test runner may stand for a value', async (t) => {
  const even = (count: unknown) => Number(count) % 2 === 0
  const anyNumber = { asymmetricMatch: (actual: unknown) => typeof actual === 'number' }
  class Money {}
  const bytes = Buffer.from('a')
  const actual = { id: 'A-1', count: 2, at: new Date(), yes: true, big: 1n, money: new Money(), bytes }
  const expected = { id: /^A-/g, count: even, at: Date, yes: Boolean, big: BigInt, money: Money, bytes: Buffer }
  t.same(differences(actual, expected), [])
  t.same(differences(actual, expected), [], 'a global expression has no memory')
  t.same(differences({ count: 3 }, { count: even }), ['value.count: expected even, got 3'])
  t.same(differences({ count: 3 }, { count: anyNumber }), [])
  t.same(differences({ count: '3' }, { count: anyNumber }).length, 1)
  t.same(differences({ id: 1 }, { id: /1/ }), ['value.id: expected /1/, got 1'])
  t.same(differences({ id: 1 }, { id: String }), ['value.id: expected String, got 1'])
  t.same(differences({ money: {} }, { money: Money }).length, 1)
  t.same(differences({ on: Symbol.iterator }, { on: Symbol }), [])
  function isSmall (count: number): boolean { return count < 10 }
  t.same(differences(11, isSmall), ['value: expected isSmall, got 11'])
})

t.test('dates and bytes are equal by their content, everything else by identity', async (t) => {
  t.same(differences(new Date(1), new Date(1)), [])
  t.same(differences(new Date(1), new Date(2)).length, 1)
  t.same(differences(Buffer.from('a'), Buffer.from('b')).length, 1)
  t.same(differences(NaN, NaN), [])
  t.same(differences(new Map(), new Map()).length, 1)
})

t.test('a value is shown on one line, cut where it is long', async (t) => {
  t.equal(shown({ text: 'a\nb' }), "{ text: 'a\\nb' }")
  t.equal(shown('x'.repeat(500), 10), "'xxxxxxxxx…")
  t.equal(shown(() => {}), '[Function (anonymous)]')
})

t.test('a snapshot is a copy of plain values, and holds everything else itself', async (t) => {
  const bytes = Buffer.from('a')
  const value = { list: [{ n: 1 }], bytes }
  const copy = snapshot(value)
  value.list[0]!.n = 2
  t.same(copy, { list: [{ n: 1 }], bytes })
  t.equal((copy as typeof value).bytes, bytes)
  const endless: { self?: unknown } = {}
  endless.self = endless
  t.ok(snapshot(endless), 'a cycle ends')
})
