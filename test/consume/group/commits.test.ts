import t from 'tap'
import { Group } from '../../../lib/consume/group/group.js'
import type { LaneSlot } from '../../../lib/consume/partition/lanes.js'
import type { Delivery } from '../../../lib/consume/pipeline/delivery.js'
import type { ErasedPipeline } from '../../../lib/consume/pipeline/pipeline.js'
import { GenerationLostError } from '../../../lib/transport/transport.js'
import { gate } from '../../support/inbox.js'
import { environmentOf } from '../../support/environment.js'
import { FakeConsumer } from '../../support/fake-consumer.js'
import { logLines } from '../../support/log-lines.js'
import { ManualClock, turn } from '../../support/manual-clock.js'
import { record } from '../../support/record.js'
import { ASSIGNED, settings, planOf, build } from '../../support/group-fixture.js'

t.test('watermarks are committed after the interval', async (t) => {
  const { clock, consumer, receive, assign, end } = build()
  assign(0)
  receive(0, 0, 2)
  await end('orders[0] 0')
  t.same(consumer.commits, [])
  await clock.advance(1000)
  t.same(consumer.commits, [['orders[0] 1']])
  await clock.advance(5000)
  t.equal(consumer.commits.length, 1, 'nothing new, nothing committed')
  t.equal(clock.waiting, 0)
})

t.test('watermarks are committed after so many messages, one commit at a time', async (t) => {
  const { clock, consumer, receive, assign, end } = build()
  let answer = (): void => {}
  consumer.outcomes.push(() => new Promise((resolve) => { answer = resolve }))
  assign(0)
  receive(0, 0, 7)
  for (let offset = 0; offset < 3; offset++) await end(`orders[0] ${offset}`)
  t.same(consumer.commits, [['orders[0] 3']])
  for (let offset = 3; offset < 6; offset++) await end(`orders[0] ${offset}`)
  t.equal(consumer.commits.length, 1)
  answer()
  await turn()
  t.equal(consumer.commits.length, 1, 'what was settled meanwhile waits for the interval')
  await clock.advance(1000)
  t.same(consumer.commits[1], ['orders[0] 6'])
})

t.test('one timer serves all that is settled in an interval, and none is left when the group is closed', async (t) => {
  const { group, clock, consumer, receive, assign, end } = build()
  assign(0)
  receive(0, 0, 2)
  await end('orders[0] 0')
  await end('orders[0] 1')
  t.equal(clock.waiting, 1)
  await group.close(5000)
  t.same(consumer.commits, [['orders[0] 2']])
  t.equal(clock.waiting, 0)
})

t.test('what moves while a commit is in flight is committed after it, also when nothing moves any more', async (t) => {
  const { clock, consumer, receive, assign, end } = build()
  let answer = (): void => {}
  consumer.outcomes.push(() => new Promise((resolve) => { answer = resolve }))
  assign(0)
  receive(0, 0, 2)
  await end('orders[0] 0')
  await clock.advance(1000)
  t.same(consumer.commits, [['orders[0] 1']])
  await end('orders[0] 1')
  await clock.advance(1000)
  t.equal(consumer.commits.length, 1, 'one at a time')
  answer()
  await turn()
  t.same(consumer.commits[1], ['orders[0] 2'])
})

t.test('however many wait for the commit that is in flight, one at a time follows it', async (t) => {
  const { group, clock, consumer, receive, assign, end } = build()
  const answers: Array<() => void> = []
  const held = (): Promise<void> => new Promise((resolve) => { answers.push(resolve) })
  consumer.outcomes.push(held, held)
  assign(0)
  receive(0, 0, 7)
  for (let offset = 0; offset < 4; offset++) await end(`orders[0] ${offset}`)
  await clock.advance(1000)
  const drained = group.revoking()
  await end('orders[0] 4')
  t.same(consumer.commits, [['orders[0] 3']])
  answers[0]?.()
  await turn()
  t.same(consumer.commits.slice(1), [['orders[0] 5']], 'two on their way could arrive the other way round')
  answers[1]?.()
  await drained
  t.equal(consumer.commits.length, 2)
})

t.test('a position beyond records that are never handed over is committed, too', async (t) => {
  const { clock, consumer, group, assign } = build()
  assign(0)
  group.records('orders', 0, [], 12n)
  await clock.advance(1000)
  t.same(consumer.commits, [['orders[0] 12']])
})

t.test('a commit that fails is tried again, one of a lost generation is not', async (t) => {
  const { clock, consumer, receive, assign, end, log } = build()
  consumer.outcomes.push(new Error('coordinator moved'))
  assign(0)
  receive(0, 0, 1)
  await end('orders[0] 0')
  await clock.advance(1000)
  await clock.advance(1000)
  t.same(consumer.commits, [['orders[0] 1'], ['orders[0] 1']])
  t.same(log.lines, [ASSIGNED, 'warn commit failed, it will be tried again'])
  t.match(log.details[1], { groupId: 'shop', err: { message: 'coordinator moved' } })

  receive(0, 1, 1)
  consumer.outcomes.push(new GenerationLostError('rebalanced'))
  await end('orders[0] 1')
  await clock.advance(1000)
  await clock.advance(5000)
  t.equal(consumer.commits.length, 3)
  t.same(log.lines.slice(2), ['debug commit refused: the group has a new generation'])
  t.match(log.details[2], { groupId: 'shop', err: { message: 'rebalanced' } })
})

t.test('a commit that fails is the last error, one of a lost generation is none', async (t) => {
  const { clock, group, consumer, receive, assign, end } = build()
  assign(0)
  receive(0, 0, 2)
  consumer.outcomes.push(new GenerationLostError('over'), new Error('no coordinator'))
  await end('orders[0] 0')
  await clock.advance(1000)
  t.equal(group.health(['orders']).lastError, undefined)
  await end('orders[0] 1')
  await clock.advance(1000)
  t.match(group.health(['orders']).lastError, { message: 'no coordinator' })
})

t.test('a partition that begins at its end commits that at once', async (t) => {
  const { group, consumer, assign } = build()
  assign(0)
  group.records('orders', 0, [], 7n)
  await turn()
  t.same(consumer.commits, [['orders[0] 7']])
  group.records('orders', 0, [], 9n)
  await turn()
  t.equal(consumer.commits.length, 1, 'what only moves on waits for the next commit')
  await group.close(1000)
})

t.test('a message is settled before its turn is over, if its pipeline says so, and once', async (t) => {
  const log = logLines()
  const clock = new ManualClock()
  const { opened, open } = gate()
  const pipeline = {
    plan: planOf(),
    run: async (_: Delivery, slot: LaneSlot) => { slot.settle(); await opened; return 'settled' },
    giveUp: () => {}
  } as unknown as ErasedPipeline
  let consumer!: FakeConsumer
  const group = new Group(
    'shop',
    [pipeline],
    (listener) => { consumer = new FakeConsumer(listener); return consumer },
    { ...environmentOf(clock, log), settings }
  )
  group.dispatch()
  group.assigned([{ topic: 'orders', partition: 0 }])
  group.records('orders', 0, [record(0)], 1n)
  await clock.advance(1000)
  t.same(consumer.commits, [['orders[0] 1']])
  open()
  await turn()
  await group.close(1000)
  t.equal(consumer.commits.length, 1)
})
