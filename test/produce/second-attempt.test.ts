import t from 'tap'
import type { Outgoing } from '../../lib/message/outgoing.js'
import { Producer } from '../../lib/produce/producer.js'
import { FakeProducer } from '../support/fake-producer.js'
import { environmentOf } from '../support/environment.js'
import { ManualClock, turn } from '../support/manual-clock.js'

const settings = { deadline: 1000, queue: { messages: 100, bytes: 2 * 1024 * 1024 } }

function build () {
  const transport = new FakeProducer()
  return { transport, producer: new Producer(transport, settings, environmentOf(new ManualClock())) }
}

function message (value: string, options: Partial<Outgoing> = {}): Outgoing {
  return { topic: 'orders', key: null, value: Buffer.from(value), headers: [], timestamp: 1, ...options }
}

t.test('each publish after a failed partition lookup starts a new lookup', async (t) => {
  const { transport, producer } = build()
  for (const reason of ['no such topic', 'still no such topic']) {
    transport.counts.set('late', Promise.reject(new Error(reason)))
    const failed = ['1', '2'].map((value) => t.rejects(
      producer.publish(message(value, { topic: 'late' })), {
        code: 'FASTSTREAM_ERR_UNAVAILABLE', cause: { message: reason }
      }
    ))
    await Promise.all(failed)
  }
  transport.counts.set('late', 1)
  const published = producer.publish(message('3', { topic: 'late' }))
  await turn()
  t.same(transport.sent, ['late[0] 3'])
  transport.sends[0]?.succeed()
  t.same(await published, { topic: 'late', partition: 0, offset: 0n })
})

t.test('each publish after a successful lookup reads the number of partitions again', async (t) => {
  const { transport, producer } = build()
  transport.counts.set('orders', Promise.resolve(1))
  const first = producer.publish(message('1'))
  await turn()
  transport.sends[0]?.succeed()
  t.equal((await first).partition, 0)
  transport.counts.set('orders', 8)
  const second = producer.publish(message('2', { partition: 7 }))
  await turn()
  transport.sends[1]?.succeed()
  t.equal((await second).partition, 7)
})

t.test('an empty key is a key: all its messages go to one partition', async (t) => {
  const { transport, producer } = build()
  const published = Array.from({ length: 6 }, () => producer.publish(message('1', { key: Buffer.alloc(0) })))
  await turn()
  transport.sends[0]?.succeed()
  // murmur2 of no bytes is 275646681, as in the Java client.
  t.same((await Promise.all(published)).map(({ partition }) => partition), new Array(6).fill(275646681 % 3))
})
