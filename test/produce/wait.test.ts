import t from 'tap'
import type { Outgoing } from '../../lib/message/outgoing.js'
import { Producer } from '../../lib/produce/producer.js'
import { sizeOf } from '../../lib/produce/size.js'
import { SendError } from '../../lib/transport/transport.js'
import { FakeProducer } from '../support/fake-producer.js'
import { environmentOf } from '../support/environment.js'
import { ManualClock, turn } from '../support/manual-clock.js'

function build (queue = { messages: 2, bytes: 1e6 }) {
  const clock = new ManualClock()
  const transport = new FakeProducer()
  const producer = new Producer(transport, { deadline: 1000, queue }, environmentOf(clock))
  const outcomes: string[] = []
  /** Publishes, and notes how it ends. */
  const publish = (value: string, wait = false, options: Partial<Outgoing> = {}): void => {
    producer.publish(message(value, options), wait).then(
      () => { outcomes.push(`${value} stored`) },
      ({ code, outcome }) => { outcomes.push(`${value} ${code} ${outcome ?? ''}`.trim()) })
  }
  const succeed = async (): Promise<void> => {
    await turn()
    transport.sends.at(-1)?.succeed()
    await turn()
  }
  return { clock, transport, producer, publish, outcomes, succeed }
}

function message (value: string, options: Partial<Outgoing> = {}): Outgoing {
  const value0 = { topic: 'orders', key: null, value: Buffer.from(value), headers: [], timestamp: 1, partition: 0 }
  return { ...value0, ...options }
}

t.test('a publish waits for room, in the order of the calls, beside those that fail at once', async (t) => {
  const { transport, producer, publish, outcomes, succeed } = build()
  for (const value of ['1', '2']) publish(value)
  for (const value of ['3', '4', '5']) publish(value, true)
  publish('6')
  await turn()
  t.same(outcomes, ['6 FASTSTREAM_ERR_PUBLISH_QUEUE_FULL'])
  t.equal(producer.pending, 5, 'what waits is pending')
  await succeed()
  publish('7')
  await succeed()
  await succeed()
  t.same(transport.sent.map((sent) => sent.slice(-1)), ['1', '2', '3', '4', '5'])
  t.same(outcomes.slice(1), [
    '1 stored', '2 stored', '7 FASTSTREAM_ERR_PUBLISH_QUEUE_FULL', '3 stored', '4 stored', '5 stored'
  ], 'a later call does not overtake what waits')
  t.equal(producer.pending, 0)
})

t.test('with room nothing waits', async (t) => {
  const { transport, publish, succeed, outcomes } = build()
  publish('1', true)
  await turn()
  t.same(transport.sent, ['orders[0] 1'])
  await succeed()
  t.same(outcomes, ['1 stored'])
})

t.test('a small message does not overtake a large one that waits', async (t) => {
  const size = (bytes: number): Partial<Outgoing> => ({ value: Buffer.alloc(bytes - sizeOf(message(''))) })
  const { transport, publish, succeed, outcomes } = build({ messages: 100, bytes: 1000 })
  publish('a', false, size(600))
  publish('b', true, size(600))
  publish('c', true, size(200))
  await turn()
  t.equal(transport.sends.length, 1)
  await succeed()
  await turn()
  t.same(transport.sends[1]?.records.map(({ value }) => value?.length), [500, 100])
  await succeed()
  t.same(outcomes, ['a stored', 'b stored', 'c stored'])
})

t.test('the deadline runs while a publish waits, and what gives up leaves its place to the next', async (t) => {
  const { clock, transport, producer, publish, outcomes, succeed } = build({ messages: 1, bytes: 1e6 })
  publish('1')
  await clock.advance(400)
  publish('2', true)
  publish('3', true)
  await clock.advance(500)
  publish('4', true)
  await clock.advance(100)
  t.same(outcomes, ['1 FASTSTREAM_ERR_PUBLISH_TIMEOUT unknown'])
  await clock.advance(400)
  t.same(outcomes.slice(1), [
    '2 FASTSTREAM_ERR_PUBLISH_TIMEOUT not-sent', '3 FASTSTREAM_ERR_PUBLISH_TIMEOUT not-sent'
  ])
  await succeed()
  await succeed()
  t.same(transport.sent, ['orders[0] 1', 'orders[0] 4'])
  t.same(outcomes.slice(3), ['4 stored'])
  t.same([producer.pending, clock.waiting], [0, 0])
})

t.test('what waits at its deadline behind a message that stays is not sent', async (t) => {
  const { clock, transport, producer, publish, outcomes, succeed } = build({ messages: 1, bytes: 1e6 })
  publish('1')
  await clock.advance(900)
  await succeed()
  publish('2')
  await clock.advance(10)
  publish('3', true)
  transport.sends[1]?.succeed()
  await turn()
  await succeed()
  t.same(outcomes, ['1 stored', '2 stored', '3 stored'])
  t.equal(producer.pending, 0)
})

t.test('a message that fails when its turn comes makes room for the next', async (t) => {
  const { transport, publish, outcomes, succeed } = build({ messages: 1, bytes: 1e6 })
  publish('1')
  for (const value of ['2', '3']) publish(value, true, { partition: 9 })
  publish('4', true)
  await succeed()
  await succeed()
  t.same(outcomes.sort(), [
    '1 stored', '2 FASTSTREAM_ERR_UNKNOWN_PARTITION', '3 FASTSTREAM_ERR_UNKNOWN_PARTITION', '4 stored'
  ])
  t.same(transport.sent, ['orders[0] 1', 'orders[0] 4'])
})

t.test('idle waits for what waits', async (t) => {
  const { producer, publish, outcomes, succeed } = build({ messages: 1, bytes: 1e6 })
  publish('1')
  publish('2', true)
  let idle = false
  const done = producer.idle().then(() => { idle = true })
  await succeed()
  t.notOk(idle)
  await succeed()
  await done
  t.same(outcomes, ['1 stored', '2 stored'])
})

t.test('closing refuses what waits, and sends none of it', async (t) => {
  const { clock, transport, producer, publish, outcomes } = build({ messages: 1, bytes: 1e6 })
  publish('1')
  for (const value of ['2', '3']) publish(value, true)
  await turn()
  transport.close = async () => {
    transport.sends[0]?.fail(new SendError('the connection was closed', 'unknown', 'closed'))
    await turn()
  }
  await producer.close()
  await turn()
  t.same(outcomes.sort(), [
    '1 FASTSTREAM_ERR_NOT_READY unknown', '2 FASTSTREAM_ERR_NOT_READY not-sent', '3 FASTSTREAM_ERR_NOT_READY not-sent'
  ])
  t.same([transport.sent, producer.pending, clock.waiting], [['orders[0] 1'], 0, 0])
})
