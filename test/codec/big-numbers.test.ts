import t from 'tap'
import { parseBigNumbers, writeBigNumbers } from '../../lib/codec/big-numbers.js'

const BIG = '12345678901234567890'

t.test('only whole numbers that a JavaScript number cannot hold are kept', async (t) => {
  const kept = (number: string) => parseBigNumbers(number, 'text')
  for (const number of ['9007199254740992', '-9007199254740992', BIG, `-${BIG}`]) t.equal(kept(number), number)
  for (const number of ['9007199254740991', '-9007199254740991', '1234567890123456', '-1234567890123456']) {
    t.equal(kept(number), Number(number))
  }
  for (const number of [
    `${BIG}.5`, `${BIG}.0`, `${BIG}e2`, `${BIG}E-2`, `${BIG}e+25`, `${BIG}.25e+2`, `0.${BIG}`, `-0.${BIG}`, `1e${'0'.repeat(20)}1`
  ]) {
    t.equal(kept(number), Number(number), number)
  }
})

t.test('white space and names around a number do not matter, and names are no numbers', async (t) => {
  t.strictSame(parseBigNumbers(`{"${BIG}" : ${BIG} , "a":[ ${BIG}\n,\t-${BIG}]}`, 'text'), {
    [BIG]: BIG, a: [BIG, `-${BIG}`]
  })
  t.strictSame(parseBigNumbers(`{"a":"${BIG}","b":${BIG}}`, 'bigint'), { a: BIG, b: BigInt(BIG) })
  t.strictSame(parseBigNumbers(`["\\"${BIG}",${BIG}]`, 'text'), [`"${BIG}`, BIG])
  t.throws(() => parseBigNumbers(`{${BIG}\t:1}`, 'text'), SyntaxError)
})

t.test('a text that looks like a kept number stays text', async (t) => {
  const text = '123e4567-e89b-12d3-a456-426614174000 12345678901234567890'
  t.strictSame(parseBigNumbers(JSON.stringify([text, 'a']), 'bigint'), [text, 'a'])
})

t.test('a value without a BigInt is written as it is, and one with a BigInt by a copy', async (t) => {
  const seen: unknown[] = []
  const write = (value: unknown): string => { seen.push(value); return JSON.stringify(value) }
  class Entity { a = [1] }
  for (const value of [{ a: [1, { b: NaN }] }, [], 'text', null, undefined, new Entity(), new Map(), new Date(0)]) {
    writeBigNumbers(value, write)
    t.equal(seen.at(-1), value)
  }
  const inner = { c: 1 }
  const value = { a: [inner, 1n], b: inner }
  t.equal(writeBigNumbers(value, write), '{"a":[{"c":1},1],"b":{"c":1}}')
  const copy = seen.at(-1) as typeof value
  t.not(copy, value)
  t.equal(copy.b, inner, 'what holds no BigInt is not copied')
  t.equal(copy.a[0], inner)
  t.strictSame(value, { a: [inner, 1n], b: inner })
})

t.test('several BigInts are written, negative ones and those of objects without a prototype', async (t) => {
  const value = [1n, -2n, [3n, 'x'], Object.assign(Object.create(null), { a: 4n })]
  t.equal(writeBigNumbers(value, JSON.stringify), '[1,-2,[3,"x"],{"a":4}]')
})

t.test('a value that is too deep or that throws when it is read reaches the writer as it is', async (t) => {
  const deep = (levels: number): unknown => levels === 0 ? 1n : [deep(levels - 1)]
  const throwing = { get a (): bigint { throw new Error('no') }, b: 1n }
  for (const value of [deep(65), throwing]) {
    let seen: unknown
    writeBigNumbers(value, (value) => { seen = value; return '' })
    t.equal(seen, value)
  }
  t.equal(writeBigNumbers(deep(64), JSON.stringify), `${'['.repeat(64)}1${']'.repeat(64)}`)
})
