import t, { type Test } from 'tap'
import type { FaststreamOptions, Middleware } from '../../index.js'
import { PublishOrder } from '../../lib/middleware/publish-order.js'
import type { Outgoing } from '../../lib/message/outgoing.js'
import { testBroker } from '../../lib/testing/index.js'
import { gate } from '../support/inbox.js'
import { build as buildApp } from '../support/plugin-app.js'

const LIMITS = { messages: 3, bytes: 1000 }

/** An app in which the middlewares of a publish wait until the test lets its value go. */
async function build (t: Test, options: FaststreamOptions = {}) {
  const gates = new Map<unknown, ReturnType<typeof gate>>()
  const gateOf = (value: unknown): ReturnType<typeof gate> => {
    const known = gates.get(value) ?? gate()
    gates.set(value, known)
    return known
  }
  const waiting: Middleware = {
    publishScope: async (next, command) => {
      await gateOf(command.value).opened
      if (command.value === 'refused') throw new Error('refused')
      return await next(command)
    }
  }
  const app = await buildApp(t, { topicConfig: { partitions: 1 }, ...options })
  app.broker.publisher('orders')
  app.broker.publisher('other')
  await app.register(async (scope) => {
    scope.broker.addMiddleware(waiting)
    scope.decorate('slow', scope.broker)
    Object.assign(app, { slow: scope.broker })
  })
  const broker = await testBroker(app)
  const values = (topic = 'orders'): unknown[] => broker.published(topic).map(({ value }) => value)
  const { slow } = app as typeof app & { slow: typeof app.broker }
  return { app, slow, values, letGo: (value: unknown) => { gateOf(value).open() } }
}

t.test('records are in the order of the calls, whatever middlewares take their time', async (t) => {
  const { app, slow, values, letGo } = await build(t)
  const calls = [
    slow.publish('orders', 1), slow.publish('orders', 2), app.broker.publish('orders', 3), slow.publish('orders', 4)
  ]
  for (const value of [4, 2]) letGo(value)
  t.match(await app.broker.publish('other', 'free'), { offset: 0n }, 'another topic does not wait')
  t.same(values(), [])
  letGo(1)
  const stored = await Promise.all(calls)
  t.same(stored.map(({ offset }) => offset), [0n, 1n, 2n, 3n])
  t.same(values(), [1, 2, 3, 4])
  await app.broker.publish('orders', 5)
  t.same(values(), [1, 2, 3, 4, 5])
})

t.test('a publish that its middleware refuses gives its place up', async (t) => {
  const { app, slow, values, letGo } = await build(t)
  const first = slow.publish('orders', 1)
  const refused = slow.publish('orders', 'refused')
  const behind = app.broker.publish('orders', 2)
  letGo('refused')
  await t.rejects(refused, { message: 'refused' })
  t.same(values(), [], 'those behind it still wait for those before it')
  letGo(1)
  await Promise.all([first, behind])
  t.same(values(), [1, 2])
})

t.test('a publish that fails when it is its turn lets those behind it go', async (t) => {
  const { app, slow, values, letGo } = await build(t)
  const first = slow.publish('orders', 1)
  const wrong = app.broker.publish('orders', 2, { partition: 7 })
  const behind = app.broker.publish('orders', 3)
  letGo(1)
  await t.rejects(wrong, { code: 'FASTSTREAM_ERR_UNKNOWN_PARTITION' })
  await Promise.all([first, behind])
  t.same(values(), [1, 3])
})

t.test('a middleware may publish to another topic, before and after next', async (t) => {
  const app = await buildApp(t)
  const audits = app.broker.publisher('audits')
  app.broker.publisher('orders')
  app.broker.addMiddleware({
    publishScope: async (next, command) => {
      if (command.topic === 'audits') return await next(command)
      await audits.publish(`before ${String(command.value)}`, { partition: 0 })
      const stored = await next(command)
      await audits.publish(`after ${String(command.value)}`, { partition: 0 })
      return stored
    }
  })
  const broker = await testBroker(app)
  await app.broker.publish('orders', 1)
  t.same(broker.published('audits').map(({ value }) => value), ['before 1', 'after 1'])
})

t.test('what waits for a middleware is bounded as the queue is', async (t) => {
  const { app, slow, letGo, values } = await build(t, { producer: { queue: { messages: 2 } } })
  const calls = [slow.publish('orders', 1), slow.publish('orders', 2)]
  await t.rejects(slow.publish('orders', 3), { code: 'FASTSTREAM_ERR_PUBLISH_QUEUE_FULL' })
  await t.rejects(app.broker.publish('orders', 4), { code: 'FASTSTREAM_ERR_PUBLISH_QUEUE_FULL' })
  for (const value of [1, 2]) letGo(value)
  await Promise.all(calls)
  await app.broker.publish('orders', 5)
  t.same(values(), [1, 2, 5])
})

function outgoing (value: string, topic = 'orders'): Outgoing {
  return { topic, key: null, value: Buffer.from(value), headers: [], timestamp: 0 }
}

function order () {
  const sent: string[] = []
  const publish = new PublishOrder(async ({ topic, value }) => {
    sent.push(String(value))
    return { topic, partition: 0, offset: BigInt(sent.length) }
  }, LIMITS)
  return { publish, sent }
}

t.test('without a place that is taken a record goes at once', async (t) => {
  const { publish, sent } = order()
  const stored = publish.send(outgoing('1'))
  t.same(sent, ['1'])
  t.same(await stored, { topic: 'orders', partition: 0, offset: 1n })
})

t.test('records that wait are bounded by their bytes, and a lone one may be larger', async (t) => {
  const { publish, sent } = order()
  const place = publish.take('orders')
  const large = publish.send(outgoing('x'.repeat(2000)))
  await t.rejects(publish.send(outgoing('y')), { code: 'FASTSTREAM_ERR_PUBLISH_QUEUE_FULL' })
  place.leave()
  place.leave()
  await large
  await publish.send(outgoing('z'))
  t.same(sent.map((value) => value[0]), ['x', 'z'])
})

t.test('a producer that throws leaves the place', async (t) => {
  const failing = new PublishOrder(() => { throw new Error('not connected') }, LIMITS)
  const place = failing.take('orders')
  await t.rejects(failing.sendFrom(place, outgoing('1')), { message: 'not connected' })
  await place.left
  await t.rejects(failing.send(outgoing('2')), { message: 'not connected' }, 'the topic has no place that is taken')
})
