import t from 'tap'
import { Group } from '../../lib/consume/group/group.js'
import type { Delivery } from '../../lib/consume/pipeline/delivery.js'
import type { Outcome } from '../../lib/consume/pipeline/outcome.js'
import type { ErasedPipeline } from '../../lib/consume/pipeline/pipeline.js'
import type { SubscriberSettings } from '../../lib/consume/pipeline/subscriber-plan.js'
import { environmentOf } from '../support/environment.js'
import { FakeConsumer } from '../support/fake-consumer.js'
import { settings } from '../support/group-fixture.js'
import { gate } from '../support/inbox.js'
import { ManualClock, turn } from '../support/manual-clock.js'
import { record } from '../support/record.js'

/** A group whose messages end when the test says so. */
async function build (...topics: string[]) {
  const clock = new ManualClock()
  const running = new Map<string, (outcome: Outcome) => void>()
  const pipelineOf = (...topics: string[]): ErasedPipeline => ({
    plan: {
      name: topics.join(), topics, ordering: 'partition', concurrency: 1, groupId: 'shop'
    } as unknown as SubscriberSettings,
    run: ({ topic, record: { offset } }: Delivery) => new Promise((resolve) => {
      running.set(`${topic} ${offset}`, resolve)
    }),
    giveUp: () => {},
    late: [],
    lastError: undefined
  })
  let consumer!: FakeConsumer
  const group = new Group(
    'shop',
    topics.map((topic) => pipelineOf(topic)),
    (listener) => { consumer = new FakeConsumer(listener); return consumer },
    { ...environmentOf(clock), settings }
  )
  await group.start()
  group.dispatch()
  consumer.calls.length = 0
  const assign = (...topics: string[]): void => { group.assigned(topics.map((topic) => ({ topic, partition: 0 }))) }
  const receive = (topic: string, offset: number): void => {
    group.records(topic, 0, [record(offset, 'v')], BigInt(offset + 1))
  }
  async function end (name: string, outcome: Outcome = 'settled'): Promise<void> {
    running.get(name)?.(outcome)
    running.delete(name)
    await turn()
  }
  return { clock, group, consumer, pipelineOf, running, end, assign, receive }
}

t.test('a subscriber that is added is subscribed, and its messages are handled at once', async (t) => {
  const { group, consumer, pipelineOf, assign, receive, running } = await build('orders')
  assign('orders')
  await group.add(pipelineOf('bills', 'refunds'))
  t.same(consumer.calls, ['subscribe orders,bills,refunds'])
  assign('orders', 'bills')
  receive('bills', 0)
  t.same([...running.keys()], ['bills 0'])
  t.equal(group.health(['bills']).state, 'reading')
})

t.test('a subscriber that is added as a paused one is handed nothing until it is resumed', async (t) => {
  const { group, pipelineOf, assign, receive, running } = await build('orders')
  assign('orders')
  await group.add(pipelineOf('bills'), true)
  assign('orders', 'bills')
  receive('bills', 0)
  t.equal(group.health(['bills']).state, 'paused')
  t.same([...running.keys()], [])
  group.pauses.resume('bills')
  t.same([...running.keys()], ['bills 0'])
})

t.test('a subscriber that is added before messages flow waits with the others', async (t) => {
  const { pipelineOf, running } = await build()
  const environment = { ...environmentOf(new ManualClock()), settings }
  const group = new Group('shop', [], (listener) => new FakeConsumer(listener), environment)
  await group.add(pipelineOf('bills'))
  group.assigned([{ topic: 'bills', partition: 0 }])
  group.records('bills', 0, [record(0, 'v')], 1n)
  t.equal(running.size, 0)
  group.dispatch()
  t.equal(running.size, 1)
})

t.test('topics that the cluster refuses change no other topic, also of those added at the same time', async (t) => {
  const { group, consumer, pipelineOf, assign, receive, running } = await build('orders')
  consumer.changes.push(new Error('not allowed'))
  const [refused, added] = await Promise.allSettled([group.add(pipelineOf('secret')), group.add(pipelineOf('bills'))])
  t.match(refused, { status: 'rejected', reason: { message: 'not allowed' } })
  t.equal(added.status, 'fulfilled')
  t.equal(consumer.calls.at(-1), 'subscribe orders,bills')
  assign('orders', 'secret', 'bills')
  receive('secret', 0)
  t.equal(running.size, 0)
})

t.test('a removed subscriber starts nothing more, and its running handlers settle before the rebalance', async (t) => {
  const { clock, group, consumer, assign, receive, running, end } = await build('orders', 'bills')
  assign('orders', 'bills')
  receive('orders', 0)
  receive('bills', 0)
  receive('bills', 1)
  const rebalanced = gate()
  consumer.changes.push(() => rebalanced.opened)
  const removed = group.remove(['bills'])
  await turn()
  t.same(consumer.calls, ['pause bills[0]', 'subscribe orders'])
  const revoked = group.revoking()
  await end('bills 0')
  t.same([...running.keys()], ['orders 0'], 'the second bill has not begun')
  await end('orders 0')
  await revoked
  t.same(consumer.commits, [['orders[0] 1', 'bills[0] 1']])
  assign('orders')
  rebalanced.open()
  await removed
  receive('bills', 1)
  receive('orders', 1)
  t.same([...running.keys()], ['orders 1'])
  await end('orders 1')
  await clock.advance(1000)
  t.same(consumer.commits.at(-1), ['orders[0] 2'])
})

t.test('a topic that was removed may be added again while the group still rebalances', async (t) => {
  const { group, consumer, pipelineOf, assign, receive, running } = await build('orders', 'bills')
  const rebalanced = gate()
  consumer.changes.push(() => rebalanced.opened)
  const removed = group.remove(['bills'])
  const added = group.add(pipelineOf('bills'))
  rebalanced.open()
  await Promise.all([removed, added])
  t.equal(consumer.calls.at(-1), 'subscribe orders,bills')
  assign('orders', 'bills')
  receive('bills', 0)
  t.same([...running.keys()], ['bills 0'])
})

t.test('a removed subscriber that throws StopConsume does not end the group of the one that is left', async (t) => {
  const { group, consumer, assign, receive, end } = await build('orders', 'bills')
  assign('orders', 'bills')
  receive('bills', 0)
  const rebalanced = gate()
  consumer.changes.push(() => rebalanced.opened)
  const removed = group.remove(['bills'])
  await end('bills 0', 'stop')
  t.equal(group.closing, false)
  rebalanced.open()
  await removed
  receive('orders', 0)
  await end('orders 0', 'stop')
  t.equal(group.closing, true)
})

t.test('what the group does not have cannot be removed', async (t) => {
  const { group, consumer } = await build('orders')
  await group.remove(['bills'])
  await group.remove([])
  t.same(consumer.calls, [])
})

t.test('a subscriber that has stopped is not read when it is resumed, nor when its messages end', async (t) => {
  const { group, consumer, assign, receive, end } = await build('orders', 'bills')
  assign('orders', 'bills')
  receive('orders', 0)
  group.pauses.pause('orders')
  await end('orders 0', 'stop')
  group.pauses.resume('orders')
  t.same(consumer.calls, ['pause orders[0]', 'pause orders[0]'])
  t.equal(group.health(['orders']).state, 'stopped')
})
