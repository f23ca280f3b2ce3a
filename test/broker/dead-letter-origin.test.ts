import t from 'tap'
import type { Message } from '../../index.js'
import { Inbox } from '../support/inbox.js'
import { build } from '../support/plugin-app.js'

t.test('a dead letter that fails again keeps its first origin, and a header alone is not trusted', async (t) => {
  const app = await build(t, { retry: { retries: 0 } })
  const inbox = new Inbox<unknown>()
  for (const topic of ['orders', 'orders.dlq']) app.broker.subscriber(topic, () => { throw new Error('no') })
  app.broker.subscriber('orders.dlq.dlq', (_, { headers }) => {
    inbox.add([headers['x-dlq-topic'], headers['x-dlq-offset']])
  })
  await app.ready()
  await app.broker.publish('orders', 1, { headers: { 'x-dlq-topic': 'no topic', 'x-dlq-offset': '99' } })
  t.same(await inbox.count(1), [['orders', '0']])
})

t.test('a header that names no topic is no origin of a dead letter, however complete its place is', async (t) => {
  const app = await build(t, { retry: { retries: 0 } })
  const inbox = new Inbox<unknown>()
  app.broker.subscriber('orders', () => { throw new Error('no') })
  app.broker.subscriber('orders.dlq', (_, { headers }) => {
    inbox.add([headers['x-dlq-topic'], headers['x-dlq-offset']])
  })
  await app.ready()
  const place = { 'x-dlq-topic': 'no topic', 'x-dlq-partition': '1', 'x-dlq-offset': '99', 'x-dlq-timestamp': '1' }
  await app.broker.publish('orders', 1, { headers: place })
  t.same(await inbox.count(1), [['orders', '0']])
})

t.test('a topic for which the function of dead letters throws is no origin of a dead letter', async (t) => {
  const app = await build(t, { retry: { retries: 0 } })
  const inbox = new Inbox<unknown>()
  function topic (origin: string): string {
    if (origin !== 'orders') throw new Error('unknown topic')
    return 'failed'
  }
  app.broker.subscriber('orders', { deadLetter: { topic } }, () => { throw new Error('no') })
  app.broker.subscriber('failed', (_, { headers }) => { inbox.add([headers['x-dlq-topic'], headers['x-dlq-offset']]) })
  await app.ready()
  const place = { 'x-dlq-topic': 'other', 'x-dlq-partition': '1', 'x-dlq-offset': '99', 'x-dlq-timestamp': '1' }
  await app.broker.publish('orders', 1, { headers: place })
  t.same(await inbox.count(1), [['orders', '0']])
})

t.test('headers that tell of a dead letter are trusted only where dead letters of its topic go', async (t) => {
  const app = await build(t, { retry: { retries: 0 } })
  const inbox = new Inbox<unknown>()
  const seen = (_: unknown, { topic, deadLetter }: Message): void => { inbox.add([topic, deadLetter?.topic]) }
  for (const topic of ['orders', 'orders.dlq', 'returns']) app.broker.subscriber(topic, seen)
  await app.ready()
  const place = { 'x-dlq-topic': 'orders', 'x-dlq-offset': '99', 'x-dlq-stage': 'retries-exhausted' }
  for (const topic of ['orders.dlq', 'returns']) await app.broker.publish(topic, 1, { headers: place })
  t.same([...await inbox.count(2)].sort(), [['orders.dlq', 'orders'], ['returns', undefined]])
})
