import { AsyncLocalStorage } from 'node:async_hooks'
import t from 'tap'
import type { Outgoing } from '../../lib/message/outgoing.js'
import { Producer } from '../../lib/produce/producer.js'
import { isRefused } from '../../lib/produce/publish-error.js'
import { FakeProducer } from '../support/fake-producer.js'
import { environmentOf } from '../support/environment.js'
import { ManualClock, turn } from '../support/manual-clock.js'

const settings = { deadline: 1000, queue: { messages: 100, bytes: 1e6 } }

function build () {
  const clock = new ManualClock()
  const transport = new FakeProducer()
  return { clock, transport, producer: new Producer(transport, settings, environmentOf(clock)) }
}

function message (value: string, options: Partial<Outgoing> = {}): Outgoing {
  return { topic: 'orders', key: null, value: Buffer.from(value), headers: [], timestamp: 1, ...options }
}

t.test('a partitioner of the app gets topic, key and number of partitions, and its answer is used', async (t) => {
  const { transport, producer } = build()
  const asked: unknown[] = []
  const key = Buffer.from('k')
  const published = producer.publish(message('1', { key, partitioner: (to) => { asked.push(to); return 2 } }))
  const named = producer.publish(message('2', { partition: 1, partitioner: () => { throw new Error('not asked') } }))
  await turn()
  transport.sends[0]?.succeed()
  await Promise.all([published, named])
  t.same(asked, [{ topic: 'orders', key, partitions: 3 }])
  t.same(transport.sent, ['orders[2] 1', 'orders[1] 2'])
  t.same(Object.keys(transport.sends[0]?.records[0] ?? {}).sort(), [
    'headers', 'key', 'partition', 'timestamp', 'topic', 'value'
  ], 'the transport knows nothing of it')
})

t.test('what is no partition of the topic is an error, and nothing is sent', async (t) => {
  const { transport, producer } = build()
  const wrong: Array<[choose: () => unknown, what: string]> = [
    [() => 3, '3'], [() => -1, '-1'], [() => 0.5, '0.5'], [() => NaN, 'NaN'], [() => '1', 'a value of type string'],
    [() => {}, 'a value of type undefined'], [async () => { throw new Error('late') }, 'a value of type object']
  ]
  for (const [choose, what] of wrong) {
    const partitioner = choose as () => number
    const error = await producer.publish(message('1', { partitioner })).catch((error) => error)
    t.match(error, {
      code: 'FASTSTREAM_ERR_PARTITION',
      statusCode: 500,
      message: "the message for 'orders' has no partition and was not sent: its partitioner returned " +
        `${what}, and the topic has 3 partitions, counted from 0`
    })
    t.ok(isRefused(error), 'a repetition would not help')
  }
  await t.rejects(producer.publish(message('1', { partitioner: () => { throw new Error('no tenant') } })), {
    code: 'FASTSTREAM_ERR_PARTITION', message: /its partitioner threw an error/, cause: { message: 'no tenant' }
  })
  await t.rejects(producer.publish(message('1', { partition: -1 })), {
    code: 'FASTSTREAM_ERR_UNKNOWN_PARTITION'
  }, 'a partition that a function of the app has computed')
  await turn()
  t.same([transport.sent, producer.pending], [[], 0])
})

t.test('a partitioner sees no store of whichever request published first', async (t) => {
  const { transport, producer } = build()
  const storage = new AsyncLocalStorage<string>()
  let answer: (count: number) => void = () => {}
  transport.counts.set('new', new Promise((resolve) => { answer = resolve }))
  const stores: unknown[] = []
  const partitioner = (): number => { stores.push(storage.getStore()); return 0 }
  const published = ['a', 'b'].map((store) => storage.run(store, () => {
    return producer.publish(message(store, { topic: 'new', partitioner }))
  }))
  answer(1)
  await turn()
  transport.sends[0]?.succeed()
  await Promise.all(published)
  t.same(stores, [undefined, undefined])
})

t.test('messages of a topic that is held wait for it, behind those that wait already', async (t) => {
  const { transport, producer } = build()
  let count: (count: number) => void = () => {}
  let prepared: () => void = () => {}
  transport.counts.set('new', new Promise((resolve) => { count = resolve }))
  const published = [producer.publish(message('1', { topic: 'new' }))]
  producer.hold('new', new Promise((resolve) => { prepared = resolve }))
  published.push(producer.publish(message('2', { topic: 'new' })))
  transport.counts.set('new', 1)
  prepared()
  await turn()
  published.push(producer.publish(message('3', { topic: 'new' })))
  await turn()
  t.same(transport.sent, [], 'the first one still waits')
  count(1)
  await turn()
  t.same(transport.sent, ['new[0] 1', 'new[0] 2', 'new[0] 3'])
  transport.sends[0]?.succeed()
  await Promise.all(published)
  const next = producer.publish(message('4', { topic: 'new' }))
  await turn()
  transport.sends[1]?.succeed()
  await next
})

t.test('what waits for a topic that cannot be prepared is refused, and its deadline runs', async (t) => {
  const { clock, producer } = build()
  let failed: (error: Error) => void = () => {}
  producer.hold('new', new Promise((_resolve, reject) => { failed = reject }))
  const late = t.rejects(producer.publish(message('1', { topic: 'new' })), {
    code: 'FASTSTREAM_ERR_PUBLISH_TIMEOUT', outcome: 'not-sent'
  })
  await clock.advance(1000)
  await late
  const waiting = t.rejects(producer.publish(message('2', { topic: 'new' })), {
    code: 'FASTSTREAM_ERR_UNAVAILABLE', cause: { message: 'no cluster' }
  })
  failed(new Error('no cluster'))
  await waiting
  t.equal(producer.pending, 0)
})
