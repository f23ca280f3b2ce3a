import t from 'tap'
import { RecordBatch } from '../../../../lib/transport/kafka/records/record-batch.js'
import { readRecords } from '../../../../lib/transport/kafka/records/record.js'
import type { RawHeader } from '../../../../lib/transport/transport.js'
import { encodeRecord } from '../../../support/encode-record.js'
import { at, withRecords } from '../../../support/record-sets.js'

const COUNT = 20_000

t.test('the event loop gets a turn after 10 000 records and headers, those of all batches together', async (t) => {
  for (const headers of [[], [['a', null], ['b', null]]] as RawHeader[][]) {
    const record = { timestampDelta: 0, key: null, value: null, headers }
    const deltas = Array.from({ length: COUNT }, (_, offsetDelta) => offsetDelta)
    const bytes = Buffer.concat(deltas.map((offsetDelta) => encodeRecord({ ...record, offsetDelta })))
    const set = withRecords(bytes)
    set.writeInt32BE(COUNT - 1, at.lastOffsetDelta)
    set.writeInt32BE(COUNT, at.count)
    const batch = new RecordBatch(set)
    let turns = 0
    for (let part = 0; part < 3; part++) {
      const reading = readRecords(bytes, batch)
      let step = reading.next()
      for (; step.done !== true; step = reading.next()) turns++
      t.equal(step.value.length, COUNT)
    }
    const expected = 3 * COUNT * (1 + headers.length) / 10_000
    t.ok(Math.abs(turns - expected) <= 1, `${turns} turns`)
  }
})
