import t from 'tap'
import { isSmall } from '../../lib/schema/small.js'

const named = (count: number): object => Object.fromEntries(Array.from({ length: count }, (_, n) => [`${n}`, 1]))

t.test('a small value has at most 50 members, on all levels together', async (t) => {
  t.ok(isSmall(named(50)))
  t.notOk(isSmall(named(51)))
  t.ok(isSmall(Array(50).fill(1)))
  t.notOk(isSmall(Array(51).fill(1)))
  t.ok(isSmall({ a: named(24), b: named(24) }))
  t.notOk(isSmall({ a: named(25), b: named(24) }))
})

t.test('a small value has at most 4096 characters, names and texts together', async (t) => {
  t.ok(isSmall('x'.repeat(4096)))
  t.notOk(isSmall('x'.repeat(4097)))
  t.ok(isSmall({ ['n'.repeat(4096)]: 1 }))
  t.notOk(isSmall({ ['n'.repeat(4097)]: 1 }))
  t.ok(isSmall({ ab: 'x'.repeat(4094) }))
  t.notOk(isSmall({ ab: 'x'.repeat(4095) }))
  t.notOk(isSmall([['x'.repeat(2000)], ['y'.repeat(2097)]]))
})

t.test('a list with more than 50 places is not small, with values in them or without', async (t) => {
  t.notOk(isSmall(Array(51)))
  t.ok(isSmall(Array(50)))
})

t.test('bytes are one value, and null and numbers have no members', async (t) => {
  t.ok(isSmall(Buffer.alloc(51)))
  t.ok(isSmall({ bytes: new DataView(new ArrayBuffer(51)), none: null, absent: undefined, count: 1 }))
  for (const value of [null, undefined, 1, true]) t.ok(isSmall(value), String(value))
})
