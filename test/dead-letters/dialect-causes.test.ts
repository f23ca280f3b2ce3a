import t from 'tap'
import { readLetter } from '../../lib/dead-letters/dialects.js'
import type { RawHeader } from '../../lib/transport/transport.js'

function headers (values: Record<string, string>): RawHeader[] {
  return Object.entries(values).map(([name, value]) => [name, Buffer.from(value)])
}

t.test('the cause of an error is read where a program writes one', async (t) => {
  const spring = { 'kafka_dlt-original-topic': 'orders', 'kafka_dlt-exception-cause-fqcn': 'java.io.IOException' }
  const cause = { name: 'java.io.IOException', message: '' }
  t.match(readLetter(headers(spring)), { dialect: 'spring', deadLetter: { error: { cause } }, messageHeaders: [] })
  const smallrye = { 'dead-letter-topic': 'orders', 'dead-letter-cause': 'no\nconnection' }
  t.match(readLetter(headers(smallrye))?.deadLetter.error.cause, { name: '', message: 'no connection' })
  const both = { ...smallrye, 'dead-letter-cause-class-name': 'java.io.IOException' }
  t.match(readLetter(headers(both))?.deadLetter.error.cause, { ...cause, message: 'no connection' })
  t.equal(readLetter(headers({ 'dead-letter-topic': 'orders' }))?.deadLetter.error.cause, undefined)
})

t.test('the headers that are drafted for share groups are read', async (t) => {
  const letter = readLetter(headers({
    tenant: 'a',
    '_dlq.errors.original.topic': 'orders',
    '_dlq.errors.original.partition': '2',
    '_dlq.errors.original.offset': '41',
    '_dlq.errors.disposition': 'REJECTED'
  }))
  t.match(letter, { dialect: 'share-group', deadLetter: { topic: 'orders', partition: 2, offset: 41n } })
  t.equal(letter?.deadLetter.stage, 'REJECTED')
  t.same(letter?.messageHeaders, headers({ tenant: 'a' }))
})

t.test('a letter of a share group is complete when Kafka has copied the message, headers included', (t) => {
  const share = { '__dlq.errors.topic': 'orders', '__dlq.errors.group': 'shop' }
  const omissions = (values: Record<string, string>, isEmpty: boolean) => {
    const { valueOmitted, keyOmitted, headersOmitted } = readLetter(headers(values), isEmpty)!.deadLetter
    return { valueOmitted, keyOmitted, headersOmitted }
  }
  const all = { valueOmitted: true, keyOmitted: true, headersOmitted: true }
  const none = { valueOmitted: false, keyOmitted: false, headersOmitted: false }
  t.same(omissions(share, true), all, 'Kafka copies nothing by default')
  t.same(omissions(share, false), { ...none, headersOmitted: true }, 'Kafka 4.4.0 copies no headers')
  t.same(omissions({ ...share, tenant: 'a' }, true), none)
  t.same(omissions({ ...share, tenant: 'a' }, false), none)
  t.same(omissions({ 'dead-letter-topic': 'orders' }, true), none, 'other programs copy the message')
  t.end()
})
