import t from 'tap'
import { readLetter } from '../../lib/dead-letters/dialects.js'
import type { RawHeader } from '../../lib/transport/transport.js'

function headers (values: Record<string, string | Buffer | null>): RawHeader[] {
  return Object.entries(values).map(([name, value]) => [name, typeof value === 'string' ? Buffer.from(value) : value])
}

function int32 (value: number): Buffer {
  const bytes = Buffer.alloc(4)
  bytes.writeInt32BE(value)
  return bytes
}

function int64 (value: bigint): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeBigInt64BE(value)
  return bytes
}

const OWN = { tenant: 'a' }
const PLACE = { topic: 'orders', partition: 2, offset: 41n }

const DIALECTS: Record<string, [name: string, values: Record<string, string | Buffer>, expected: object]> = {
  'Spring, dead letters': ['spring', {
    'kafka_dlt-original-topic': 'orders',
    'kafka_dlt-original-partition': int32(2),
    'kafka_dlt-original-offset': int64(41n),
    'kafka_dlt-original-timestamp': int64(1_700_000_000_000n),
    'kafka_dlt-original-consumer-group': 'shop',
    'kafka_dlt-exception-fqcn': 'java.lang.IllegalStateException',
    'kafka_dlt-exception-message': 'no\nluck',
    'kafka_dlt-exception-stacktrace': 'at a\nat b',
    'retry_topic-attempts': int32(3)
  }, {
    ...PLACE,
    groupId: 'shop',
    timestamp: new Date(1_700_000_000_000),
    error: { name: 'java.lang.IllegalStateException', message: 'no luck', stack: 'at a\nat b' }
  }],
  'Spring, retry topics': ['spring', {
    'kafka_original-topic': 'orders', 'kafka_original-partition': int32(2), 'kafka_original-offset': int64(41n)
  }, PLACE],
  'Spring Cloud Stream': ['spring-cloud-stream', {
    'x-original-topic': 'orders',
    'x-original-partition': int32(2),
    'x-original-offset': '41',
    'x-exception-message': 'no'
  }, { ...PLACE, error: { message: 'no' } }],
  'SmallRye, dead letters': ['smallrye', {
    'dead-letter-topic': 'orders', 'dead-letter-partition': '2', 'dead-letter-offset': '41', 'dead-letter-reason': 'no'
  }, { ...PLACE, error: { message: 'no' } }],
  'SmallRye, retry': ['smallrye', {
    'delayed-retry-topic': 'orders',
    'delayed-retry-partition': '2',
    'delayed-retry-offset': '41',
    'delayed-retry-count': '4'
  }, { ...PLACE, attempts: 4 }],
  'Kafka Connect': ['connect', {
    '__connect.errors.topic': 'orders',
    '__connect.errors.partition': '2',
    '__connect.errors.offset': '41',
    '__connect.errors.stage': 'VALUE_CONVERTER',
    '__connect.errors.connector.name': 'sink',
    '__connect.errors.exception.class.name': 'DataException'
  }, { ...PLACE, stage: 'VALUE_CONVERTER', subscriber: 'sink', error: { name: 'DataException' } }],
  'Kafka Streams': ['streams', {
    '__streams.errors.topic': 'orders',
    '__streams.errors.partition': '2',
    '__streams.errors.offset': '41',
    '__streams.errors.exception': 'org.apache.kafka.streams.errors.StreamsException',
    '__streams.errors.message': 'no store',
    '__streams.errors.stacktrace': 'at a'
  }, {
    ...PLACE, error: { name: 'org.apache.kafka.streams.errors.StreamsException', message: 'no store', stack: 'at a' }
  }],
  'share groups of Kafka 4.4': ['share-group', {
    '__dlq.errors.topic': 'orders',
    '__dlq.errors.partition': '2',
    '__dlq.errors.offset': '41',
    '__dlq.errors.group': 'shop',
    '__dlq.errors.delivery.count': '5',
    '__dlq.errors.message': 'Offset rejected by client.'
  }, { ...PLACE, groupId: 'shop', attempts: 5, error: { message: 'Offset rejected by client.' } }],
  Wolverine: ['wolverine', {
    'original-destination': 'kafka://topic/orders',
    'original-partition': '2',
    'original-offset': '41',
    'exception-type': 'System.Exception',
    'failed-at': '2026-11-30T08:00:00Z'
  }, { ...PLACE, failedAt: new Date('2026-11-30T08:00:00Z'), error: { name: 'System.Exception' } }],
  Watermill: ['watermill', {
    topic_poisoned: 'orders', reason_poisoned: 'no', handler_poisoned: 'book'
  }, { topic: 'orders', partition: -1, offset: -1n, subscriber: 'book', error: { message: 'no' } }]
}

for (const [title, [dialect, values, expected]] of Object.entries(DIALECTS)) {
  t.test(`${title}: the headers are read, and taken away from those of the message`, async (t) => {
    const read = readLetter(headers({ ...OWN, ...values }))
    t.equal(read?.dialect, dialect)
    t.match(read?.deadLetter, expected)
    t.same(read?.messageHeaders, headers(OWN))
  })
}

t.test('our own headers come first', async (t) => {
  const own = { 'x-dlq-topic': 'orders', 'x-dlq-partition': '2', 'x-dlq-offset': '41', 'x-dlq-stage': 'validate' }
  const read = readLetter(headers({ 'dead-letter-topic': 'other', ...own }))
  t.match(read, { dialect: 'faststream', deadLetter: PLACE, messageHeaders: headers({ 'dead-letter-topic': 'other' }) })
})

t.test('other headers, and those that say nothing, are of no dead letter', async (t) => {
  t.equal(readLetter([]), undefined)
  t.equal(readLetter(headers({ ...OWN, 'dead-letter-offset': '4' })), undefined)
  t.equal(readLetter(headers({ 'dead-letter-topic': '' })), undefined)
  t.equal(readLetter(headers({ 'dead-letter-topic': null })), undefined)
  const names = { 'dead-letter-topic': 'orders', 'dead-letter-offset': 'x', 'dead-letter-partition': '' }
  const odd = readLetter(headers(names))
  t.match(odd?.deadLetter, { topic: 'orders', partition: -1, offset: -1n, attempts: 1 })
})
