import t from 'tap'
import type { Outgoing } from '../../lib/message/outgoing.js'
import { Producer } from '../../lib/produce/producer.js'
import { sizeOf } from '../../lib/produce/size.js'
import { SendError } from '../../lib/transport/transport.js'
import { FakeProducer } from '../support/fake-producer.js'
import { environmentOf } from '../support/environment.js'
import { hear } from '../support/hear.js'
import { ManualClock, turn } from '../support/manual-clock.js'

function build (queue = { messages: 100, bytes: 1e6 }) {
  const clock = new ManualClock()
  const transport = new FakeProducer()
  const producer = new Producer(transport, { deadline: 1000, queue }, environmentOf(clock))
  const outcomes: string[] = []
  const places: string[] = []
  const publish = (value: string, options: Partial<Outgoing> = {}): void => {
    const plain = { topic: 'orders', key: null, value: Buffer.from(value), headers: [], timestamp: 1, partition: 0 }
    producer.publish({ ...plain, ...options }, true, () => { places.push(value) }).then(
      () => { outcomes.push(`${value} stored`) },
      ({ code, outcome }) => { outcomes.push(`${value} ${code} ${outcome ?? ''}`.trim()) })
  }
  const sent = (): string[] => transport.sent.map((each) => each.split(' ')[1] as string)
  return { clock, transport, producer, publish, outcomes, places, sent }
}

function ofSize (bytes: number): Partial<Outgoing> {
  return { value: Buffer.alloc(bytes - sizeOf({ key: null, value: null, headers: [] })) }
}

t.test('messages of one turn are one send, and those of a later turn wait for it', async (t) => {
  const { transport, publish, outcomes, sent } = build()
  publish('1')
  publish('2')
  await turn()
  publish('3')
  await turn()
  t.same(transport.sends.map(({ records }) => records.length), [2])
  transport.sends[0]?.succeed()
  await turn()
  t.same(sent(), ['1', '2', '3'])
  transport.sends[1]?.succeed()
  await turn()
  t.same(outcomes, ['1 stored', '2 stored', '3 stored'])
})

t.test('a close sends nothing that waits, also what has room when a larger message before it is refused', async (t) => {
  const { transport, producer, publish, outcomes, places } = build({ messages: 100, bytes: 1000 })
  publish('a', ofSize(600))
  publish('b', ofSize(600))
  publish('c', ofSize(200))
  await turn()
  await producer.close()
  await turn()
  t.equal(transport.sends.length, 1)
  t.same(places, ['a'])
  t.same(outcomes.sort(), [
    'a FASTSTREAM_ERR_NOT_READY unknown', 'b FASTSTREAM_ERR_NOT_READY not-sent', 'c FASTSTREAM_ERR_NOT_READY not-sent'
  ])
})

t.test('a close gives up what is in the queue, and never sends it', async (t) => {
  const { transport, producer, publish, outcomes, sent } = build()
  publish('1')
  await turn()
  publish('2')
  await producer.close()
  transport.sends[0]?.succeed()
  await turn()
  t.same(sent(), ['1'])
  t.same(outcomes, ['1 FASTSTREAM_ERR_NOT_READY unknown', '2 FASTSTREAM_ERR_NOT_READY not-sent'])
})

t.test('a send that succeeds after the deadline tells nothing, and counts nothing twice', async (t) => {
  const published = hear(t, 'faststream.message.published')
  const failed = hear(t, 'faststream.message.publish-failed')
  const { clock, transport, producer, publish, outcomes } = build()
  publish('1')
  await clock.advance(1000)
  transport.sends[0]?.succeed()
  await turn()
  t.same(outcomes, ['1 FASTSTREAM_ERR_PUBLISH_TIMEOUT unknown'])
  t.same(published, [])
  t.match(failed, [{ topic: 'orders', duration: 1000 }])
  t.same([producer.queued, producer.pending], [{ messages: 0, bytes: 0 }, 0])
})

t.test('a message that was not taken has failed after no time', async (t) => {
  const failed = hear(t, 'faststream.message.publish-failed')
  const { clock, producer } = build()
  await clock.advance(500)
  await producer.close()
  const outgoing = { topic: 'orders', key: null, value: null, headers: [], timestamp: 1 }
  await t.rejects(producer.publish(outgoing), { code: 'FASTSTREAM_ERR_NOT_READY' })
  t.match(failed, [{ topic: 'orders', duration: 0 }])
})

t.test('what waits for room and is due together with what it waits for gets no place', async (t) => {
  const { clock, publish, outcomes, places } = build({ messages: 1, bytes: 1e6 })
  publish('1')
  publish('2')
  publish('3')
  await clock.advance(999)
  publish('4')
  await clock.advance(1)
  t.same(places, ['1', '4'])
  t.same(outcomes, ['1', '2', '3'].map((value) => {
    return `${value} FASTSTREAM_ERR_PUBLISH_TIMEOUT ${value === '1' ? 'unknown' : 'not-sent'}`
  }))
})

t.test('of a batch that is too large, what is due meanwhile is not sent by itself', async (t) => {
  const { clock, transport, publish, outcomes, sent } = build()
  publish('1')
  publish('2')
  await turn()
  await clock.advance(999)
  publish('3')
  transport.sends[0]?.fail(new SendError('too large', 'not-sent', 'too-large'))
  await turn()
  t.same(sent(), ['1', '2', '1'])
  await clock.advance(1)
  transport.sends[1]?.succeed()
  await turn()
  t.same(sent(), ['1', '2', '1', '3'])
  t.same(outcomes, ['1', '2'].map((value) => `${value} FASTSTREAM_ERR_PUBLISH_TIMEOUT unknown`))
})

t.test('a message of a held topic stays behind those that wait, when an earlier lookup ends first', async (t) => {
  const { transport, producer, publish, sent } = build()
  let count: (count: number) => void = () => {}
  let prepared: () => void = () => {}
  transport.counts.set('new', new Promise((resolve) => { count = resolve }))
  publish('1', { topic: 'new' })
  producer.hold('new', new Promise((resolve) => { prepared = resolve }))
  publish('2', { topic: 'new' })
  transport.counts.set('new', 1)
  count(1)
  await turn()
  publish('3', { topic: 'new' })
  await turn()
  t.same(sent(), ['1'])
  prepared()
  await turn()
  transport.sends[0]?.succeed()
  await turn()
  t.same(sent(), ['1', '2', '3'])
})

t.test('one timer waits for the deadlines of all, and none when nothing is open', async (t) => {
  const { clock, transport, publish } = build()
  for (const value of ['1', '2']) publish(value)
  await clock.advance(100)
  publish('3')
  t.equal(clock.waiting, 1)
  transport.sends[0]?.succeed()
  await turn()
  t.equal(clock.waiting, 1)
  transport.sends[1]?.succeed()
  await turn()
  t.equal(clock.waiting, 0)
})

t.test('idle resolves at once where nothing is open, and to all that wait for it', async (t) => {
  const { transport, producer, publish } = build()
  await producer.idle()
  publish('1')
  let idle = 0
  const waiting = [1, 2].map(() => producer.idle().then(() => { idle++ }))
  await turn()
  t.equal(idle, 0)
  transport.sends[0]?.succeed()
  await Promise.all(waiting)
  t.equal(idle, 2)
})
