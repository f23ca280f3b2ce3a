import t from 'tap'
import { findFormless } from '../../lib/codec/json-form.js'

t.test('toJSON gets the key under which its value stands, as from JSON.stringify', async (t) => {
  const seen: string[] = []
  const noting = { toJSON (key: string) { seen.push(key); return 1 } }
  for (const value of [noting, { a: noting, b: [0, noting] }]) {
    seen.length = 0
    JSON.stringify(value)
    const expected = [...seen]
    seen.length = 0
    t.equal(findFormless(value), undefined)
    t.same(seen, expected)
  }
  t.same(seen, ['a', '1'])
})

t.test('a date is asked for a form only where its own toJSON is not that of Date', async (t) => {
  t.equal(findFormless(Object.assign(new Date(NaN), { toJSON: () => 'none' })), undefined)
  t.match(findFormless(Object.assign(new Date(0), { toJSON: () => NaN })), { message: /is NaN/ })
  const like = { toJSON: Date.prototype.toJSON, valueOf: () => 1, toISOString: () => 'then' }
  t.equal(findFormless(like), undefined, 'an object that borrows the toJSON of Date')
  t.match(findFormless({ ...like, toISOString: () => 1n }), { message: /is a BigInt/ })
})

t.test('a Buffer with a toJSON of its own is asked for its form', async (t) => {
  t.match(findFormless(Object.assign(Buffer.from('a'), { toJSON: () => NaN })), { message: /is NaN/ })
})

t.test('a toJSON that is no function is a member', async (t) => {
  t.equal(findFormless({ toJSON: 1 }), undefined)
  t.match(findFormless({ toJSON: NaN }), { instancePath: '/toJSON' })
})

t.test('an object that inherits from Error is an error', async (t) => {
  t.match(findFormless(Object.assign(Object.create(Error.prototype), { a: 1 })), { message: /instance of Error/ })
  class Refusal extends Error {}
  t.match(findFormless(new Refusal('no')), { message: /instance of Refusal/ })
})

t.test('an instance without members is named by what it can do', async (t) => {
  class Bag { * [Symbol.iterator] () { yield 1 } }
  class Pairs extends Bag { entries () { return this[Symbol.iterator]() } }
  class Body { arrayBuffer () {} }
  class Thenable { then = 1 }
  t.match(findFormless(new Bag()), { message: /instance of Bag.*\[\.\.\.it\]/ })
  t.match(findFormless(new Pairs()), { message: /instance of Pairs.*Object\.fromEntries/ })
  t.match(findFormless(new Body()), { message: /instance of Body.*await its json/ })
  t.equal(findFormless(new Thenable()), undefined, 'a member called then is no promise')
  t.equal(findFormless(Object.assign(new Bag(), { a: 1 })), undefined, 'with members of its own it is an entity')
  t.match(findFormless(Object.assign(new (class Odd { a = 1 })(), { b: NaN })), { instancePath: '/b' })
})

t.test('a rejected promise ends no process', async (t) => {
  t.match(findFormless(Promise.reject(new Error('unheard'))), { message: /is a promise/ })
  await new Promise((resolve) => setImmediate(resolve))
})

t.test('a value is searched down to 64 levels', async (t) => {
  const deep = (levels: number): unknown => levels === 0 ? 1 : [deep(levels - 1)]
  t.equal(findFormless(deep(64)), undefined)
  t.type(findFormless(deep(65)), 'symbol')
  const named = (levels: number): unknown => levels === 0 ? 1 : { a: named(levels - 1) }
  t.equal(findFormless(named(64)), undefined)
  t.type(findFormless(named(65)), 'symbol')
  t.equal(findFormless([...Array(3)].reduce((value) => Object(value), 1)), undefined)
  t.type(findFormless([deep(65), NaN]), 'symbol', 'what is too deep ends the search')
})
