import t from 'tap'
import { BatchDelivery, MemberDelivery } from '../../../lib/consume/pipeline/batch-delivery.js'
import { Delivery } from '../../../lib/consume/pipeline/delivery.js'
import type { LaneSlot } from '../../../lib/consume/partition/lanes.js'
import { logLines } from '../../support/log-lines.js'
import { record } from '../../support/record.js'

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

/** A batch of messages with the offsets 0, 1, … and ids of their own. */
function batchOf (count: number): BatchDelivery {
  return new BatchDelivery(Array.from({ length: count }, (_, offset) => ({
    delivery: new Delivery('orders', 1, record(offset, 'v', {
      headers: [['correlation_id', Buffer.from(`id-${offset}`)]]
    })),
    slot: {} as LaneSlot
  })))
}

t.test('a batch whose handler has blamed a message has the place and the id of that one', async (t) => {
  const batch = batchOf(3)
  batch.blame(1)
  t.same(batch.place, { topic: 'orders', partition: 1, offset: '1', messages: 1 })
  t.equal(batch.correlationId(logLines()), 'id-1')
  t.same(batch.parts.map(({ record: { offset } }) => offset), [1n])
  t.same(batch.rest.map(({ delivery: { record: { offset } } }) => offset), [2n])
})

t.test('the first failure of a message counts, and only once', async (t) => {
  const batch = batchOf(2)
  const [member] = batch.members
  const [first, second] = [new Error('first'), new Error('second')]
  batch.setAside([{ member: member!, step: 'decode', error: first }])
  batch.setAside([{ member: member!, step: 'publish', error: second }])
  t.same(batch.failed.map(({ error }) => error), [first])
  t.same(batch.members.length, 1)
})

t.test('a message of a batch has its own place and id, and the signal and the decision of the batch', async (t) => {
  const batch = batchOf(2)
  const own = new Delivery('orders', 1, record(1, 'v', { headers: [['correlation_id', Buffer.from('own')]] }), 3)
  const member = new MemberDelivery(batch, own)
  const { topic, partition, attempt } = member
  t.same({ topic, partition, attempt }, { topic: 'orders', partition: 1, attempt: 3 })
  t.equal(member.record, own.record)
  t.equal(member.whole, batch)
  t.equal(member.signal, batch.signal)
  t.equal(member.correlationId(logLines()), 'own')
  t.equal(member.decide({ kind: 'ack' }), true)
  t.same([batch.decision, own.decision], [{ kind: 'ack' }, undefined])
  t.equal(member.decide({ kind: 'ack' }), false)
})
