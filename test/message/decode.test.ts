import t from 'tap'
import { checkSize, decode, validated } from '../../lib/message/decode.js'
import { record } from '../support/record.js'

const RULES = { bodyLimit: 100, validators: {} }

t.test('a message of as many bytes as bodyLimit is decoded, and a larger one is not', async (t) => {
  for (const size of [0, 99, 100]) checkSize(size, 100)
  t.throws(() => checkSize(101, 100), {
    code: 'FASTSTREAM_ERR_DECODE', message: /^the message cannot be decoded: it has 101 bytes, .*'bodyLimit' \(100\)/
  })
  t.throws(() => decode(record(0, '1', { size: 101 }), RULES), { code: 'FASTSTREAM_ERR_DECODE' })
})

t.test('key and headers are decoded for their schemas only', async (t) => {
  const message = record(0, '{"a":1}', { key: Buffer.from('7'), headers: [['h', Buffer.from('x')]] })
  t.strictSame(decode(message, RULES), { value: { a: 1 }, key: undefined, headers: undefined })
  const validators = {
    key: (key: unknown) => Number(key),
    headers: (headers: unknown) => Object.keys(headers as object),
    value: (value: unknown) => [value]
  }
  t.strictSame(decode(message, { ...RULES, validators }), { value: [{ a: 1 }], key: 7, headers: ['h'] })
})

t.test('a value that was decoded already is not decoded again', async (t) => {
  const validators = { value: (value: unknown) => [value] }
  t.strictSame(decode(record(0, '{'), { ...RULES, validators }, { value: 7 }).value, [7])
  t.strictSame(decode(record(0, '{'), RULES, { value: undefined }).value, undefined)
})

t.test('a tombstone is null or refused, and a JSON null is what the schema makes of it', async (t) => {
  const coercing = { value: () => '' }
  const nullable = { value: (value: unknown) => value }
  const code = 'FASTSTREAM_ERR_VALIDATION'
  t.throws(() => decode(record(0, null), { ...RULES, validators: coercing }), { code, message: /must not be null/ })
  t.equal(decode(record(0, null), { ...RULES, validators: nullable }).value, null)
  t.equal(decode(record(0, 'null'), { ...RULES, validators: coercing }).value, '')
  t.equal(decode(record(0, null), RULES).value, null)
  t.equal(validated(null, false, coercing), '')
  t.equal(validated('decoded', true, coercing), '', 'a codec has made a value of the tombstone')
  t.throws(() => validated(null, true, coercing), { code })
})
