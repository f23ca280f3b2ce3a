import t from 'tap'
import type { Outgoing, SendOrder } from '../../lib/message/outgoing.js'
import { Producer } from '../../lib/produce/producer.js'
import { isWithdrawn } from '../../lib/produce/send-order.js'
import { sizeOf } from '../../lib/produce/size.js'
import { FakeProducer } from '../support/fake-producer.js'
import { environmentOf } from '../support/environment.js'
import { hear } from '../support/hear.js'
import { ManualClock, turn } from '../support/manual-clock.js'

// Messages of one order: when one fails, those behind it fail with it, and no other message does.

function build (queue = { messages: 100, bytes: 1e6 }) {
  const clock = new ManualClock()
  const transport = new FakeProducer()
  const producer = new Producer(transport, { deadline: 1000, queue }, environmentOf(clock))
  const outcomes: string[] = []
  const places: string[] = []
  const publish = (value: string, order?: SendOrder, options: Partial<Outgoing> = {}): void => {
    const plain = { topic: 'orders', key: null, value: Buffer.from(value), headers: [], timestamp: 1, partition: 0 }
    producer.publish({ ...plain, ...options }, true, () => { places.push(value) }, order).then(
      () => { outcomes.push(`${value} stored`) },
      (error) => { outcomes.push(`${value} ${isWithdrawn(error) ? 'withdrawn' : error.code}`) })
  }
  const sent = (): string[] => transport.sent.map((each) => each.split(' ')[1] as string)
  return { clock, transport, producer, publish, outcomes, places, sent }
}

t.test('what fails at its deadline takes along what was published behind it in its order, and that only', async (t) => {
  const failed = hear(t, 'faststream.message.publish-failed')
  const { clock, transport, producer, publish, outcomes, sent } = build()
  const [order, other] = [{ broken: false }, { broken: false }]
  publish('1', order)
  await clock.advance(100)
  publish('2', order)
  publish('3')
  publish('4', other)
  await clock.advance(900)
  t.same(outcomes, ['1 FASTSTREAM_ERR_PUBLISH_TIMEOUT', '2 withdrawn'])
  t.match(failed, [{ error: { code: 'FASTSTREAM_ERR_PUBLISH_TIMEOUT' } }], 'a withdrawn message is published again')
  transport.sends[0]?.succeed()
  await turn()
  transport.sends[1]?.succeed()
  await turn()
  t.same(sent(), ['1', '3', '4'])
  t.same(outcomes.slice(2), ['3 stored', '4 stored'])
  t.same([order.broken, other.broken, producer.pending], [true, false, 0])
})

t.test('what is in flight before the one that fails is stored, what waits in the queue is not sent', async (t) => {
  const { transport, publish, outcomes, sent } = build()
  const order = { broken: false }
  publish('1', order)
  await turn()
  publish('2', order)
  publish('3', order, { partition: 9 })
  publish('4', order)
  await turn()
  t.same(outcomes, ['3 FASTSTREAM_ERR_UNKNOWN_PARTITION', '4 withdrawn'])
  transport.sends[0]?.succeed()
  await turn()
  t.same(outcomes.slice(2), ['1 stored', '2 withdrawn'])
  t.same(sent(), ['1'])
})

t.test('an order that is broken takes nothing more, also while others wait for room', async (t) => {
  const { transport, producer, publish, outcomes, places, sent } = build({ messages: 1, bytes: 1e6 })
  publish('1')
  publish('2', { broken: true })
  await turn()
  t.same(outcomes, ['2 withdrawn'])
  t.equal(producer.pending, 1)
  transport.sends[0]?.succeed()
  await turn()
  t.same([sent(), places], [['1'], ['1']])
})

t.test('what fails twice is told once', async (t) => {
  const { transport, publish, outcomes } = build()
  const order = { broken: false }
  for (const value of ['1', '2', '3']) publish(value, order)
  await turn()
  transport.sends[0]?.fail(new Error('no connection'))
  await turn()
  t.same(outcomes, ['1 FASTSTREAM_ERR_UNAVAILABLE', '2 withdrawn', '3 withdrawn'])
})

t.test('results are told of their place while half of the queue is free, other messages always', async (t) => {
  const order = { broken: false }
  const byNumber = build({ messages: 4, bytes: 1e6 })
  for (const value of ['1', '2', '3']) byNumber.publish(value, order)
  byNumber.publish('4')
  t.same(byNumber.places, ['1', '2', '4'])
  const size = (bytes: number): Partial<Outgoing> => {
    return { value: Buffer.alloc(bytes - sizeOf({ key: null, value: null, headers: [] })) }
  }
  for (const [bytes, places] of [[499, ['1']], [500, ['1']], [501, []]] as const) {
    const bySize = build({ messages: 100, bytes: 1000 })
    bySize.publish('1', order, size(bytes))
    t.same(bySize.places, places, String(bytes))
  }
})

t.test('a message that fails when it gets its place is not told of it', async (t) => {
  const { publish, places, outcomes } = build()
  publish('1', undefined, { partition: 9 })
  await turn()
  t.same([places, outcomes], [[], ['1 FASTSTREAM_ERR_UNKNOWN_PARTITION']])
})

t.test('an order keeps no message that has its outcome', async (t) => {
  const { transport, publish, outcomes } = build()
  const order: SendOrder = { broken: false }
  for (const value of ['1', '2']) publish(value, order)
  await turn()
  transport.sends[0]?.succeed()
  await turn()
  publish('3', order)
  await turn()
  t.match(order.last, { previous: undefined, record: { value: Buffer.from('3') } })
  transport.sends[1]?.fail(new Error('no connection'))
  await turn()
  t.equal(order.last, undefined)
  t.same(outcomes, ['1 stored', '2 stored', '3 FASTSTREAM_ERR_UNAVAILABLE'])
})
