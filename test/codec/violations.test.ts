import t from 'tap'
import { invalid, type Violation } from '../../lib/codec/violations.js'

type Invalid = Error & { readonly validation: Violation[], readonly validationContext: string }

const made = (found: unknown): Invalid => {
  return invalid('value', found, (reason, ...options) => new Error(reason, ...options)) as Invalid
}

t.test('an error lists what a validator found, without the values that it quotes', async (t) => {
  const error = made([
    { instancePath: '/a', keyword: 'minimum', message: 'must be >= 0', params: { limit: 0, tagValue: 'secret' } },
    { instancePath: '/b' },
    {}
  ])
  t.equal(error.message, 'value/a must be >= 0, value/b is not valid, value is not valid')
  t.strictSame(error.validation, [
    { instancePath: '/a', keyword: 'minimum', message: 'must be >= 0', params: { limit: 0 } },
    { instancePath: '/b' },
    { instancePath: '' }
  ])
  t.equal(error.validationContext, 'value')
  t.equal(error.cause, undefined)
})

t.test('an error of the validator is the cause, and what is no list has no violations', async (t) => {
  const cause = new Error('too late')
  t.match(made(cause), { message: 'too late', cause, validation: [] })
  for (const found of [undefined, null, [], 'text', { 0: {} }]) {
    const error = made(found)
    t.equal(error.message, 'value is not valid')
    t.strictSame(error.validation, [])
  }
})

t.test('at most 50 violations are listed', async (t) => {
  t.equal(made(Array(50).fill({})).validation.length, 50)
  t.equal(made(Array(51).fill({})).validation.length, 50)
})

t.test('all violations together have at most 16384 bytes of JSON', async (t) => {
  const each = (bytes: number): object => {
    const empty = Buffer.byteLength(JSON.stringify({ instancePath: '', message: '' }))
    return { instancePath: '', message: 'x'.repeat(bytes - empty) }
  }
  // Two brackets, and one byte behind each violation.
  const exact = [...Array(31).fill(each(512)), each(16_382 - 31 * 513 - 1)]
  const { validation } = made(exact)
  t.equal(validation.length, 32)
  t.equal(Buffer.byteLength(JSON.stringify(validation)), 16_383)
  t.equal(made([...exact.slice(0, 31), each(16_382 - 31 * 513)]).validation.length, 31)
})

t.test('names, places and texts of a violation are bounded, and show what cannot be seen', async (t) => {
  const long = 'x'.repeat(5000)
  const found = { instancePath: `/${long}`, keyword: long, message: long, params: { a: long } }
  const [violation] = made([found]).validation as [Required<Violation>]
  const { instancePath, keyword, message, params } = violation
  const lengths = [instancePath, keyword, message, JSON.stringify(params)].map((text) => text.length)
  t.same(lengths, [256, 128, 512, '{"a":""}'.length + 1020])
  t.match(made([{ instancePath: '/a\u0000', keyword: 'k\n', message: 'two\n\n lines\u0007' }]).validation, [
    { instancePath: '/a\\u0000', keyword: 'k\\u000a', message: 'two lines\\u0007' }
  ])
  const many = Object.fromEntries(Array.from({ length: 60 }, (_, n) => [`p${n}`, n]))
  t.equal(Object.keys(made([{ params: many }]).validation[0]?.params ?? {}).length, 50)
})
