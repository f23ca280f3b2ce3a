import t from 'tap'
import { Group } from '../../../lib/consume/group/group.js'
import type { Delivery } from '../../../lib/consume/pipeline/delivery.js'
import type { ErasedPipeline } from '../../../lib/consume/pipeline/pipeline.js'
import { environmentOf } from '../../support/environment.js'
import { FakeConsumer } from '../../support/fake-consumer.js'
import { logLines } from '../../support/log-lines.js'
import { ManualClock, turn } from '../../support/manual-clock.js'
import { record } from '../../support/record.js'
import { ASSIGNED, settings, planOf, build, keyed } from '../../support/group-fixture.js'

t.test('records wait for dispatch, then each partition is handled in order', async (t) => {
  const { group, consumer, started, receive, assign, end } = build({ dispatch: false })
  await group.start()
  assign(0, 1)
  receive(0, 0, 2)
  receive(1, 5, 1)
  t.same(started, [])
  group.dispatch()
  t.same(started, ['orders[0] 0', 'orders[1] 5'])
  await end('orders[0] 0')
  t.same(started.at(-1), 'orders[0] 1')
  t.same(consumer.calls, ['start'])
})

t.test('records of what is not owned, or not subscribed, are left alone', async (t) => {
  const { group, started, receive, assign } = build()
  assign(0)
  receive(7, 0, 1)
  group.assigned([{ topic: 'other', partition: 0 }])
  group.records('other', 0, [record(0)], 1n)
  t.same(started, [])
})

t.test('a partition that holds enough is not read from until half of the room is free', async (t) => {
  const { consumer, receive, assign, end } = build()
  assign(0)
  receive(0, 0, 5)
  t.same(consumer.calls, ['pause orders[0]'])
  await end('orders[0] 0')
  await end('orders[0] 1')
  t.same(consumer.calls, ['pause orders[0]'])
  await end('orders[0] 2')
  t.same(consumer.calls, ['pause orders[0]', 'resume orders[0]'])
})

t.test('bytes bound what a partition holds, too', async (t) => {
  const { consumer, receive, assign, end } = build()
  assign(0)
  receive(0, 0, 2, 6000)
  t.same(consumer.calls, ['pause orders[0]'])
  await end('orders[0] 0')
  t.same(consumer.calls, ['pause orders[0]'])
  await end('orders[0] 1')
  t.same(consumer.calls, ['pause orders[0]', 'resume orders[0]'])
})

t.test('an unexpected error leaves only its own message unsettled', async (t) => {
  const log = logLines()
  const clock = new ManualClock()
  const pipeline = {
    plan: planOf({ name: 'take', groupId: 'shop' }),
    run: async ({ record: { offset } }: Delivery) => { if (offset === 0n) throw new Error('a bug'); return 'settled' },
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
  group.records('orders', 0, [record(0), record(1)], 2n)
  await turn()
  await clock.advance(1000)
  t.same(consumer.commits, [['orders[0] 0 and 1']])
  t.same(log.lines, [ASSIGNED, 'error a message was left unsettled by an unexpected error'])
  const place = { topic: 'orders', partition: 0, offset: '0' }
  t.match(log.details[1], { subscriber: 'take', groupId: 'shop', ...place, err: { message: 'a bug' } })
  await group.close(1000)
})

t.test('by key: messages of one key wait for each other, those of others and those without a key do not', async (t) => {
  const { group, started, assign, end } = build({ ordering: 'key' })
  assign(0)
  group.records('orders', 0, keyed('a', 'a', 'b', null, null, Buffer.from([0xff]), Buffer.from([0xfe])), 7n)
  t.same(started, ['orders[0] 0', 'orders[0] 2'], 'two at a time')
  await end('orders[0] 2')
  await end('orders[0] 3')
  await end('orders[0] 4')
  t.same(started.slice(2), ['orders[0] 3', 'orders[0] 4', 'orders[0] 5'], 'null keys are no key')
  await end('orders[0] 0')
  t.same(started.slice(5), ['orders[0] 6'], 'which is no text, but another key than the one before')
  await end('orders[0] 5')
  t.same(started.slice(6), ['orders[0] 1'])
})

t.test('without an order only the concurrency counts', async (t) => {
  const { group, started, assign, end } = build({ ordering: 'none' })
  assign(0)
  group.records('orders', 0, keyed('a', 'a', 'a'), 3n)
  t.same(started, ['orders[0] 0', 'orders[0] 1'])
  await end('orders[0] 1')
  t.same(started.at(-1), 'orders[0] 2')
})

t.test('one message that is not settled does not make a group read on for ever', async (t) => {
  const { group, consumer, assign, end } = build({ ordering: 'key' })
  assign(0)
  group.records('orders', 0, keyed('stuck'), 1n)
  for (let offset = 1; offset < 40; offset++) {
    group.records('orders', 0, [record(offset, 'v', { key: Buffer.from('b') })], BigInt(offset + 1))
    await end(`orders[0] ${offset}`)
  }
  t.same(consumer.calls, ['pause orders[0]'], 'ten times the buffer')
  await end('orders[0] 0')
  t.same(consumer.calls, ['pause orders[0]', 'resume orders[0]'])
})

t.test('a paused subscriber sends results again, and begins no other attempt', async (t) => {
  const { clock, group, slots, assign, receive } = build()
  assign(0)
  receive(0, 0, 1)
  group.pauses.pause('orders')
  const slot = slots.get('orders[0] 0')!
  const over: string[] = []
  slot.wait(100).then(() => { over.push('send') })
  slot.wait(100, true).then(() => { over.push('attempt') })
  slot.hold(async () => true).then(() => { over.push('held') })
  await clock.advance(100)
  t.same(over, ['send'])
  group.pauses.resume('orders')
  await turn()
  t.same(over.sort(), ['attempt', 'held', 'send'])
})

t.test('the next message of a lane begins early only where the results of its subscriber may overlap', async (t) => {
  for (const overlaps of [false, true]) {
    const { slots, started, assign, receive } = build({ overlaps })
    assign(0)
    receive(0, 0, 2)
    slots.get('orders[0] 0')?.letNextBegin?.()
    await turn()
    t.equal(started.length, overlaps ? 2 : 1, String(overlaps))
  }
})

t.test('a message that waits for the one before it needs no place when that has ended', async (t) => {
  const { group, slots, started, end, assign } = build({ ordering: 'key', concurrency: 1, overlaps: true })
  assign(0)
  group.records('orders', 0, keyed('a', 'a'), 2n)
  slots.get('orders[0] 0')?.letNextBegin?.()
  await turn()
  group.records('orders', 0, [record(2, 'v', { key: Buffer.from('b') })], 3n)
  t.same(started, ['orders[0] 0', 'orders[0] 1'])
  let isOver: boolean | undefined
  slots.get('orders[0] 1')?.first?.()?.then((goesOn) => { isOver = goesOn })
  await turn()
  t.same(started.slice(2), ['orders[0] 2'], 'it has given its place away')
  await end('orders[0] 0')
  t.equal(isOver, true)
})

t.test('a batch waits for more messages, and begins at once when the buffer is full', async (t) => {
  const { clock, started, receive, assign, end } = build({ batch: { maxSize: 10, maxBytes: 10_000, timeout: 100 } })
  assign(0)
  receive(0, 0, 2)
  t.same(started, [], 'more may come')
  await clock.advance(100)
  t.same(started, ['orders[0] 0'])
  await end('orders[0] 0')
  receive(0, 2, 4)
  t.same(started, ['orders[0] 0', 'orders[0] 2'], 'no more can come')
})
