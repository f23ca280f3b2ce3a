import fc from 'fast-check'
import t from 'tap'
import { ByteReader } from '../../../../lib/transport/kafka/records/byte-reader.js'
import { encodeRecord } from '../../../support/encode-record.js'
import { FetchedRecord } from '../../../../lib/transport/kafka/records/record.js'
import type { RecordBatch } from '../../../../lib/transport/kafka/records/record-batch.js'

t.test('the latin1 of a key is that of its bytes, whatever they are', async () => {
  fc.assert(fc.property(fc.option(fc.uint8Array({ maxLength: 40 })), (bytes) => {
    const key = bytes && Buffer.from(bytes)
    const encoded = encodeRecord({ offsetDelta: 0, timestampDelta: 0, key, value: Buffer.from('{}'), headers: [] })
    const record = new FetchedRecord(new ByteReader(encoded, 0), {} as unknown as RecordBatch)
    return record.keyLatin1() === (key && key.toString('latin1'))
  }))
})
