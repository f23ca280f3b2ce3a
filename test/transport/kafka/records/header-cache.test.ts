import t, { type Test } from 'tap'
import { ByteReader } from '../../../../lib/transport/kafka/records/byte-reader.js'
import { FetchedRecord } from '../../../../lib/transport/kafka/records/record.js'
import type { RecordBatch } from '../../../../lib/transport/kafka/records/record-batch.js'
import type { RawHeader } from '../../../../lib/transport/transport.js'
import { encodeRecord } from '../../../support/encode-record.js'

/* Most records of a topic have the same headers: what was decoded once is only compared. */

const NO_BATCH = {} as unknown as RecordBatch

function fetched (headers: RawHeader[]): FetchedRecord {
  const bytes = encodeRecord({ offsetDelta: 0, timestampDelta: 0, key: null, value: null, headers })
  return new FetchedRecord(new ByteReader(bytes, 0), NO_BATCH)
}

/** Tells how many texts `work` decodes, and how many numbers it reads. */
function costs (t: Test, work: () => unknown): { readonly texts: number, readonly numbers: number } {
  const texts = t.capture(Buffer.prototype, 'toString', Buffer.prototype.toString)
  const numbers = t.capture(ByteReader.prototype, 'readVarInt', ByteReader.prototype.readVarInt)
  work()
  texts.restore()
  numbers.restore()
  return { texts: texts().length, numbers: numbers().length }
}

t.test('the type JSON is found in place and not decoded, any other one is decoded', async (t) => {
  const json = fetched([['a', Buffer.from('1')], ['content-type', Buffer.from('application/json')], ['b', null]])
  t.same(costs(t, () => t.equal(json.headerText('content-type'), 'application/json')), { texts: 0, numbers: 1 })
  const other = fetched([['content-type', Buffer.from('application/jsom')]])
  t.same(costs(t, () => t.equal(other.headerText('content-type'), 'application/jsom')), { texts: 1, numbers: 1 })
})

t.test('the first eight names are decoded once, unless they are long', async (t) => {
  const names = ['short', 'n'.repeat(64), 'l'.repeat(65), '', 'four', 'five', 'six', 'eighth', 'ninth']
  const headers = names.map((name): RawHeader => [name, null])
  fetched(headers).headers.forEach(() => {})
  const again = fetched(headers)
  const { texts } = costs(t, () => t.same(again.headers, headers))
  t.equal(texts, 2, 'the long one and the ninth')
  const others = fetched(names.map((name) => [name.toUpperCase(), null]))
  t.same(others.headers.map(([name]) => name), names.map((name) => name.toUpperCase()))
})

/** Makes names that were never decoded in this process. */
let made = 1000

t.test('only names as long as the one that is asked for are decoded', async (t) => {
  const [long, short] = ['w'.repeat(32) + made, String(made++)]
  const record = fetched([[long, Buffer.from('1')], [short, Buffer.from('2')]])
  t.equal(costs(t, () => t.equal(record.headerText(short), '2')).texts, 2, 'the name and the value')
})

t.test('empty values are one Buffer that keeps no fetched bytes alive', async (t) => {
  const { headers: [first, second] } = fetched([['a', Buffer.alloc(0)], ['b', Buffer.alloc(0)]])
  t.equal(first![1], second![1])
  t.equal(first![1]!.length, 0)
})
