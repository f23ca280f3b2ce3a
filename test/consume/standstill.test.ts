import t from 'tap'
import { Group } from '../../lib/consume/group/group.js'
import type { Delivery } from '../../lib/consume/pipeline/delivery.js'
import type { Outcome } from '../../lib/consume/pipeline/outcome.js'
import type { ErasedPipeline } from '../../lib/consume/pipeline/pipeline.js'
import { environmentOf } from '../support/environment.js'
import { FakeConsumer } from '../support/fake-consumer.js'
import { ManualClock, turn } from '../support/manual-clock.js'
import { record } from '../support/record.js'

const settings = {
  buffer: { messages: 100, bytes: 100_000 },
  commit: { interval: 1000, count: 100 },
  revokeDrain: 5000,
  sessionTimeout: 3_600_000,
  rebalanceTimeout: 3_600_000
}

/** A group with one partition, whose handlers end when the test says so. */
function build (ordering: 'partition' | 'none') {
  const clock = new ManualClock()
  const running = new Map<number, (outcome: Outcome) => void>()
  const plan = { name: 'take', topics: ['orders'], groupId: 'shop', ordering, concurrency: 100, handlerTimeout: 60_000 }
  const pipeline = {
    plan,
    late: [],
    lastError: undefined,
    giveUp () {
      for (const end of running.values()) end('unsettled')
    },
    run: ({ record: { offset } }: Delivery) => new Promise<Outcome>((resolve) => {
      running.set(Number(offset), resolve)
    })
  } as unknown as ErasedPipeline
  let consumer!: FakeConsumer
  const group = new Group(
    'shop',
    [pipeline],
    (listener) => { consumer = new FakeConsumer(listener); return consumer },
    { ...environmentOf(clock), settings }
  )
  group.dispatch()
  group.assigned([{ topic: 'orders', partition: 0 }])
  async function end (offset: number): Promise<void> {
    running.get(offset)!('settled')
    await turn()
  }
  function receive (...offsets: number[]): void {
    group.records('orders', 0, offsets.map((offset) => record(offset)), BigInt(offsets.at(-1)! + 1))
  }
  function stalledFor (): number | undefined {
    return group.health(['orders']).partitions[0]?.stalledFor
  }
  return { clock, group, consumer, receive, end, stalledFor }
}

t.test('a queue that is handled slowly does not stand still, however old its messages are', async (t) => {
  const { clock, group, receive, end, stalledFor } = build('partition')
  t.equal(stalledFor(), 0, 'nothing waits')
  receive(0, 1, 2)
  for (const offset of [0, 1]) {
    await clock.advance(50_000)
    t.equal(stalledFor(), 50_000)
    await end(offset)
    t.equal(stalledFor(), 0)
  }
  t.equal(group.health(['orders']).oldestUnsettledAge, 100_000)
  await end(2)
  await clock.advance(50_000)
  t.equal(stalledFor(), 0, 'nothing waits')
  receive(3)
  t.equal(stalledFor(), 0, 'the time without messages does not count')
})

t.test('a partition stands still while its first unsettled message is the same, whatever follows it', async (t) => {
  const { clock, receive, end, stalledFor } = build('none')
  receive(0, 1)
  await clock.advance(70_000)
  await end(1)
  receive(2)
  await end(2)
  t.equal(stalledFor(), 70_000)
  await end(0)
  t.equal(stalledFor(), 0)
})

t.test('a message that is redelivered in each generation makes no progress', async (t) => {
  const { clock, group, receive, end, stalledFor } = build('partition')
  receive(0, 1)
  for (let generation = 1; generation <= 3; generation++) {
    await clock.advance(30_000)
    t.equal(stalledFor(), 30_000 * generation)
    group.lost()
    await turn()
    t.equal(stalledFor(), undefined, 'the partition is not owned')
    group.assigned([{ topic: 'orders', partition: 0 }])
    t.equal(stalledFor(), 0, 'nothing was received yet')
    receive(0, 1)
  }
  t.equal(stalledFor(), 90_000)
  await end(0)
  t.equal(stalledFor(), 0)
  await end(1)
  group.lost()
  group.assigned([{ topic: 'orders', partition: 0 }])
  receive(2)
  t.equal(stalledFor(), 0, 'what was settled is forgotten')
})

t.test('a partition stands still when the cluster tells of messages and delivers none', async (t) => {
  const { clock, group, consumer, receive, end, stalledFor } = build('partition')
  group.records('orders', 0, [], 5n)
  await clock.advance(10_000)
  consumer.ends.set('orders[0]', { position: 5n, end: 9n, behindSince: clock.elapsed() })
  await clock.advance(70_000)
  t.equal(stalledFor(), 70_000)
  group.records('orders', 0, [], 6n)
  t.equal(stalledFor(), 0, 'what is not handed over is progress, too')
  await clock.advance(1000)
  receive(6)
  await clock.advance(1000)
  await end(6)
  t.equal(stalledFor(), 0)
  await clock.advance(2000)
  t.equal(stalledFor(), 2000, 'of the messages behind it')
})

t.test('a partition of which nothing was delivered yet stands still since the cluster told of messages', async (t) => {
  const { clock, consumer, stalledFor } = build('partition')
  consumer.ends.set('orders[0]', { position: 5n, end: 9n, behindSince: clock.elapsed() })
  await clock.advance(300)
  t.equal(stalledFor(), 300)
})
