import t from 'tap'
import { Group } from '../../lib/consume/group/group.js'
import { encodeOffsetMap } from '../../lib/consume/group/offset-map.js'
import type { Delivery } from '../../lib/consume/pipeline/delivery.js'
import type { Outcome } from '../../lib/consume/pipeline/outcome.js'
import type { ErasedPipeline } from '../../lib/consume/pipeline/pipeline.js'
import { MAX_RECORDS } from '../../lib/transport/transport.js'
import { BROKER, environmentOf } from '../support/environment.js'
import { FakeConsumer } from '../support/fake-consumer.js'
import { hear } from '../support/hear.js'
import { logLines } from '../support/log-lines.js'
import { ManualClock } from '../support/manual-clock.js'
import { record } from '../support/record.js'

const settings = {
  buffer: { messages: 10, bytes: 100_000 },
  commit: { interval: 1000, count: 100 },
  revokeDrain: 5000,
  sessionTimeout: 30_000,
  rebalanceTimeout: 60_000
}
/** What a partition can have in memory behind an unsettled message. */
const MOST = 10 * settings.buffer.messages + MAX_RECORDS

/** A group whose handlers do not end. */
function build () {
  const log = logLines()
  const started: number[] = []
  const plan = {
    name: 'take', topics: ['orders'], groupId: 'shop', ordering: 'none', concurrency: 100, handlerTimeout: 60_000
  }
  const pipeline = {
    plan,
    late: [],
    lastError: undefined,
    giveUp () {},
    run: ({ record: { offset } }: Delivery) => {
      started.push(Number(offset))
      return new Promise<Outcome>(() => {})
    }
  } as unknown as ErasedPipeline
  let consumer!: FakeConsumer
  const group = new Group(
    'shop',
    [pipeline],
    (listener) => { consumer = new FakeConsumer(listener); return consumer },
    { ...environmentOf(new ManualClock()), log, settings }
  )
  group.dispatch()
  function begin (ahead: readonly bigint[], end?: bigint): void {
    group.assigned([{ topic: 'orders', partition: 0 }])
    if (end !== undefined) consumer.ends.set('orders[0]', { position: undefined, end })
    group.stored('orders', 0, 0n, encodeOffsetMap(record(0), ahead))
    group.records('orders', 0, [record(0), record(1), record(2)], 3n)
  }
  return { log, started, group, begin }
}

function offsets (count: number): bigint[] {
  return Array.from({ length: count }, (_, i) => BigInt(i + 1))
}

t.test('messages that are left out are one line with their count, and an event', async (t) => {
  const leftOut = hear(t, 'faststream.message.left-out')
  const { log, started, group, begin } = build()
  begin([1n, 5n], 6n)
  group.records('orders', 0, [record(3), record(4), record(5)], 6n)
  t.same(started, [0, 2, 3, 4])
  t.same(log.lines.slice(1), ['info messages are left out: an earlier owner of the partition has settled them'])
  t.same(log.details.slice(1), [{ groupId: 'shop', topic: 'orders', partition: 0, offset: '0', count: 2 }])
  t.same(leftOut, [{
    ...BROKER, groupId: 'shop', topic: 'orders', partition: 0, offset: 0n, count: 2
  }])
})

t.test('metadata that covers more than a member can have had in memory is ignored', async (t) => {
  const possible = build()
  possible.begin(offsets(MOST))
  t.same(possible.started, [0])
  const { log, started, begin } = build()
  begin(offsets(MOST + 1))
  t.same(started, [0, 1, 2])
  t.same(log.lines.slice(1), ['warn metadata of the committed offset is not possible: no message is left out'])
  t.match(log.details.slice(1), [{ topic: 'orders', offset: '0', count: MOST + 1 }])
})

t.test('metadata that covers offsets behind the end of the log is ignored', async (t) => {
  const possible = build()
  possible.begin([1n, 2n], 3n)
  t.same(possible.started, [0])
  const { log, started, begin } = build()
  begin([1n, 3n], 3n)
  t.same(started, [0, 1, 2])
  t.match(log.lines.slice(1), [/^warn metadata/])
})

t.test('metadata that covers nothing leaves nothing out', async (t) => {
  const { log, started, group } = build()
  group.assigned([{ topic: 'orders', partition: 0 }])
  const { timestamp } = record(0)
  group.stored('orders', 0, 0n, `faststream:1:0:${timestamp}:AwA=`)
  group.records('orders', 0, [record(0)], 1n)
  t.same([started, log.lines], [[0], ['info partitions were assigned anew']])
})
