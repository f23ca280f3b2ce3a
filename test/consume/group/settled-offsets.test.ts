import t from 'tap'
import { encodeOffsetMap } from '../../../lib/consume/group/offset-map.js'
import type { StoredOffset } from '../../../lib/transport/transport.js'
import { record } from '../../support/record.js'
import { build, keyed } from '../../support/group-fixture.js'

t.test('a rebalance waits for running handlers only, and commits the offset map with the offset', async (t) => {
  const { group, consumer, started, assign, end } = build({ ordering: 'key' })
  assign(0)
  group.records('orders', 0, keyed('a', 'a', 'b', 'a', 'b'), 5n)
  await end('orders[0] 2')
  t.same(started, ['orders[0] 0', 'orders[0] 2', 'orders[0] 4'])
  const revoked = group.revoking()
  await end('orders[0] 0')
  await end('orders[0] 4')
  await revoked
  t.equal(started.length, 3, 'not the next of its key')
  t.same(consumer.commits.at(-1), ['orders[0] 1 and 2, 4'])
})

t.test('offsets that the previous owner had settled are not handled, and stay in the offset map', async (t) => {
  const { clock, group, consumer, started, assign, end } = build({ ordering: 'key' })
  assign(0)
  group.stored('orders', 0, 1n, encodeOffsetMap(record(1), [2n, 4n]))
  group.records('orders', 0, keyed('a', 'a', 'b', 'a', 'b').slice(1, 3), 3n)
  group.records('orders', 0, keyed('a', 'a', 'b', 'a', 'b', 'c').slice(3), 6n)
  t.same(started, ['orders[0] 1', 'orders[0] 5'])
  await end('orders[0] 5')
  await clock.advance(1000)
  t.same(consumer.commits, [['orders[0] 1 and 2, 4, 5']])
  await end('orders[0] 1')
  await clock.advance(1000)
  t.same(consumer.commits.at(-1), ['orders[0] 3 and 4, 5'])
  await end('orders[0] 3')
  await clock.advance(1000)
  t.same(consumer.commits.at(-1), ['orders[0] 6'])
})

t.test('settled offsets that were not read yet stay in the offset map', async (t) => {
  const { clock, group, consumer, started, assign, end } = build({ ordering: 'key' })
  assign(0)
  group.stored('orders', 0, 0n, encodeOffsetMap(record(0), [2n, 7n, 9n]))
  group.records('orders', 0, keyed('a', 'b', 'c'), 3n)
  await end('orders[0] 1')
  await clock.advance(1000)
  t.same(consumer.commits, [['orders[0] 0 and 1, 2, 7, 9']])
  group.records('orders', 0, Array.from({ length: 7 }, (_, i) => record(3 + i, 'v', { key: Buffer.from('a') })), 10n)
  await end('orders[0] 0')
  await clock.advance(1000)
  t.same(consumer.commits.at(-1), ['orders[0] 3 and 7, 9'])
  t.same(started, ['orders[0] 0', 'orders[0] 1', 'orders[0] 3'])
})

t.test('where all that comes is settled already, the offset moves on, and there is room for more', async (t) => {
  const { clock, group, consumer, started, assign } = build({ ordering: 'key' })
  assign(0)
  group.stored('orders', 0, 0n, encodeOffsetMap(record(0), [0n, 1n, 2n, 3n, 4n]))
  group.stored('orders', 7, 0n, '')
  group.records('orders', 0, keyed('a', 'a', 'b', 'a', 'b'), 5n)
  await clock.advance(1000)
  t.same(started, [])
  t.same(consumer.calls, [])
  t.same(consumer.commits, [['orders[0] 5']])
  group.records('orders', 0, [record(5, 'v', { key: Buffer.from('a') })], 6n)
  t.same(started, ['orders[0] 5'])
})

t.test('an offset map does not apply to a topic that was deleted and recreated', async (t) => {
  const { group, consumer, started, assign, end } = build({ ordering: 'key' })
  let stored: StoredOffset | undefined
  consumer.commit = async (offsets) => { stored = offsets[0] }
  assign(0)
  group.records('orders', 0, keyed('a', 'b'), 2n)
  await end('orders[0] 1')
  // The old log ends here: the reading is out of range in the new one, which makes the group rebalance.
  const revoked = group.revoking()
  await end('orders[0] 0', 'unsettled')
  await revoked
  const { offset, metadata } = stored!
  assign(0)
  group.stored('orders', 0, offset, metadata!)
  group.records('orders', 0, keyed('x', 'y').map((each) => ({ ...each, timestamp: each.timestamp + 1 })), 2n)
  t.same(started, ['orders[0] 0', 'orders[0] 1', 'orders[0] 0', 'orders[0] 1'])
})

t.test('an offset map does not apply when the record that identifies its log is gone', async (t) => {
  const { group, started, assign, end } = build({ ordering: 'key' })
  function skip (): void {
    group.corrupt('orders', 0, { offset: 0n, nextOffset: 1n, error: new Error('damaged') })
    group.skipTo({ topic: 'orders', partition: 0, offset: 1n })
  }
  for (const begin of [() => { group.records('orders', 0, [], 1n) }, skip]) {
    assign(0)
    group.stored('orders', 0, 0n, encodeOffsetMap(record(0), [1n]))
    begin()
    group.records('orders', 0, keyed('a', 'b').slice(1), 2n)
    await end('orders[0] 1', 'unsettled')
  }
  t.same(started, ['orders[0] 1', 'orders[0] 1'])
})

t.test('a message that will be redelivered blocks the later messages of its key', async (t) => {
  const { group, started, assign, end } = build({ ordering: 'key' })
  assign(0)
  group.records('orders', 0, keyed('a', 'a', 'b'), 3n)
  const revoked = group.revoking()
  await end('orders[0] 0', 'unsettled')
  await end('orders[0] 2')
  await revoked
  t.same(started, ['orders[0] 0', 'orders[0] 2'], 'offset 1 is before 2, but its key waits for a redelivery')
})
