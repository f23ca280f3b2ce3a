import { gzipSync } from 'node:zlib'
import t from 'tap'
import { createCodecs } from '../../../../lib/transport/compression/codecs.js'
import { crc32c } from '../../../../lib/transport/kafka/records/crc32c.js'
import { encodeBatch } from '../../../../lib/transport/kafka/records/encode-batch.js'
import { encodeRecord } from '../../../support/encode-record.js'
import { endOfSet } from '../../../../lib/transport/kafka/records/record-set.js'
import type { RawHeader } from '../../../../lib/transport/transport.js'
import {
  at, attribute, batch, compressed, decode, fetched, randomNumbers, withRecords
} from '../../../support/record-sets.js'

const CHECKED = { codecs: createCodecs(), checkCrcs: true }

t.test('gives what is sound, then the damage, and where reading can go on', async (t) => {
  const bad = await batch({ offset: 52, values: ['c', 'd'] })
  bad.writeInt8(127, at.records)
  const set = Buffer.concat([
    await batch({ offset: 50, values: ['a', 'b'] }), bad, await batch({ offset: 54, values: ['e'] })
  ])
  const { records, position, corrupt } = await fetched(51, set)
  t.same(records.map(({ offset, value }) => [offset, String(value)]), [[51n, 'b']])
  t.equal(position, 52n)
  t.match(corrupt, { offset: 52n, nextOffset: 54n, error: { message: 'a record claims -64 bytes' } })
})

t.test('a damaged batch that claims to end beyond the log does not say where to go on', async (t) => {
  const bad = await batch({ offset: 5, values: ['a'] })
  bad.writeInt8(127, at.records)
  bad.writeInt32BE(2147483647, at.lastOffsetDelta)
  t.match((await fetched(5, bad, { highWatermark: 6n })).corrupt, { offset: 5n, nextOffset: -1n })
})

t.test('refuses a batch that is not what it announces', async (t) => {
  const fieldless = encodeRecord({ offsetDelta: 0, timestampDelta: 0, key: null, value: null, headers: [] })
  const cases: Array<[message: RegExp, damage: (set: Buffer) => Buffer]> = [
    [/message format 1 is not supported/, (set) => { set[at.magic] = 1; return set }],
    [/message format 3 is not supported/, (set) => { set[at.magic] = 3; return set }],
    [/shorter than its header/, (set) => { set.writeInt32BE(48, at.length); return set }],
    [/shorter than its header/, (set) => { set.writeInt32BE(-1, at.length); return set }],
    [/longer than its set/, (set) => { set.writeInt32BE(set.length, at.length); return set }],
    [/longer than its set/, (set) => set.subarray(0, set.length - 1)],
    [/longer than its set/, (set) => set.subarray(0, 5)],
    [/negative offset or count/, (set) => { set.writeInt32BE(-1, at.count); return set }],
    [/negative offset or count/, (set) => { set.writeInt32BE(-2, at.lastOffsetDelta); return set }],
    [/negative offset or count/, (set) => { set.writeBigInt64BE(-9n, 0); return set }],
    [/beyond the end of the bytes/, (set) => { set.writeInt32BE(2147483647, at.count); return set }],
    [/more bytes than its records/, (set) => { set.writeInt32BE(1, at.count); return set }],
    [/offsets of a batch are not in order/, (set) => { set.writeInt32BE(0, at.lastOffsetDelta); return set }],
    [/begins before the end of the last one/, (set) => Buffer.concat([set, set])],
    [/a record claims -64 bytes/, () => withRecords([0x7f])],
    [/a record claims 7 bytes/, () => withRecords([14, 0, 0, 0, 1, 1, 0])],
    [/a number goes beyond the end of the bytes/, () => withRecords([0])],
    [/beyond the end of its record/, () => withRecords([12, 0, 0, 0, 20, 1, 0])],
    [/more than 5 bytes/, () => withRecords([255, 255, 255, 255, 255, 1])],
    [/more than 10 bytes/, () => withRecords([28, 0, ...new Array<number>(11).fill(255), 1, 1, 0])],
    [/a header has no name/, () => withRecords([16, 0, 0, 0, 1, 1, 2, 1, 0])],
    [/claims 64 headers/, () => withRecords([14, 0, 0, 0, 1, 1, 128, 1])],
    [
      /claims 524289 headers/,
      () => withRecords(encodeRecord({
        offsetDelta: 0,
        timestampDelta: 0,
        key: null,
        value: null,
        headers: new Array<RawHeader>(2 ** 19 + 1).fill(['', null])
      }))
    ],
    [/claims 3 headers/, () => withRecords([20, 0, 0, 0, 1, 1, 6, 0, 1, 0, 1])],
    [/claims -1 headers/, () => withRecords([12, 0, 0, 0, 1, 1, 1])],
    [/longer or shorter than its fields/, () => withRecords([fieldless[0]! + 2, ...fieldless.subarray(1), 0])]
  ]
  for (const [message, damage] of cases) {
    const decoded = await decode(damage(await batch({ offset: 5, values: ['a', 'b'] })))
    t.match(decoded.damage?.error.message, message)
  }
})

t.test('a small batch that inflates beyond 64 MiB is damage', async (t) => {
  const { batches, damage } = await decode(compressed(gzipSync(Buffer.alloc(65 * 1024 * 1024)), attribute.gzip))
  t.same(batches, [])
  t.match(damage, { error: { code: 'ERR_BUFFER_TOO_LARGE' }, nextOffset: 1n })
})

t.test('a set whose batches inflate to too much together is read in parts', async (t) => {
  const value = Buffer.alloc(40 * 1024 * 1024)
  const payload = gzipSync(encodeRecord({ offsetDelta: 0, timestampDelta: 0, key: null, value, headers: [] }))
  const set = Buffer.concat([0n, 1n, 2n].map((offset) => compressed(payload, attribute.gzip, offset)))
  const { batches, end, damage } = await decode(set)
  t.equal(damage, undefined)
  t.equal(batches.length, 1, 'two of them would exceed the budget of what is decompressed')
  t.equal(end, 1n, 'the next fetch begins at the second')
})

t.test('a flipped bit is damage where checksums are checked', async (t) => {
  const values = Array.from({ length: 5 }, (_, i) => ({
    key: null, value: Buffer.from(`value ${i}`), headers: [], timestamp: 1e12 + i
  }))
  const sequence = { producerId: 1n, producerEpoch: 0, firstSequence: 0 }
  const sound = encodeBatch(values, sequence)
  t.equal((await decode(sound, CHECKED)).batches[0]?.records.length, 5)
  const random = randomNumbers(7)
  for (let i = 0; i < 200; i++) {
    const set = Buffer.from(sound)
    set[21 + random(set.length - 21)]! ^= 1 << random(8)
    const { batches, damage } = await decode(set, CHECKED)
    t.ok(damage !== undefined && batches.length === 0, `set ${i}`)
  }
  const set = Buffer.from(sound)
  set[sound.indexOf('value 3')]! ^= 1
  t.match(await decode(set, CHECKED), {
    damage: { error: { message: 'the checksum of a batch is wrong' }, nextOffset: 5n }
  })
  t.equal((await decode(set)).damage, undefined, 'and is seen nowhere else')
})

t.test('the checksum is the one of the Castagnoli polynomial, at every length', async (t) => {
  t.equal(crc32c(Buffer.from('123456789')), 0xe3069283)
  const bytes = Buffer.from(Array.from({ length: 100 }, (_, i) => i * 7 & 255))
  function bitwise (slice: Buffer): number {
    let crc = -1
    for (const byte of slice) {
      crc ^= byte
      for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0x82f63b78 : 0)
    }
    return ~crc >>> 0
  }
  for (let start = 0; start < 9; start++) {
    for (let end = start; end < bytes.length; end++) {
      if (crc32c(bytes, start, end) !== bitwise(bytes.subarray(start, end))) t.fail(`${start} to ${end}`)
    }
  }
})

t.test('headers alone tell where the next fetch begins, or that they do not', async (t) => {
  const [first, second] = [await batch({ offset: 5, values: ['a', 'b'] }), await batch({ offset: 7, values: ['c'] })]
  t.equal(endOfSet(Buffer.concat([first, second])), 8n)
  t.equal(endOfSet(Buffer.concat([first, second.subarray(0, second.length - 1)])), 7n)
  t.equal(endOfSet(first.subarray(0, 20)), undefined)
  second[at.magic] = 1
  t.equal(endOfSet(Buffer.concat([first, second])), undefined)
})
