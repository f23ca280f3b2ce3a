import t from 'tap'
import { RawMessage } from '../../lib/message/raw-message.js'
import type { RawHeader } from '../../lib/transport/transport.js'
import { record } from '../support/record.js'

const { signal } = new AbortController()
const headers: RawHeader[] = [['content-type', Buffer.from('text/plain')], ['a', Buffer.from('1')]]
const delivery = { topic: 'orders', partition: 2, signal, record: record(7, 'v', { key: Buffer.from('k'), headers }) }
const raw = () => new RawMessage(delivery, delivery.record)

t.test('a message before it is decoded has its place and its bytes', async (t) => {
  const message = raw()
  t.match(message, { topic: 'orders', partition: 2, offset: 7n, rawKey: Buffer.from('k'), rawValue: Buffer.from('v') })
  t.same(message.timestamp, new Date(1_700_000_000_000))
  t.equal(message.rawHeaders, headers)
  t.equal(message.signal, signal)
  t.same({ ...message.headers }, { 'content-type': 'text/plain', a: '1' })
  t.equal(message.headers, message.headers, 'decoded once')
  t.equal(RawMessage.contentTypeOf(message), 'text/plain')
})

t.test('a message with other parts keeps its place and what is not given', async (t) => {
  const other = RawMessage.with(raw(), { value: Buffer.from('w') })
  t.match(other, { topic: 'orders', offset: 7n, rawKey: Buffer.from('k'), rawValue: Buffer.from('w') })
  t.equal(other.rawHeaders, headers)
  const parsed = RawMessage.with(raw(), { key: null, value: null, headers: [] })
  t.match(parsed, { rawKey: null, rawValue: null, rawHeaders: [] })
  t.equal(RawMessage.contentTypeOf(parsed), undefined, 'also where the record knows a shorter way')
  const short = { ...delivery.record, headerText: (name: string) => `short ${name}` }
  t.equal(RawMessage.contentTypeOf(new RawMessage({ ...delivery, record: short }, short)), 'short content-type')
})
