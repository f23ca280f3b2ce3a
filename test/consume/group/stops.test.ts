import t from 'tap'
import { Group } from '../../../lib/consume/group/group.js'
import type { Delivery } from '../../../lib/consume/pipeline/delivery.js'
import type { Outcome } from '../../../lib/consume/pipeline/outcome.js'
import type { ErasedPipeline } from '../../../lib/consume/pipeline/pipeline.js'
import { environmentOf } from '../../support/environment.js'
import { FakeConsumer } from '../../support/fake-consumer.js'
import { ManualClock, turn } from '../../support/manual-clock.js'
import { record } from '../../support/record.js'
import { settings, planOf, build } from '../../support/group-fixture.js'

t.test('a handler that stops its subscriber leaves the group, and its message stays unsettled', async (t) => {
  const { clock, group, consumer, log, started, receive, assign, end } = build()
  assign(0, 1)
  receive(0, 0, 2)
  receive(1, 0, 1)
  await end('orders[1] 0')
  await end('orders[0] 0', 'stop')
  await clock.advance(500)
  t.same(started, ['orders[0] 0', 'orders[1] 0'])
  t.same(consumer.commits, [['orders[1] 1']])
  t.ok(consumer.calls.includes('close'))
  t.match(group.health(['orders']), { state: 'stopped', healthy: false })
  t.ok(log.lines.includes('info the subscriber has stopped'))
})

t.test('a subscriber that stops does not stop the others of its group', async (t) => {
  const clock = new ManualClock()
  const started: string[] = []
  const outcomes: Record<string, Outcome> = { 'orders 0': 'stop' }
  const pipeline = {
    run: async ({ topic, record: { offset } }: Delivery) => {
      started.push(`${topic} ${offset}`)
      return outcomes[`${topic} ${offset}`] ?? 'settled'
    },
    giveUp: () => {},
    late: []
  }
  let consumer!: FakeConsumer
  const members = ['orders', 'others'].map(
    (topic) => ({
      ...pipeline, plan: planOf({ topics: [topic], ordering: 'none', concurrency: 2 })
    }) as unknown as ErasedPipeline
  )
  const group = new Group(
    'shop',
    members,
    (listener) => { consumer = new FakeConsumer(listener); return consumer },
    { ...environmentOf(clock), settings }
  )
  group.dispatch()
  const both = [{ topic: 'orders', partition: 0 }, { topic: 'others', partition: 0 }]
  group.assigned(both)
  outcomes['orders 1'] = 'stop'
  group.records('orders', 0, [record(0), record(1), record(2)], 3n)
  group.records('others', 0, [record(0)], 1n)
  await turn()
  t.same(started, ['orders 0', 'orders 1', 'others 0'])
  t.same(consumer.calls, ['pause orders[0]'])
  t.match([group.health(['orders']), group.health(['others'])], [
    { state: 'stopped', healthy: false }, { state: 'reading', healthy: true }
  ])
  await group.revoking()
  group.assigned(both)
  t.same(consumer.calls, ['pause orders[0]', 'pause orders[0]'], 'also in the next generation')
  group.records('others', 0, [record(1)], 2n)
  await turn()
  t.equal(started.at(-1), 'others 1')
  await group.close(1000)
})
