import t from 'tap'
import { encodeBatch } from '../../../../lib/transport/kafka/records/encode-batch.js'
import { isCompressed } from '../../../../lib/transport/kafka/records/record-set.js'
import { encodeRecord } from '../../../support/encode-record.js'
import {
  at, attribute, batch, comparable, compressed, decode, originally, withRecords
} from '../../../support/record-sets.js'

/* The numbers of variable length in a record, where they take one byte more. */

const SEQUENCE = { producerId: -1n, producerEpoch: -1, firstSequence: -1 }
const EMPTY = { offsetDelta: 0, timestampDelta: 0, key: null, value: null, headers: [] }

t.test('a length takes a byte more from 2^6, 2^13 and 2^20 on, and is read as it was written', async (t) => {
  for (const [length, bytes] of [
    [0, 1], [1, 1], [63, 1], [64, 2], [8191, 2], [8192, 3], [1_048_575, 3], [1_048_576, 4]
  ] as const) {
    const [key, value] = [Buffer.alloc(length, 'k'), Buffer.alloc(length, 'v')]
    const ofRest = length + 5
    const ofRecord = ofRest + bytes < 64 ? 1 : ofRest + bytes < 8192 ? 2 : ofRest + bytes < 1_048_576 ? 3 : 4
    t.equal(encodeRecord({ ...EMPTY, value }).length, ofRecord + ofRest + bytes, `${length} bytes`)
    const set = encodeBatch([{ key, value, headers: [['h', value]], timestamp: 5 }], SEQUENCE)
    const [record] = (await decode(set)).batches[0]!.records
    t.ok(record!.key!.equals(key) && record!.value!.equals(value) && record!.headers[0]![1]!.equals(value))
  }
})

t.test('a name of a header is written as UTF-8, short or long', async (t) => {
  for (const name of ['', 'a', 'n'.repeat(40), 'n'.repeat(41), 'ü', '\x7f', '\x80', 'ü'.repeat(40), '日本', '😀']) {
    const headers = [[name, Buffer.from('1')], ['next', null]] as const
    const set = encodeBatch([{ key: null, value: null, headers, timestamp: 5 }], SEQUENCE)
    const { batches: [batch], damage } = await decode(set)
    t.equal(damage, undefined)
    t.same(batch!.records[0]!.headers, headers, name)
  }
})

t.test('times of a batch are written as differences of any size, forwards and back', async (t) => {
  const base = 1_700_000_000_000
  const steps = [0, 63, 64, 65, 8191, 8192, 2 ** 31, 2 ** 32, 2 ** 40, -1, -64, -65, -8192, -8193, -(2 ** 40)]
  const records = steps.map((step) => ({ key: null, value: null, headers: [], timestamp: base + step }))
  const set = encodeBatch(records, SEQUENCE)
  const [batch] = (await decode(set)).batches
  t.same(batch!.records.map(({ timestamp }) => timestamp - base), steps)
  t.same(batch!.records.map(comparable), (await originally(set)).map(comparable), 'as kafkajs reads them')
  t.equal(set.readBigInt64BE(at.baseTimestamp), BigInt(base))
  t.equal(set.readBigInt64BE(at.maxTimestamp), BigInt(base + 2 ** 40))
})

t.test('an offset of five bytes and a time of ten are read', async (t) => {
  const far = withRecords(encodeRecord({ ...EMPTY, offsetDelta: 2 ** 31 - 2 }))
  far.writeInt32BE(2 ** 31 - 1, at.lastOffsetDelta)
  t.same((await decode(far)).batches[0]?.records.map(({ offset }) => offset), [2n ** 31n - 2n])

  const longAgo = [30, 0, ...new Array<number>(9).fill(0xff), 1, 0, 1, 1, 0]
  t.same((await decode(withRecords(longAgo))).batches[0]?.records.map(({ timestamp }) => timestamp), [-(2 ** 63)])
})

t.test('headers alone tell whether a set must be decompressed', async (t) => {
  const plain = await batch({ offset: 0, values: ['a'] })
  const packed = compressed(Buffer.alloc(10), attribute.gzip, 1n)
  const flagged = await batch({ offset: 0, values: ['a'], attributes: attribute.transactional | attribute.appendTime })
  for (const [title, set, expected] of [
    ['nothing', Buffer.alloc(0), false],
    ['no compression', Buffer.concat([plain, plain]), false],
    ['other attributes', flagged, false],
    ['the only one', packed, true],
    ['the last one', Buffer.concat([plain, packed]), true],
    ['one that is cut', Buffer.concat([plain, packed.subarray(0, -1)]), false]
  ] as const) t.equal(isCompressed(set), expected, title)
})
