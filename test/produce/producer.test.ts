import t from 'tap'
import type { Outgoing } from '../../lib/message/outgoing.js'
import { Producer } from '../../lib/produce/producer.js'
import { isRefused, isTooLarge } from '../../lib/produce/publish-error.js'
import { Partitioner, murmur2 } from '../../lib/produce/partitioner.js'
import { SendError } from '../../lib/transport/transport.js'
import { FakeProducer } from '../support/fake-producer.js'
import { environmentOf } from '../support/environment.js'
import { ManualClock, turn } from '../support/manual-clock.js'

const settings = { deadline: 1000, queue: { messages: 100, bytes: 2 * 1024 * 1024 } }

function build (queue = settings.queue) {
  const clock = new ManualClock()
  const transport = new FakeProducer()
  return { clock, transport, producer: new Producer(transport, { ...settings, queue }, environmentOf(clock)) }
}

function message (value: string, options: Partial<Outgoing> = {}): Outgoing {
  return { topic: 'orders', key: null, value: Buffer.from(value), headers: [], timestamp: 1, ...options }
}

t.test('murmur2 is that of the Java client', async (t) => {
  // The figures of org.apache.kafka.common.utils.UtilsTest.
  const cases: Array<[string, number]> = [
    ['21', -973932308],
    ['foobar', -790332482],
    ['a-little-bit-long-string', -985981536],
    ['a-little-bit-longer-string', -1486304829],
    ['lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8', -58897971]
  ]
  for (const [text, hash] of cases) t.equal(murmur2(Buffer.from(text)), hash, text)
  t.equal(murmur2(Buffer.from([0x61, 0x62, 0x63])), 479470107, 'abc')
  t.equal(murmur2(Buffer.alloc(0)), 275646681, 'the empty key is a key')
})

t.test('records of one key share a partition, those without take turns', async (t) => {
  const partitioner = new Partitioner()
  t.equal(partitioner.choose('a', Buffer.from('k'), 12), partitioner.choose('a', Buffer.from('k'), 12))
  t.same([0, 1, 2, 3].map(() => partitioner.choose('a', null, 3)), [0, 1, 2, 0])
  t.equal(partitioner.choose('b', null, 3), 0, 'each topic for itself')
})

t.test('a lone message leaves at once, what arrives meanwhile is the next batch', async (t) => {
  const { transport, producer } = build()
  const first = producer.publish(message('1', { partition: 0 }))
  await turn()
  t.same(transport.sent, ['orders[0] 1'])
  const others = ['2', '3', '4'].map((value) => producer.publish(message(value, { partition: 1 })))
  await turn()
  t.equal(transport.sends.length, 1, 'one send in flight')
  t.equal(producer.pending, 4)
  transport.sends[0]?.succeed()
  t.same(await first, { topic: 'orders', partition: 0, offset: 0n })
  await turn()
  t.same(transport.sent, ['orders[0] 1', 'orders[1] 2', 'orders[1] 3', 'orders[1] 4'])
  transport.sends[1]?.succeed()
  t.same((await Promise.all(others)).map(({ offset }) => offset), [1n, 2n, 3n])
  t.equal(producer.pending, 0)
  await producer.idle()
})

t.test('messages of a topic that is being asked for keep the order of their calls', async (t) => {
  const { transport, producer } = build()
  let answer: (count: number) => void = () => {}
  transport.counts.set('new', new Promise((resolve) => { answer = resolve }))
  const published = ['1', '2'].map((value) => producer.publish(message(value, { topic: 'new', key: Buffer.from('k') })))
  await turn()
  t.same(transport.sent, [])
  transport.counts.set('new', 1)
  answer(1)
  published.push(producer.publish(message('3', { topic: 'new', key: Buffer.from('k') })))
  await turn()
  t.same(transport.sent, ['new[0] 1', 'new[0] 2', 'new[0] 3'])
  transport.sends[0]?.succeed()
  await Promise.all(published)
})

t.test('a topic that cannot be had fails its own messages only', async (t) => {
  const { transport, producer } = build()
  transport.counts.set('nope', Promise.reject(new Error('no such topic')))
  await t.rejects(producer.publish(message('1', { topic: 'nope' })), {
    code: 'FASTSTREAM_ERR_UNAVAILABLE', statusCode: 503, cause: { message: 'no such topic' }
  })
  t.equal(producer.pending, 0)
  const other = producer.publish(message('2', { partition: 0 }))
  await turn()
  transport.sends[0]?.succeed()
  await other
})

t.test('a partition that does not exist is an error', async (t) => {
  const { producer } = build()
  await t.rejects(producer.publish(message('1', { partition: 3 })), {
    code: 'FASTSTREAM_ERR_UNKNOWN_PARTITION', message: "topic 'orders' has no partition 3: it has 3, counted from 0"
  })
  for (const partition of [-2, NaN, 1.5, '1' as never]) {
    await t.rejects(
      producer.publish(message('1', { partition })), { code: 'FASTSTREAM_ERR_UNKNOWN_PARTITION' }, String(partition)
    )
  }
})

t.test('the queue is bounded by messages and by bytes', async (t) => {
  const { transport, producer } = build({ messages: 2, bytes: 5000 })
  const [a, b] = [producer.publish(message('1')), producer.publish(message('2'))]
  await t.rejects(producer.publish(message('3')), { code: 'FASTSTREAM_ERR_PUBLISH_QUEUE_FULL', statusCode: 503 })
  await turn()
  transport.sends[0]?.succeed()
  await Promise.all([a, b])
  const c = producer.publish(message('x'.repeat(9000)))
  await t.rejects(
    producer.publish(message('4')),
    { code: 'FASTSTREAM_ERR_PUBLISH_QUEUE_FULL' },
    'a lone large one may leave, nothing joins it'
  )
  await turn()
  transport.sends[1]?.succeed()
  await c
})

t.test('headers and keys take room in the queue, and what has left takes none', async (t) => {
  const { transport, producer } = build({ messages: 10, bytes: 5000 })
  for (const large of [{ headers: [['h'.repeat(1500), Buffer.alloc(1500)]] as const }, { key: Buffer.alloc(3000) }]) {
    const published = [producer.publish(message('1')), producer.publish(message('2', large))]
    await t.rejects(producer.publish(message('x'.repeat(2000))), { code: 'FASTSTREAM_ERR_PUBLISH_QUEUE_FULL' })
    await turn()
    transport.sends.at(-1)?.succeed()
    await Promise.all(published)
  }
})

t.test('a batch holds little per partition, and a large record goes alone', async (t) => {
  const { transport, producer } = build()
  const large = 'x'.repeat(600 * 1024)
  const half = 'y'.repeat(300 * 1024)
  const published = [
    message('1', { partition: 0 }),
    message(large, { partition: 1 }),
    message(half, { partition: 0 }),
    message(half, { partition: 1 }),
    message(half, { partition: 0 })
  ].map((outgoing) => producer.publish(outgoing))
  const shapes: number[][] = []
  while (producer.pending > 0) {
    await turn()
    const send = transport.sends.at(-1)
    shapes.push(send?.records.map(({ partition }) => partition) ?? [])
    send?.succeed()
    await turn()
  }
  await Promise.all(published)
  t.same(shapes, [[0], [1], [0, 1], [0]])
})

t.test('a batch holds 2000 records at most', async (t) => {
  const { transport, producer } = build({ messages: 5000, bytes: 1e9 })
  const published = Array.from({ length: 2001 }, () => producer.publish(message('')))
  await turn()
  t.equal(transport.sends[0]?.records.length, 2000)
  transport.sends[0]?.succeed()
  await turn()
  t.equal(transport.sends[1]?.records.length, 1)
  transport.sends[1]?.succeed()
  await Promise.all(published)
})

t.test('every publish has its outcome by its deadline, the send goes on for the later ones', async (t) => {
  const { clock, transport, producer } = build()
  const first = producer.publish(message('1', { partition: 0 }))
  const inFlight = t.rejects(first, { code: 'FASTSTREAM_ERR_PUBLISH_TIMEOUT', outcome: 'unknown', statusCode: 503 })
  await clock.advance(400)
  const second = producer.publish(message('2', { partition: 0 }))
  const queued = t.rejects(second, { code: 'FASTSTREAM_ERR_PUBLISH_TIMEOUT', outcome: 'not-sent' })
  await clock.advance(600)
  await inFlight
  t.equal(producer.pending, 1)
  await clock.advance(400)
  await queued
  t.equal(producer.pending, 0)
  t.equal(clock.waiting, 0, 'no timer is left')
  const third = producer.publish(message('3', { partition: 0 }))
  transport.sends[0]?.succeed()
  await turn()
  t.same(transport.sent, ['orders[0] 1', 'orders[0] 3'], 'what timed out in the queue was never sent')
  transport.sends[1]?.succeed()
  t.equal((await third).offset, 1n)
})

t.test('a message that waits for its topic at its deadline was not sent', async (t) => {
  const { clock, transport, producer } = build()
  let answer: (count: number) => void = () => {}
  transport.counts.set('new', new Promise((resolve) => { answer = resolve }))
  const late = t.rejects(producer.publish(message('1', { topic: 'new' })), { message: /it is not in the log/ })
  await clock.advance(1000)
  await late
  answer(1)
  await turn()
  t.same(transport.sent, [])
})

t.test('a send goes on until the last deadline of its messages, whatever their order', async (t) => {
  const { clock, transport, producer } = build()
  let answer: (count: number) => void = () => {}
  transport.counts.set('new', new Promise((resolve) => { answer = resolve }))
  const early = producer.publish(message('early', { topic: 'new', partition: 0 }))
  await clock.advance(300)
  const first = producer.publish(message('first', { partition: 0 }))
  await turn()
  const late = producer.publish(message('late', { partition: 0 }))
  answer(1)
  await turn()
  transport.sends[0]?.succeed()
  await turn()
  t.equal(transport.sends[1]?.deadline, clock.now() + 1000)
  transport.sends[1]?.succeed()
  await Promise.all([early, first, late])

  const held = producer.publish(message('held', { partition: 0 }))
  await turn()
  const before = producer.publish(message('before', { partition: 0 }))
  await clock.advance(300)
  const behind = producer.publish(message('behind', { partition: 0 }))
  transport.sends[2]?.succeed()
  await turn()
  t.equal(transport.sends[3]?.deadline, clock.now() + 1000)
  transport.sends[3]?.succeed()
  await Promise.all([held, before, behind])
})

t.test('what may be in the log is not sent one by one, whatever the reason', async (t) => {
  const { transport, producer } = build()
  const published = ['1', '2'].map((value) => t.rejects(
    producer.publish(message(value, { partition: 0 })), { code: 'FASTSTREAM_ERR_PUBLISH_REFUSED', outcome: 'unknown' }
  ))
  await turn()
  transport.sends[0]?.fail(new SendError('too large', 'unknown', 'too-large'))
  await Promise.all(published)
  t.equal(transport.sends.length, 1)
})

t.test('what is too large together goes one by one, so that what is too large by itself fails alone', async (t) => {
  const { transport, producer } = build()
  const published = ['1', '2', '3'].map((value) => producer.publish(message(value, { partition: 0 })))
  const refused = t.rejects(published[1] as Promise<unknown>, {
    code: 'FASTSTREAM_ERR_PUBLISH_REFUSED', outcome: 'not-sent'
  })
  await turn()
  const tooLarge = new SendError('too large', 'not-sent', 'too-large')
  transport.sends[0]?.fail(tooLarge)
  await turn()
  transport.sends[1]?.succeed()
  await turn()
  transport.sends[2]?.fail(tooLarge)
  await turn()
  transport.sends[3]?.succeed()
  await refused
  t.equal((await published[0])?.offset, 0n)
  t.equal((await published[2])?.offset, 1n)
  t.same(
    transport.sends.map(({ records }) => records.map(({ value }) => String(value)).join('')), ['123', '1', '2', '3']
  )
  t.ok(isTooLarge(await alone(producer, transport, tooLarge)))
  t.notOk(isTooLarge(await alone(producer, transport, new SendError('not allowed', 'not-sent', 'refused'))))
})

async function alone (producer: Producer, transport: FakeProducer, error: Error): Promise<unknown> {
  const published = producer.publish(message('x')).catch((error) => error)
  await turn()
  transport.sends.at(-1)?.fail(error)
  return await published
}

t.test('what the cluster refuses is told from what it may have stored', async (t) => {
  const { transport, producer } = build()
  const refused = producer.publish(message('1'))
  await turn()
  transport.sends[0]?.fail(new SendError('too large', 'not-sent', 'refused'))
  const error = await refused.catch((error) => error)
  t.match(error, {
    code: 'FASTSTREAM_ERR_PUBLISH_REFUSED', outcome: 'not-sent', statusCode: 500, cause: { message: 'too large' }
  })
  t.ok(isRefused(error))
  const unknown = producer.publish(message('2'))
  await turn()
  transport.sends[1]?.fail(new SendError('no answer', 'unknown', 'timeout'))
  const second = await unknown.catch((error) => error)
  t.match(second, { code: 'FASTSTREAM_ERR_PUBLISH_TIMEOUT', outcome: 'unknown' })
  t.notOk(isRefused(second))
  t.notOk(isRefused('nonsense'))
})

t.test('what is stored of a send that fails in part is published', async (t) => {
  const { transport, producer } = build()
  const stored = producer.publish(message('1', { partition: 0 }))
  const refused = t.rejects(producer.publish(message('2', { partition: 1 })), {
    code: 'FASTSTREAM_ERR_PUBLISH_REFUSED', outcome: 'not-sent'
  })
  await turn()
  transport.sends[0]?.fail(new SendError('not allowed', 'not-sent', 'refused', { offsets: [7n, undefined] }))
  t.same(await stored, { topic: 'orders', partition: 0, offset: 7n })
  await refused
})

t.test('a closed producer takes nothing, and what it held is answered', async (t) => {
  const { clock, transport, producer } = build()
  const waiting = t.rejects(producer.publish(message('1')), { code: 'FASTSTREAM_ERR_NOT_READY', outcome: 'unknown' })
  await turn()
  const queued = t.rejects(producer.publish(message('2')), { code: 'FASTSTREAM_ERR_NOT_READY', outcome: 'not-sent' })
  const idle = producer.idle()
  await producer.close()
  await waiting
  await queued
  await idle
  t.ok(transport.closed)
  t.equal(clock.waiting, 0)
  await t.rejects(producer.publish(message('2')), { code: 'FASTSTREAM_ERR_NOT_READY', statusCode: 503 })
})
