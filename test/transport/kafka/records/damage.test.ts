import { gzipSync } from 'node:zlib'
import t from 'tap'
import { createCodecs } from '../../../../lib/transport/compression/codecs.js'
import { decodeFetched } from '../../../../lib/transport/kafka/records/fetched-batch.js'
import { decodeRecordSet } from '../../../../lib/transport/kafka/records/record-set.js'
import type { RawHeader } from '../../../../lib/transport/transport.js'
import { encodeRecord } from '../../../support/encode-record.js'
import { at, attribute, batch, compressed, decode, fetched, withRecords } from '../../../support/record-sets.js'

/* Where reading may go on behind a batch that cannot be read. */

t.test('the end of a damaged batch counts when it is ahead and in the log', async (t) => {
  const damaged = await batch({ offset: 10, values: ['a', 'b'] })
  damaged.writeInt8(127, at.records)
  for (const [from, highWatermark, nextOffset] of [
    [10, 13n, 12n], [10, 12n, 12n], [10, 11n, -1n], [11, 13n, 12n], [12, 13n, -1n], [13, 20n, -1n]
  ] as const) {
    const { corrupt, position, records } = await fetched(from, damaged, { highWatermark })
    t.match(corrupt, { offset: BigInt(from), nextOffset }, `from ${from} of ${highWatermark}`)
    t.equal(position, BigInt(from))
    t.same(records, [])
  }
})

t.test('a batch whose codec is not installed is sound: it must not be skipped', async (t) => {
  const { corrupt } = await decodeFetched(4n, {
    partition: 0,
    errorCode: 0,
    highWatermark: 9n,
    lastStableOffset: 9n,
    preferredReadReplica: -1,
    aborted: [],
    records: compressed(Buffer.alloc(0), attribute.snappy, 4n)
  }, { codecs: createCodecs(() => { throw new Error('Cannot find module') }), checkCrcs: false })
  t.match(corrupt, { offset: 4n, nextOffset: -1n, error: { code: 'FASTSTREAM_ERR_CODEC' } })
})

t.test('a set is read until its room is used up, the rest is left for the next fetch', async (t) => {
  const body = (await batch({ offset: 0, values: ['a'] })).subarray(at.records)
  const packed = compressed(gzipSync(body), attribute.gzip)
  const set = Buffer.concat([packed, await batch({ offset: 1, values: ['b'] })])
  const options = { codecs: createCodecs(), checkCrcs: false }
  for (const [room, end] of [[body.length, 1n], [body.length + 1, 2n]] as const) {
    t.match(await decodeRecordSet(set, { ...options, room }), { end, inflated: body.length, damage: undefined })
  }
})

t.test('a batch of which compaction left nothing has no records', async (t) => {
  const emptied = compressed(Buffer.alloc(0), attribute.gzip)
  emptied.writeInt32BE(0, at.count)
  const { batches } = await decode(emptied)
  t.same(batches.map(({ records }) => records), [[]])
})

t.test('offsets of a batch grow from record to record', async (t) => {
  const record = { timestampDelta: 0, key: null, value: null, headers: [] }
  for (const [deltas, message] of [[[0, 1], undefined], [[1, 0], /not in order/], [[1, 1], /not in order/]] as const) {
    const set = withRecords(Buffer.concat(deltas.map((offsetDelta) => encodeRecord({ ...record, offsetDelta }))))
    set.writeInt32BE(1, at.lastOffsetDelta)
    set.writeInt32BE(2, at.count)
    const { damage } = await decode(set)
    if (message === undefined) t.equal(damage, undefined)
    else t.match(damage, { error: { message } })
  }
})

t.test('a record may have as many headers as fit into one of a megabyte', async (t) => {
  const headers = new Array<RawHeader>(2 ** 19).fill(['', null])
  const set = withRecords(encodeRecord({ offsetDelta: 0, timestampDelta: 0, key: null, value: null, headers }))
  const { batches: [first], damage } = await decode(set)
  t.equal(damage, undefined)
  t.equal(first?.records[0]?.headerCount, 2 ** 19)
})
