import t from 'tap'
import type { Partition } from '../../../lib/consume/partition/partition.js'
import { TrackedRecord } from '../../../lib/consume/partition/tracked-record.js'
import { record } from '../../support/record.js'

t.test('a record that is settled behind an unsettled one keeps its offset, and no bytes', async (t) => {
  const tracked = new TrackedRecord({} as Partition, record(7, 'v', { size: 100 }), 5)
  t.match([tracked.size, tracked.count, tracked.receivedAt], [100, 1, 5])
  tracked.forget()
  t.same(tracked.record, { offset: 7n })
  t.equal(tracked.offset, 7n)
})
