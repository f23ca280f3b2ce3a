import t, { type Test } from 'tap'
import underPressure from '@fastify/under-pressure'
import type { FaststreamOptions } from '../../../index.js'
import { createMemoryCluster, createMemoryTransport } from '../../../lib/transport/memory/index.js'
import { useEnvironment } from '../../support/environment.js'
import { hear } from '../../support/hear.js'
import { holdSends } from '../../support/held-sends.js'
import { gate } from '../../support/inbox.js'
import { build as buildApp } from '../../support/plugin-app.js'
import { ManualClock, turn } from '../../support/manual-clock.js'

const IDLE = {
  high: false,
  reasons: [],
  publishQueue: { messages: 0, bytes: 0, fill: 0 },
  commitAge: 0,
  subscribers: 'running'
}

/** An app whose cluster answers no publish until the test says so. */
async function build (t: Test, options: FaststreamOptions = {}) {
  const app = await buildApp(t, { groupId: 'shop', producer: { queue: { messages: 10 } }, ...options })
  const answering = gate()
  t.teardown(answering.open)
  holdSends(app, () => answering.opened)
  app.broker.publisher('invoices')
  return { app, answering }
}

t.test('a broker without load has no pressure, also before the app is ready', async (t) => {
  const { app } = await build(t)
  t.same(app.broker.pressure(), IDLE)
  await app.ready()
  t.same(app.broker.pressure(), IDLE)
})

t.test('pressure is high from 0.8 of the publish queue on', async (t) => {
  const { app, answering } = await build(t)
  await app.ready()
  const publishes = Array.from({ length: 7 }, () => app.broker.publish('invoices', 1))
  t.match(app.broker.pressure(), { high: false, publishQueue: { messages: 7, fill: 0.7 } })
  publishes.push(app.broker.publish('invoices', 1))
  const { high, reasons, publishQueue } = app.broker.pressure()
  t.same([high, reasons, publishQueue.fill], [true, ['publish-queue'], 0.8])
  t.ok(publishQueue.bytes > 8)
  answering.open()
  await Promise.all(publishes)
  t.same(app.broker.pressure(), IDLE)
})

t.test('the bytes of the queue count as its messages do', async (t) => {
  const { app, answering } = await build(t, { producer: { queue: { messages: 1000, bytes: 10_000 } } })
  await app.ready()
  const published = app.broker.publish('invoices', 'x'.repeat(9000))
  t.match(app.broker.pressure(), { high: true, reasons: ['publish-queue'], publishQueue: { messages: 1 } })
  answering.open()
  await published
})

t.test('pressure is high while a message is not settled for longer than commitAge', async (t) => {
  const { app, answering } = await build(t, { pressure: { commitAge: 1, eventLoopDelay: 0 } })
  answering.open()
  const [began, ended] = [gate(), gate()]
  app.broker.subscriber('orders', async () => {
    began.open()
    await ended.opened
  })
  await app.ready()
  t.equal(app.broker.pressure().high, false)
  await app.broker.publish('orders', 1)
  await began.opened
  while (!app.broker.pressure().high) await turn()
  const { reasons, commitAge } = app.broker.pressure()
  t.same(reasons, ['commit-age'])
  t.ok(commitAge >= 1)
  ended.open()
  while (app.broker.pressure().high) await turn()
  t.equal(app.broker.pressure().commitAge, 0)
})

t.test('pressure is high once a message is not settled for as long as commitAge says', async (t) => {
  const app = await buildApp(t, { groupId: 'shop', pressure: { commitAge: 1000, eventLoopDelay: 0 } })
  const clock = new ManualClock()
  useEnvironment(app, {
    clock, createTransport: async () => createMemoryTransport({ cluster: createMemoryCluster(clock) })
  })
  const [began, ended] = [gate(), gate()]
  t.teardown(ended.open)
  app.broker.subscriber('orders', async () => {
    began.open()
    await ended.opened
  })
  await app.ready()
  await app.broker.publish('orders', 1)
  await began.opened
  await clock.advance(999)
  t.match(app.broker.pressure(), { high: false, commitAge: 999 })
  await clock.advance(1)
  t.match(app.broker.pressure(), { high: true, reasons: ['commit-age'], commitAge: 1000 })
})

t.test('routes answer 503 with retry-after before a publish fails, and serve again afterwards', async (t) => {
  const { app, answering } = await build(t)
  await app.register(underPressure, {
    healthCheck: async () => !app.broker.pressure().high,
    healthCheckInterval: 5,
    retryAfter: 7
  })
  const failures: unknown[] = []
  app.post('/invoices', (request, reply) => {
    request.broker.publish('invoices', 1).catch((error) => { failures.push(error) })
    return reply.code(202).send()
  })
  await app.ready()
  const post = async () => await app.inject({ method: 'POST', url: '/invoices' })
  for (let i = 0; i < 8; i++) t.equal((await post()).statusCode, 202)
  let refused = await app.inject('/none')
  while (refused.statusCode !== 503) {
    await turn()
    refused = await app.inject('/none')
  }
  t.equal(refused.headers['retry-after'], '7')
  t.equal((await post()).statusCode, 503)
  t.ok(app.broker.pressure().publishQueue.messages < 10)
  answering.open()
  while ((await post()).statusCode !== 202) await turn()
  t.same(failures, [])
})

t.test('each change is told once', async (t) => {
  const { app, answering } = await build(t, { pressure: {} })
  const changes = hear(t, 'faststream.pressure.changed')
  await app.ready()
  const publishes = Array.from({ length: 9 }, () => app.broker.publish('invoices', 1))
  while (changes.length < 1) await turn()
  t.match(changes, [{ broker: 'default', brokerId: app.broker.id, high: true, reasons: ['publish-queue'] }])
  answering.open()
  await Promise.all(publishes)
  while (changes.length < 2) await turn()
  t.match(changes[1], { high: false, reasons: [], publishQueue: { messages: 0 } })
  t.equal(changes.length, 2)
})
