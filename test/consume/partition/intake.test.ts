import t from 'tap'
import { createIntake } from '../../../lib/consume/partition/intake.js'
import { Lanes } from '../../../lib/consume/partition/lanes.js'
import { Pace } from '../../../lib/consume/partition/pace.js'
import type { Partition } from '../../../lib/consume/partition/partition.js'
import { TrackedBatch, type LaneItem } from '../../../lib/consume/partition/tracked-batch.js'
import { TrackedRecord } from '../../../lib/consume/partition/tracked-record.js'
import type { BatchSettings } from '../../../lib/options/settings.js'
import { ManualClock } from '../../support/manual-clock.js'
import { record } from '../../support/record.js'

/** The batches of one partition, which begin when they are dispatched and end when the test says so. */
function build (limits: Partial<BatchSettings> = {}) {
  const clock = new ManualClock()
  const begun: string[] = []
  const ends: Array<() => void> = []
  const lanes = new Lanes<LaneItem>(1, new Pace(clock), (item) => {
    if (!(item instanceof TrackedBatch)) throw new Error('not a batch')
    item.begin()
    begun.push(`${item.records.map(({ offset }) => offset).join(' ')}`)
    return new Promise((resolve) => { ends.push(() => { resolve(true) }) })
  })
  const partition = { name: 'orders/0' } as Partition
  const batch = { maxSize: 3, maxBytes: 1000, timeout: 100, ...limits }
  const intake = createIntake({ ordering: 'partition', lanes, clock, batch }, partition)
  let offset = 0
  /** As many records of so many bytes arrive. */
  const arrive = (count: number, size = 100): void => {
    const received = Array.from({ length: count }, () => record(offset++, 'v', { size }))
    intake.add(received.map((each) => new TrackedRecord(partition, each, 0)))
    lanes.dispatch()
  }
  const end = async (): Promise<void> => {
    ends.shift()?.()
    await new Promise(setImmediate)
  }
  return { clock, intake, begun, arrive, end }
}

t.test('a batch begins when it is full, or when the time of its first record is over', async (t) => {
  const { clock, begun, arrive, end } = build()
  arrive(2)
  t.same(begun, [])
  arrive(1)
  t.same(begun, ['0 1 2'])
  await end()
  arrive(1)
  await clock.advance(60)
  arrive(1)
  await clock.advance(39)
  t.same(begun, ['0 1 2'], 'the second record does not prolong it')
  await clock.advance(1)
  t.same(begun, ['0 1 2', '3 4'])
  t.equal(clock.waiting, 0)
})

t.test('records that arrive at once are several batches, and the last one waits', async (t) => {
  const { clock, begun, arrive, end } = build()
  arrive(7)
  await end()
  t.same(begun, ['0 1 2', '3 4 5'])
  t.equal(clock.waiting, 1)
  await end()
  await clock.advance(100)
  t.same(begun, ['0 1 2', '3 4 5', '6'])
})

t.test('a batch whose time is over grows while it waits for its turn, up to its bounds', async (t) => {
  const { clock, begun, arrive, end } = build()
  arrive(3)
  arrive(1)
  await clock.advance(100)
  arrive(1)
  arrive(2)
  await end()
  t.same(begun, ['0 1 2', '3 4 5'])
  await clock.advance(100)
  await end()
  t.same(begun, ['0 1 2', '3 4 5', '6'])
})

t.test('a record that arrives when its batch has begun is in the next one', async (t) => {
  const { clock, begun, arrive, end } = build()
  arrive(1)
  await clock.advance(100)
  arrive(1)
  t.same(begun, ['0'])
  await end()
  await clock.advance(99)
  t.same(begun, ['0'])
  await clock.advance(1)
  t.same(begun, ['0', '1'])
})

t.test('the bytes of a batch are bounded, and a record above the bound is a batch of its own', async (t) => {
  const { begun, arrive, end } = build({ maxSize: 100, maxBytes: 250 })
  arrive(2)
  t.same(begun, [])
  arrive(1)
  t.same(begun, ['0 1'])
  arrive(1, 1000)
  arrive(1, 250)
  for (let i = 0; i < 4; i++) await end()
  t.same(begun, ['0 1', '2', '3', '4'])
})

t.test('with a timeout of 0 a batch waits for nothing, and holds what has arrived meanwhile', async (t) => {
  const { clock, begun, arrive, end } = build({ timeout: 0 })
  arrive(2)
  t.same([begun, clock.waiting], [['0 1'], 0])
  arrive(1)
  arrive(1)
  await end()
  t.same(begun, ['0 1', '2 3'])
})

t.test('flush() lets a batch begin that is not full, and close() leaves no timer', async (t) => {
  const { clock, intake, begun, arrive } = build()
  intake.flush()
  arrive(1)
  intake.flush()
  arrive(0)
  t.same([begun, clock.waiting], [['0'], 0])
  arrive(1)
  t.equal(clock.waiting, 1)
  intake.close()
  intake.close()
  intake.flush()
  t.equal(clock.waiting, 0)
  await clock.advance(100)
  t.same(begun, ['0'])
})

t.test('an intake that is closed queues nothing more, and its time is over', async (t) => {
  const { clock, intake, begun, arrive } = build()
  arrive(2)
  intake.close()
  t.equal(clock.waiting, 0)
  intake.flush()
  await clock.advance(1000)
  t.same(begun, [])
})
