import { createRequire } from 'node:module'
import t from 'tap'
import { encodeRecord } from '../../../support/encode-record.js'
import type { RawHeader } from '../../../../lib/transport/transport.js'
import {
  at, attribute, batch, comparable, compressed, controlBatch, decode, fetched, type OriginalRecord, originally,
  randomNumbers, randomSet, withRecords
} from '../../../support/record-sets.js'

/* The application's kafkajs, which ours is compared with. */
const require = createRequire(import.meta.url)
const OriginalBatch = require('kafkajs/src/consumer/batch.js') as new (
  topic: string, offset: string, data: object
) => { messages: OriginalRecord[] }

t.test('gives the same records as the decoder of kafkajs', async (t) => {
  const random = randomNumbers(1)
  for (let i = 0; i < 200; i++) {
    let set = await randomSet(random)
    // Kafka cuts what goes beyond the size of the fetch.
    if (random(3) === 0) set = Buffer.concat([set, set.subarray(0, random(60))])
    const expected = (await originally(set)).map(comparable)
    const { batches, damage } = await decode(set)
    t.equal(damage, undefined)
    t.same(batches.flatMap(({ records }) => records).map(comparable), expected, `set ${i}`)
  }
})

t.test('leaves out the records of aborted transactions, as kafkajs does', async (t) => {
  const random = randomNumbers(2)
  for (let i = 0; i < 50; i++) {
    const aborted: Array<{ producerId: string, firstOffset: string }> = []
    const batches: Buffer[] = []
    let offset = 100
    for (let transaction = 0; transaction < 6; transaction++) {
      const producerId = 1 + random(3)
      const abort = random(2) === 0
      if (abort) aborted.push({ producerId: String(producerId), firstOffset: String(offset) })
      for (let n = 1 + random(2); n > 0; n--, offset += 2) {
        batches.push(await batch({
          offset, producerId, attributes: attribute.transactional, values: [`${offset}`, `${offset + 1}`]
        }))
      }
      batches.push(await batch({ offset, producerId: 9, values: ['plain'] }))
      batches.push(await controlBatch({ offset: offset + 1, producerId, abort }))
      offset += 2
    }
    const set = Buffer.concat(batches)
    const from = 100 + random(2)
    const data = { partition: 0, highWatermark: String(offset), abortedTransactions: aborted }
    const expected = new OriginalBatch('t', String(from), { ...data, messages: await originally(set) })
    const actual = await fetched(from, set, { aborted: aborted.map(bigints) })
    t.same(actual.records.map(comparable), expected.messages.map(comparable), `set ${i} from ${from}`)
    t.equal(actual.position, BigInt(offset))
  }
})

t.test('a record whose key is four zero bytes does not end an aborted transaction', async (t) => {
  const set = Buffer.concat([
    await batch({
      offset: 0,
      producerId: 7,
      attributes: attribute.transactional,
      records: [{ key: Buffer.alloc(4), value: 'a' }, { key: null, value: 'b' }]
    }),
    await controlBatch({ offset: 2, producerId: 7, abort: true }),
    await batch({ offset: 3, producerId: 7, attributes: attribute.transactional, values: ['of the next transaction'] })
  ])
  const { records } = await fetched(0, set, { aborted: [{ producerId: 7n, firstOffset: 0n }] })
  t.same(records.map(({ value }) => String(value)), ['of the next transaction'])
})

t.test('a fetch that begins inside of two aborted transactions gives none of their records', async (t) => {
  const set = Buffer.concat([
    await batch({ offset: 10, producerId: 2, attributes: attribute.transactional, values: ['aborted'] }),
    await controlBatch({ offset: 11, producerId: 1, abort: true }),
    await controlBatch({ offset: 12, producerId: 2, abort: true })
  ])
  // In no order.
  const aborted = [{ producerId: 2n, firstOffset: 4n }, { producerId: 1n, firstOffset: 3n }]
  t.match(await fetched(10, set, { aborted }), { records: [], position: 13n })
})

t.test('a set that is empty or cut off ends where the fetch began', async (t) => {
  t.match(await fetched(7, Buffer.alloc(0)), { records: [], position: 7n, corrupt: undefined })
  t.match(await fetched(7, Buffer.alloc(5)), { records: [], position: 7n, corrupt: { offset: 7n, nextOffset: -1n } })
})

t.test('the position is beyond control records, and beyond what compaction removed', async (t) => {
  const compacted = await batch({ offset: 20, values: ['a', 'b'] })
  compacted.writeInt32BE(99, at.lastOffsetDelta)
  const emptied = (await batch({ offset: 120, values: ['gone'] })).subarray(0, at.records)
  emptied.writeInt32BE(at.records - 12, at.length)
  emptied.writeInt32BE(0, at.count)
  const emptiedGzip = Buffer.from(emptied)
  emptiedGzip.writeBigInt64BE(121n, 0)
  emptiedGzip.writeInt16BE(attribute.gzip, at.attributes)

  const cases: Array<[set: Buffer, from: number, offsets: bigint[], position: bigint]> = [
    [compacted, 20, [20n, 21n], 120n],
    [compacted, 22, [], 120n],
    [emptied, 120, [], 121n],
    [emptiedGzip, 121, [], 122n],
    [Buffer.concat([compacted, emptied, emptiedGzip]), 21, [21n], 122n],
    [await controlBatch({ offset: 40, producerId: 1, abort: false }), 40, [], 41n]
  ]
  for (const [set, from, offsets, position] of cases) {
    const { records, ...rest } = await fetched(from, set)
    t.same(records.map(({ offset }) => offset), offsets)
    t.equal(rest.position, position)
  }
})

t.test('offsets and times beyond 2^53 are exact, or at least harmless', async (t) => {
  const high = 2n ** 62n
  const set = await batch({ offset: 0, values: ['a', 'b'] })
  set.writeBigInt64BE(high, 0)
  set.writeBigInt64BE(high, at.baseTimestamp)
  const { batches, end } = await decode(set)
  t.same(
    batches[0]?.records.map(({ offset, timestamp }) => [offset, timestamp]), [[high, 2 ** 62], [high + 1n, 2 ** 62]]
  )
  t.equal(end, high + 2n)
  t.same((await fetched(high + 1n, set)).records.map(({ offset }) => offset), [high + 1n])
})

t.test('null and empty stay distinct, and headers stay as they are on the wire', async (t) => {
  const headers: RawHeader[] = [
    ['b', Buffer.from('1')], ['a', null], ['b', Buffer.from([255, 0])], ['', Buffer.alloc(0)],
    ['__proto__', Buffer.from('p')], ['toString', null], ['héé', Buffer.from('ü')], ['n'.repeat(300), null]
  ]
  const set = Buffer.concat([
    await batch({ offset: 0, records: [{ key: null, value: null }, { key: Buffer.alloc(0), value: '' }] }),
    withRecords(
      encodeRecord({ offsetDelta: 0, timestampDelta: -3e12, key: Buffer.from('k'), value: Buffer.from('v'), headers }),
      2n
    )
  ])
  const [plain, special] = (await decode(set)).batches
  t.same(plain?.records.map(({ key, value }) => [key, value]), [[null, null], [Buffer.alloc(0), Buffer.alloc(0)]])
  const [record] = special!.records
  t.same(record?.headers, headers)
  t.equal(record?.headers, record?.headers, 'built once')
  t.equal(record?.timestamp, -3e12)
  t.ok(record!.size > 300 && record!.size < 400)
  const sizes = plain!.records.map(({ size }) => size)
  t.same(sizes, [7, 7], 'the length and the fields of each record')
})

t.test('a header name that is no UTF-8 does not throw', async (t) => {
  const set = withRecords(encodeRecord({
    offsetDelta: 0, timestampDelta: 0, key: null, value: null, headers: [['abc', null]]
  }))
  set.fill(0xff, set.indexOf('abc'), set.indexOf('abc') + 3)
  const { batches } = await decode(set)
  t.same(batches[0]?.records[0]?.headers, [['\ufffd\ufffd\ufffd', null]])
})

t.test('one header can be had without making the others: the last of its name', async (t) => {
  const headers: RawHeader[] = [
    ['a', Buffer.from('1')], ['bb', null], ['a', Buffer.from('2')], ['c', null], ['b', Buffer.alloc(0)]
  ]
  const set = withRecords(encodeRecord({ offsetDelta: 0, timestampDelta: 0, key: null, value: null, headers }))
  const record = (await decode(set)).batches[0]!.records[0]!
  t.same(['a', 'bb', 'b', 'c', 'd'].map((name) => record.headerText(name)), ['2', undefined, '', undefined, undefined])
})

t.test('10 000 headers are read in linear time', async (t) => {
  const headers = Array.from({ length: 10_000 }, (_, i): RawHeader => [`name-${i}`, null])
  const set = withRecords(encodeRecord({ offsetDelta: 0, timestampDelta: 0, key: null, value: null, headers }))
  const before = process.cpuUsage()
  const { batches } = await decode(set)
  t.equal(batches[0]?.records[0]?.headers.length, 10_000)
  const { user, system } = process.cpuUsage(before)
  const took = (user + system) / 1000
  t.ok(took < 200, `${took} ms`)
})

t.test('a batch of 100 000 records is read in turns, and no record is lost between two of them', async (t) => {
  const tiny = Buffer.concat(Array.from(
    { length: 100_000 },
    (_, offsetDelta) => encodeRecord({
      offsetDelta, timestampDelta: 0, key: null, value: Buffer.from(String(offsetDelta)), headers: []
    })
  ))
  const set = withRecords(tiny)
  set.writeInt32BE(99_999, at.lastOffsetDelta)
  set.writeInt32BE(100_000, at.count)
  let turns = 0
  const count = setInterval(() => { turns++ }, 0)
  const { batches, end, damage } = await decode(set)
  clearInterval(count)
  t.equal(damage, undefined)
  t.equal(end, 100_000n)
  t.equal(batches[0]?.records.length, 100_000)
  t.ok(batches[0]?.records.every(({ offset, value }, i) => offset === BigInt(i) && String(value) === String(i)))
  t.ok(turns > 1, `${turns} turns of the event loop`)
})

t.test('more than 100 000 records are handed over in parts, damage behind them with the last one', async (t) => {
  const tiny = Buffer.concat(Array.from(
    { length: 70_000 },
    (_, offsetDelta) => encodeRecord({ offsetDelta, timestampDelta: 0, key: null, value: null, headers: [] })
  ))
  const set = Buffer.concat([0n, 70_000n, 140_000n].map((offset) => withRecords(tiny, offset)))
  for (const start of [0, set.length / 3, set.length / 3 * 2]) {
    set.writeInt32BE(69_999, start + at.lastOffsetDelta)
    set.writeInt32BE(70_000, start + at.count)
  }
  set.writeInt8(1, set.length / 3 * 2 + at.magic)
  const [first, second] = [await fetched(5, set), await fetched(100_005, set)]
  t.equal(first.records.length, 100_000)
  t.same([first.records[0]?.offset, first.records.at(-1)?.offset, first.position], [5n, 100_004n, 100_005n])
  t.equal(first.corrupt, undefined)
  t.same([second.records[0]?.offset, second.records.at(-1)?.offset, second.position], [100_005n, 139_999n, 140_000n])
  t.match(second.corrupt, { offset: 140_000n, error: { message: 'message format 1 is not supported' } })
})

t.test('takes the time of the broker where the topic does', async (t) => {
  const set = await batch({ offset: 0, values: ['a'], attributes: attribute.appendTime })
  set.writeBigInt64BE(1_800_000_000_000n, at.maxTimestamp)
  t.equal((await decode(set)).batches[0]?.records[0]?.timestamp, 1_800_000_000_000)
})

t.test('a compression that Kafka does not have is damage', async (t) => {
  t.match((await decode(compressed(Buffer.from('packed'), 5))).damage?.error, { message: 'there is no compression 5' })
})

t.test('records keep their own set alive, not the whole response around it', async (t) => {
  const set = await batch({ offset: 0, values: ['x'.repeat(10_000)] })
  const response = Buffer.concat([set, Buffer.alloc(1_000_000)])
  const small = (await decode(response.subarray(0, set.length))).batches[0]!.records[0]!
  t.ok(small.value!.buffer.byteLength < 100_000)

  const alone = new Uint8Array(set).buffer
  const large = (await decode(Buffer.from(alone))).batches[0]!.records[0]!
  t.equal(large.value!.buffer, alone, 'and a set that is most of it is not copied')
})

function bigints ({ producerId, firstOffset }: { producerId: string, firstOffset: string }) {
  return { producerId: BigInt(producerId), firstOffset: BigInt(firstOffset) }
}

t.test('reads a value as text, as its bytes say', async (t) => {
  const values = ['{"a":"\u00e4"}', '', null, Buffer.from([0x22, 0xff, 0x22]), '\ufffd']
  const records = values.map((value) => ({ key: null, value }))
  const { batches } = await decode(await batch({ offset: 0, records }))
  const texts = batches[0]!.records.map((record) => record.valueText())
  t.same(texts, ['{"a":"\u00e4"}', '', null, undefined, '\ufffd'])
})
