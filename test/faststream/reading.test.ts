import t, { type Test } from 'tap'
import type { Message, Middleware, SubscriberWithoutHandler } from '../../index.js'
import { testBroker } from '../../lib/testing/index.js'
import { gate, Inbox } from '../support/inbox.js'
import { build } from '../support/plugin-app.js'

/* Scenarios of iterators and batches, as far as no other test here has them: scenarios.ts lists all of them. */

/** A middleware that writes down its moments around the messages of `orders`. */
function tracer (calls: string[], name: string): Middleware {
  return {
    onReceive: ({ topic }) => { if (topic === 'orders') calls.push(`${name} receives`) },
    async consumeScope (next, { value, attempt }) {
      calls.push(`${name} consumes ${value} ${attempt}`)
      try {
        return await next()
      } finally {
        calls.push(`${name} has consumed`)
      }
    },
    afterProcessed: (error, { topic }) => {
      if (topic === 'orders') calls.push(`${name} has processed${error === undefined ? '' : `: ${error.name}`}`)
    }
  }
}

/** Wants the first attempt of `again` again, does not want `bad`, and takes anything else. */
function decide ({ value, attempt, ack, nack, reject }: Message): boolean {
  if (value === 'again' && attempt === 1) return nack({ delay: 0 })
  return value === 'bad' ? reject('not wanted') : ack()
}

type Way = (subscriber: SubscriberWithoutHandler<Message>) => AsyncIterable<Message>

/** What middlewares of two places see, and what becomes a dead letter: read in some way, or by a handler. */
async function traced (t: Test, way?: Way) {
  const calls: string[] = []
  const app = await build(t, { topicConfig: { partitions: 1 }, middlewares: [tracer(calls, 'broker')] })
  const broker = await testBroker(app, { allowFailures: true })
  const options = { groupId: 'shop', middlewares: [tracer(calls, 'subscriber')] }
  const subscriber = way === undefined
    ? app.broker.subscriber('orders', options, (_, message) => { decide(message) })
    : app.broker.subscriber('orders', options)
  await subscriber.start()
  const messages = way?.(subscriber as SubscriberWithoutHandler<Message>)[Symbol.asyncIterator]()
  // One after the other: by hand several messages may be open at once.
  for (const [value, attempts] of [['good', 1], ['again', 2], ['bad', 1]] as const) {
    await broker.publish('orders', value)
    for (let i = 0; i < attempts; i++) {
      if (messages !== undefined) t.ok(decide((await messages.next()).value))
    }
    await broker.settled()
  }
  return { calls, dead: broker.published('orders.dlq').map(({ value }) => value) }
}

t.test('middlewares have one order and one end, whatever way messages are read', async (t) => {
  const { calls, dead } = await traced(t)
  t.same(dead, ['bad'])
  t.same(calls.slice(0, 8), [
    'broker receives', 'subscriber receives', 'broker consumes good 1', 'subscriber consumes good 1',
    'subscriber has consumed', 'broker has consumed', 'subscriber has processed', 'broker has processed'
  ])
  t.equal(calls.length, 4 * 8)
  const one = async function * (subscriber: SubscriberWithoutHandler<Message>) {
    for (let message = await subscriber.getOne(); message !== null; message = await subscriber.getOne()) yield message
  }
  t.same(await traced(t, one), { calls, dead }, 'getOne()')
  t.same(await traced(t, (subscriber) => subscriber), { calls, dead }, 'for await')
})

t.test('a loop gets each message, decoded by the decoder of its subscriber', async (t) => {
  const app = await build(t, { topicConfig: { partitions: 1 } })
  const broker = await testBroker(app)
  await using orders = await app.broker.subscriber('orders', {
    decoder: ({ rawValue }, original) => `${original()} of ${String(rawValue)}`
  }).start()
  for (const value of [1, 2, 3]) await broker.publish('orders', value)
  const values: unknown[] = []
  for await (const { value, ack } of orders) {
    ack()
    if (values.push(value) === 3) break
  }
  t.same(values, ['1 of 1', '2 of 2', '3 of 3'])
})

t.test('concurrency counts with batches, too: two of three partitions at once', async (t) => {
  const app = await build(t, { concurrency: 2, topicConfig: { partitions: 3 } })
  const started = new Inbox<number>()
  const { opened, open } = gate()
  let [running, most] = [0, 0]
  app.broker.subscriber('orders', { batch: { maxSize: 2, timeout: 60_000 } }, async (values, { partition }) => {
    most = Math.max(most, ++running)
    t.equal(values.length, 2)
    started.add(partition)
    await opened
    running--
  })
  const broker = await testBroker(app)
  await app.broker.publishBatch('orders', Array.from({ length: 6 }, (_, i) => ({ value: i, partition: i % 3 })))
  await started.count(2)
  for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate)
  t.equal(running, 2)
  open()
  await broker.settled()
  t.same([most, ...[...started.items].sort()], [2, 0, 1, 2])
})
