import t from 'tap'
import { acceptCorrelationId, receivedCorrelationId } from '../../lib/message/correlation-id.js'
import { logLines } from '../support/log-lines.js'
import { record } from '../support/record.js'

const UUID = /^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$/

t.test('a correlation id of at most 256 visible characters is passed on', async (t) => {
  const log = logLines()
  for (const given of ['', 'a', 'x'.repeat(256), 'größe', '\u{1f600}'.repeat(128)]) {
    t.equal(acceptCorrelationId(given, () => 'fresh', log), given)
  }
  t.same(log.lines, [])
})

t.test('a correlation id that is too long or not visible is replaced, and the log says so', async (t) => {
  for (const [given, shown] of [
    ['x'.repeat(257), 'x'.repeat(256)], ['a\u0000', 'a\\u0000'], ['a\u202eb', 'a\\u202eb'], ['a\nb', 'a\\u000ab']
  ] as const) {
    const log = logLines()
    t.equal(acceptCorrelationId(given, () => 'fresh', log, { topic: 'orders' }), 'fresh')
    t.equal(log.lines.length, 1)
    t.match(log.lines[0], /^warn .*256 characters/)
    t.strictSame(log.details, [{ topic: 'orders', correlationId: 'fresh', given: shown }])
  }
})

t.test('a record has the correlation id of its last header, or a new one', async (t) => {
  const log = logLines()
  const headers = ['1', '2'].map((text) => ['correlation_id', Buffer.from(text)] as const)
  t.equal(receivedCorrelationId(record(0, 'v', { headers: [...headers] }), log, { place: {} }), '2')
  const [one, other] = [0, 1].map(() => receivedCorrelationId(record(0), log, { place: {} }))
  t.match(one, UUID)
  t.not(one, other)
  const long = [['correlation_id', Buffer.from('x'.repeat(257))] as const]
  t.match(receivedCorrelationId(record(0, 'v', { headers: long }), log, { place: { partition: 1 } }), UUID)
  t.match(log.details, [{ partition: 1 }])
})
