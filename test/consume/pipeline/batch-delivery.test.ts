import t from 'tap'
import { BatchDelivery } from '../../../lib/consume/pipeline/batch-delivery.js'
import { Delivery } from '../../../lib/consume/pipeline/delivery.js'
import type { LaneSlot } from '../../../lib/consume/partition/lanes.js'
import { logLines } from '../../support/log-lines.js'

t.test('a batch whose records have all failed by themselves keeps the place and the id of its first record', (t) => {
  const record = {
    offset: 7n,
    timestamp: 0,
    key: null,
    value: null,
    headers: [['correlation_id', Buffer.from('id-7')]] satisfies [[string, Buffer]],
    size: 1
  }
  const member = { delivery: new Delivery('orders', 1, record), slot: {} as LaneSlot }
  const batch = new BatchDelivery([member])
  t.match(batch.place, { topic: 'orders', partition: 1, offset: '7', messages: 1 })
  t.equal(batch.correlationId(logLines()), 'id-7')
  batch.setAside([{ member, step: 'decode', error: new Error('no JSON') }])
  t.match(batch.place, { topic: 'orders', partition: 1, offset: '7', messages: 0 })
  t.equal(batch.correlationId(logLines()), 'id-7')
  t.end()
})
