import fc from 'fast-check'
import t from 'tap'
import { lastHeader } from '../../../../lib/message/headers.js'
import { isForAnotherGroup } from '../../../../lib/message/redrive-headers.js'
import { ByteReader } from '../../../../lib/transport/kafka/records/byte-reader.js'
import { encodeRecord } from '../../../support/encode-record.js'
import { FetchedRecord } from '../../../../lib/transport/kafka/records/record.js'
import type { RecordBatch } from '../../../../lib/transport/kafka/records/record-batch.js'
import type { RawHeader } from '../../../../lib/transport/transport.js'

const GROUP = 'x-dlq-redrive-group'
const READER = { groupId: 'shop', bodyLimit: 1_000_000 }

function fetched (headers: RawHeader[]): FetchedRecord {
  const bytes = encodeRecord({ offsetDelta: 0, timestampDelta: 0, key: null, value: Buffer.from('{}'), headers })
  return new FetchedRecord(new ByteReader(bytes, 0), {} as unknown as RecordBatch)
}

/** Names of which some have the same length, and some lengths that are 32 apart. */
const NAMES = ['content-type', 'correlation_', GROUP, 'x'.repeat(19), 'y'.repeat(51), 'z', '', 'ü', 'traceparent']
const header = fc.tuple(fc.constantFrom(...NAMES), fc.option(fc.uint8Array({ maxLength: 8 }))).map(
  ([name, value]): RawHeader => [name, value === null ? null : Buffer.from(value)]
)

t.test('a header is found, or not, as in the list of all of them', async () => {
  fc.assert(fc.property(fc.array(header), fc.constantFrom(...NAMES), (headers, name) => {
    return fetched(headers).headerText(name) === lastHeader(headers, name)
  }), { numRuns: 2000 })
})

t.test('a message is for another group, or not, as the list of its headers says', async (t) => {
  fc.assert(fc.property(fc.array(header), fc.constantFrom('shop', 'audit', undefined), (headers, group) => {
    const all: RawHeader[] = group === undefined ? headers : [...headers, [GROUP, Buffer.from(group)]]
    const record = fetched(all)
    const plain = { headers: all, size: record.size, offset: 0n, timestamp: 0, key: null, value: null }
    return isForAnotherGroup(record, READER) === isForAnotherGroup(plain, READER)
  }), { numRuns: 2000 })
  t.equal(isForAnotherGroup(fetched([[GROUP, Buffer.from('audit')]]), READER), true)
  t.equal(isForAnotherGroup(fetched([[GROUP, Buffer.from('shop')]]), READER), false)
})

t.test('the header of a redrive costs a message without it no walk through its headers', async (t) => {
  const record = fetched([['content-type', Buffer.from('application/json')], ['correlation_id', Buffer.from('1')]])
  const reads = t.capture(ByteReader.prototype, 'readVarInt', ByteReader.prototype.readVarInt)
  t.equal(isForAnotherGroup(record, READER), false)
  t.equal(reads().length, 0)
  t.equal(record.headerText('content-type'), 'application/json')
  t.ok(reads().length > 0)
})
