import { inspect } from 'node:util'
import t from 'tap'
import { FailedRecord } from '../../lib/message/failed-record.js'
import { shownKey } from '../../lib/message/key-text.js'
import { FirstRecord, ReceivedRecord } from '../../lib/message/received-record.js'
import { attempt, scopeWith, sourceWith } from '../support/received.js'

const BINDINGS = {
  subscriber: 'take', groupId: 'shop', topic: 'orders', partition: 2, offset: '7', correlationId: 'c'
}
const received = (serializers?: unknown) => {
  const { delivery } = attempt([['tenant', Buffer.from('secret')]])
  return new ReceivedRecord(sourceWith({ scope: scopeWith(serializers) }), delivery)
}

t.test('a record has its place, its attempt and its correlation id', async (t) => {
  const record = received()
  t.match(record, { topic: 'orders', partition: 2, offset: 7n, attempt: 3, correlationId: 'c' })
  t.same([record.rawKey, record.rawValue], [Buffer.from('k'), Buffer.from('v')])
  t.equal(record.log, record.log)
})

t.test('the log of a message names it, and writes keys as text', async (t) => {
  const asText = { serializers: { key: shownKey } }
  for (const serializers of [undefined, null, 'key', { err: String }, {}]) {
    t.strictSame({ ...received(serializers).log }, { bindings: BINDINGS, options: asText })
  }
})

t.test('a serializer of the app for keys is left as it is', async (t) => {
  t.strictSame({ ...received({ key: String }).log }, { bindings: BINDINGS, options: undefined })
})

t.test('a record is shown with its key as text, and without headers and value', async (t) => {
  const record = received()
  t.same(JSON.parse(JSON.stringify(record)), {
    topic: 'orders',
    partition: 2,
    offset: '7',
    key: 'k',
    timestamp: '2023-11-14T22:13:20.000Z',
    attempt: 3,
    correlationId: 'c'
  })
  t.match(inspect(record), /^UndecodedMessage \{[^]*offset: 7n[^]*key: 'k'[^]*correlationId: 'c'/)
  for (const shown of [inspect(record), JSON.stringify(record)]) t.notMatch(shown, 'secret')
})

t.test('a message that failed has the stage, and what was decoded', async (t) => {
  const { delivery } = attempt()
  t.match(new FailedRecord(sourceWith(), delivery, 'validate', undefined), {
    topic: 'orders', offset: 7n, stage: 'validate', message: undefined
  })
  const message = received() as never
  t.equal(new FailedRecord(sourceWith(), delivery, 'handler', message).message, message)
})

t.test('the records of a batch are made once, when they are asked for', async (t) => {
  let asked = 0
  const first = new FirstRecord(sourceWith(), attempt().delivery, () => {
    asked++
    return [attempt([], 'l').delivery]
  })
  t.equal(asked, 0)
  t.same(first.batch.map(({ rawKey }) => String(rawKey)), ['k', 'l'])
  t.equal(first.batch, first.batch)
  t.equal(first.batch[0], first)
  t.ok(first.batch[1] instanceof ReceivedRecord)
  t.equal(asked, 1)
})
