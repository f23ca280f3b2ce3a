import t from 'tap'
import { decodeValueOf } from '../../lib/message/decode-value.js'
import type { ConsumedRecord } from '../../lib/transport/transport.js'
import { record } from '../support/record.js'

const BYTES = Buffer.from('{"of":"bytes"}')

/** A record whose text differs from its bytes, to see which of them is read. */
function recordWith (text: string | null | undefined, contentType?: string): ConsumedRecord {
  const headers = contentType === undefined ? [] : [['content-type', Buffer.from(contentType)] as const]
  return { ...record(0, null, { headers }), value: BYTES, valueText: () => text }
}

t.test('JSON is read as text, where the record can do so', async (t) => {
  t.strictSame(decodeValueOf(recordWith('{"of":"text"}')), { of: 'text' })
  t.strictSame(decodeValueOf(recordWith('{"of":"text"}', 'application/json')), { of: 'text' })
  t.strictSame(decodeValueOf({ ...record(0, null), value: BYTES }), { of: 'bytes' })
  t.equal(decodeValueOf(recordWith(null)), null, 'a tombstone')
  t.throws(() => decodeValueOf(recordWith(undefined)), { code: 'FASTSTREAM_ERR_DECODE', message: /not valid UTF-8/ })
  t.throws(() => decodeValueOf(recordWith('')), {
    code: 'FASTSTREAM_ERR_DECODE', message: /^the value cannot .*not valid JSON/
  })
})

t.test('a value of another type is read from its bytes', async (t) => {
  t.strictSame(decodeValueOf(recordWith('text', 'application/json; charset=utf-8')), { of: 'bytes' })
  t.equal(decodeValueOf(recordWith('text', 'text/plain')), '{"of":"bytes"}')
  t.equal(decodeValueOf(recordWith('text', 'application/octet-stream')), BYTES)
})
