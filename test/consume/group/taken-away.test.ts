import t from 'tap'
import { Group } from '../../../lib/consume/group/group.js'
import type { LaneSlot } from '../../../lib/consume/partition/lanes.js'
import type { Delivery } from '../../../lib/consume/pipeline/delivery.js'
import type { Outcome } from '../../../lib/consume/pipeline/outcome.js'
import type { ErasedPipeline } from '../../../lib/consume/pipeline/pipeline.js'
import { build, planOf, settings } from '../../support/group-fixture.js'
import { environmentOf } from '../../support/environment.js'
import { FakeConsumer } from '../../support/fake-consumer.js'
import { ManualClock, turn } from '../../support/manual-clock.js'
import { record } from '../../support/record.js'

t.test('a handler that fails after its partition was lost and assigned again has no further attempt', async (t) => {
  const { clock, group, waits, receive, assign, end } = build()
  assign(0)
  receive(0, 0, 1)
  const slotWait = waits.get('orders[0] 0')
  group.lost()
  assign(0)
  const waited = slotWait?.(100)
  await clock.advance(100)
  t.equal(await waited, false, 'the message belongs to the new assignment, which delivers it again')
  await end('orders[0] 0', 'unsettled')
})

t.test('a wait that a rebalance ends stays ended when the partition is assigned again', async (t) => {
  const { clock, group, waits, receive, assign, end } = build()
  assign(0)
  receive(0, 0, 1)
  const waited = waits.get('orders[0] 0')?.(100)
  group.lost()
  assign(0)
  await clock.advance(100)
  t.equal(await waited, false)
  await end('orders[0] 0', 'unsettled')
})

/** A group of two subscribers, whose messages end when the test says so. */
function twoSubscribers () {
  const clock = new ManualClock()
  const running = new Map<string, { end: (outcome: Outcome) => void, wait: LaneSlot['wait'] }>()
  const pipelineOf = (topic: string) => ({
    plan: planOf({ topics: [topic], ordering: 'none', concurrency: 4 }),
    run: ({ record: { offset } }: Delivery, slot: LaneSlot) => new Promise<Outcome>((resolve) => {
      running.set(`${topic} ${offset}`, { end: resolve, wait: (ms) => slot.wait(ms) })
    }),
    giveUp () {},
    late: []
  }) as unknown as ErasedPipeline
  const group = new Group(
    'shop',
    [pipelineOf('orders'), pipelineOf('bills')],
    (listener) => new FakeConsumer(listener),
    { ...environmentOf(clock), settings }
  )
  group.dispatch()
  const assign = (): void => { group.assigned(['orders', 'bills'].map((topic) => ({ topic, partition: 0 }))) }
  const receive = (topic: string, ...offsets: number[]): void => {
    group.records(topic, 0, offsets.map((offset) => record(offset)), BigInt(offsets.at(-1)! + 1))
  }
  return { clock, group, running, assign, receive }
}

t.test('a subscriber that has stopped waits for no attempt, also after a rebalance', async (t) => {
  const { clock, group, running, assign, receive } = twoSubscribers()
  assign()
  receive('orders', 0, 1)
  receive('bills', 0)
  running.get('orders 0')?.end('stop')
  await turn()
  group.lost()
  assign()
  t.equal(await running.get('orders 1')?.wait(10_000), false, 'at once')
  t.equal(clock.waiting, 0)

  receive('bills', 0)
  running.get('bills 0')?.end('unsettled')
  await turn()
  const other = running.get('bills 0')?.wait(100)
  await clock.advance(100)
  t.equal(await other, true, 'the other subscriber of the group goes on')
})
