import t from 'tap'
import { ArrivedMessage } from '../../lib/message/arrived-message.js'
import type { ConsumedRecord, RawHeader } from '../../lib/transport/transport.js'
import { record } from '../support/record.js'

const RULES = { bodyLimit: 1000, hasCodecs: false }
const arrived = (record: ConsumedRecord, rules = RULES) => {
  return new ArrivedMessage({ topic: 'orders', partition: 2, record }, rules)
}

t.test('a message that has arrived has its place, and what was sent', async (t) => {
  const headers: RawHeader[] = [['a', Buffer.from('1')]]
  const message = arrived(record(7, '{"a":1}', { key: Buffer.from('k'), headers }))
  t.match(message, { topic: 'orders', partition: 2, offset: 7n })
  t.same(message.timestamp, new Date(1_700_000_000_000))
  t.same(message.key, Buffer.from('k'))
  t.equal(message.rawHeaders, headers)
  t.same({ ...message.headers }, { a: '1' })
  t.same(message.value, { a: 1 })
  t.equal(arrived(record(7, null)).value, null)
})

t.test('headers and value are decoded once, and only when they are read', async (t) => {
  const message = arrived(record(7, '{"a":1}', { headers: [['a', Buffer.from('1')]] }))
  t.equal(ArrivedMessage.decodedOf(message), undefined)
  t.equal(message.headers, message.headers)
  t.equal(message.value, message.value)
  t.equal(ArrivedMessage.decodedOf(message)?.value, message.value)
})

t.test('a value that is too large, or that a codec decodes, is not decoded here', async (t) => {
  const code = 'FASTSTREAM_ERR_DECODE'
  t.equal(arrived(record(7, '1', { size: 1000 })).value, 1)
  t.throws(() => arrived(record(7, '1', { size: 1001 })).value, { code, message: /bodyLimit/ })
  t.throws(() => arrived(record(7, '1'), { ...RULES, hasCodecs: true }).value, {
    code, message: /^the value cannot be decoded: it has a codec/
  })
  t.same({ ...arrived(record(7, '1'), { ...RULES, hasCodecs: true }).headers }, {}, 'its headers are')
})
