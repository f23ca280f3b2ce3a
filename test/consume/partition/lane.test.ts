import t from 'tap'
import { createIntake } from '../../../lib/consume/partition/intake.js'
import { Fifo } from '../../../lib/consume/partition/fifo.js'
import { Lane } from '../../../lib/consume/partition/lane.js'
import { Lanes } from '../../../lib/consume/partition/lanes.js'
import { Pace } from '../../../lib/consume/partition/pace.js'
import type { Partition } from '../../../lib/consume/partition/partition.js'
import type { LaneItem } from '../../../lib/consume/partition/tracked-batch.js'
import { TrackedRecord } from '../../../lib/consume/partition/tracked-record.js'
import type { ConsumedRecord } from '../../../lib/transport/transport.js'
import { ManualClock } from '../../support/manual-clock.js'
import { record } from '../../support/record.js'

t.test('a lane gives its items in the order in which it got them', async (t) => {
  const lane = new Lane<string>('a', { ready: new Fifo() })
  t.equal(lane.isEmpty, true)
  t.equal(lane.shift(), undefined)
  for (const item of ['1', '2', '3']) lane.push(item)
  t.same([lane.shift(), lane.shift(), lane.isEmpty], ['1', '2', false])
  lane.push('4')
  t.same([lane.shift(), lane.shift(), lane.isEmpty], ['3', '4', true])
  lane.push('5')
  t.same([lane.shift(), lane.isEmpty], ['5', true])
})

t.test('a lane that is cleared has no item, also not behind the first one', async (t) => {
  const lane = new Lane<string>('a', { ready: new Fifo() })
  for (const item of ['1', '2']) lane.push(item)
  lane.clear()
  t.equal(lane.isEmpty, true)
  lane.push('3')
  t.same([lane.shift(), lane.shift()], ['3', undefined])
})

/** How many lanes the records get. */
function lanesOf (ordering: 'key' | 'none', records: readonly ConsumedRecord[]): number {
  const lanes = new Lanes<LaneItem>(0, new Pace(new ManualClock()), async () => true)
  const partition = { name: 'orders/0' } as Partition
  const intake = createIntake({ ordering, lanes, clock: new ManualClock(), batch: undefined }, partition)
  intake.add(records.map((each) => new TrackedRecord(partition, each, 0)))
  return lanes.size
}

t.test('records of one key share a lane, whether the record gives its key as latin1 or as bytes', async (t) => {
  // As UTF-8 the last two would be equal.
  const keys = [Buffer.from('a'), Buffer.from('a'), Buffer.from([0xff]), Buffer.from([0xfe])]
  const plain = keys.map((key, i) => record(i, 'v', { key }))
  const latin1 = plain.map((each) => {
    const keyLatin1 = (): string => each.key!.toString('latin1')
    return { ...each, keyLatin1, get key (): never { throw new Error('a Buffer is made') } }
  })
  t.equal(lanesOf('key', plain), 3)
  t.equal(lanesOf('key', latin1), 3)
  t.equal(lanesOf('none', latin1), 4)
})

t.test('a record without a key has a lane of its own', async (t) => {
  const records = [0, 1].map((offset) => record(offset, 'v', { key: null }))
  t.equal(lanesOf('key', records), 2)
  t.equal(lanesOf('key', records.map((each) => ({ ...each, keyLatin1: () => null }))), 2)
})
