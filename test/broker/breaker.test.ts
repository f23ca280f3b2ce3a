import t, { type Test } from 'tap'
import type { FaststreamOptions } from '../../index.js'
import { createMemoryCluster, createMemoryTransport } from '../../lib/transport/memory/index.js'
import { useEnvironment } from '../support/environment.js'
import { hear } from '../support/hear.js'
import { ManualClock, turn } from '../support/manual-clock.js'
import { build } from '../support/plugin-app.js'

const MINUTE = 60_000
const MESSAGES = 1000

/** An app on its own cluster and clock, whose database a test takes away. */
async function shop (t: Test, options: FaststreamOptions = {}) {
  const clock = new ManualClock()
  const cluster = createMemoryCluster(clock)
  const app = await build(t, { topicConfig: { partitions: 3 }, ...options })
  useEnvironment(app, { clock, createTransport: async () => createMemoryTransport({ cluster }) })
  const database = { isAway: false }
  const saved: Array<[partition: number, offset: bigint]> = []
  const mailed: unknown[] = []
  app.broker.subscriber('orders', async function save (_, { partition, offset }) {
    if (database.isAway) throw Object.assign(new Error('no database'), { code: 'ECONNREFUSED' })
    saved.push([partition, offset])
  })
  app.broker.subscriber('mails', function mail (value) { mailed.push(value) })
  await app.ready()
  await turn()
  return { app, clock, cluster, database, saved, mailed }
}

t.test('a database that is away for ten minutes costs few dead letters, no message, and no order', async (t) => {
  const { app, clock, cluster, database, saved, mailed } = await shop(t, { retry: { retries: 0 } })
  const opened = hear(t, 'faststream.breaker.opened')
  const closed = hear(t, 'faststream.breaker.closed')
  database.isAway = true
  for (let i = 0; i < MESSAGES; i++) await app.broker.publish('orders', i, { key: String(i) })
  for (let minute = 0; minute < 10; minute++) {
    await clock.advance(MINUTE)
    await app.broker.publish('mails', minute)
  }
  const letters = cluster.records('orders.dlq').length
  t.ok(letters > 0 && letters <= 50, `${letters} letters`)
  t.same(saved, [])
  const { healthy, subscribers: [orders, mails] } = app.broker.health()
  t.equal(healthy, false)
  t.match(orders, { name: 'save', healthy: false, breaker: { error: 'Error ECONNREFUSED', since: Date } })
  t.equal(orders?.breaker?.partitions.length, 3)
  t.match(mails, { name: 'mail', healthy: true, breaker: undefined }, 'others of the group go on')
  await turn()
  t.equal(mailed.length, 10)
  database.isAway = false
  await clock.advance(MINUTE)
  t.equal(cluster.records('orders.dlq').length, letters)
  t.equal(saved.length, MESSAGES - letters, 'nothing is lost')
  for (const partition of [0, 1, 2]) {
    const offsets = saved.filter(([of]) => of === partition).map(([, offset]) => offset)
    t.same(offsets, offsets.toSorted((a, b) => Number(a - b)), 'the order is kept')
  }
  t.match(app.broker.health(), { healthy: true, subscribers: [{ breaker: undefined }, {}] })
  t.match(opened, [{ groupId: 'fastify-faststream', subscriber: 'save', topic: 'orders' }])
  t.match(closed, [{ groupId: 'fastify-faststream', subscriber: 'save' }])
})

t.test('without a breaker the same database turns the topic into dead letters', async (t) => {
  const { app, clock, cluster, database } = await shop(t, { retry: { retries: 0 }, breaker: false })
  database.isAway = true
  for (let i = 0; i < 200; i++) await app.broker.publish('orders', i)
  await clock.advance(MINUTE)
  t.equal(cluster.records('orders.dlq').length, 200)
})

t.test('the default retries make no more letters', async (t) => {
  const { app, clock, cluster, database, saved } = await shop(t)
  database.isAway = true
  for (let i = 0; i < MESSAGES; i++) await app.broker.publish('orders', i, { key: String(i) })
  await clock.advance(10 * MINUTE)
  const letters = cluster.records('orders.dlq').length
  t.ok(letters <= 50, `${letters} letters`)
  t.not(app.broker.health().subscribers[0]?.breaker, undefined)
  database.isAway = false
  await clock.advance(MINUTE)
  t.equal(saved.length + letters, MESSAGES)
})

t.test('a subscriber that closes while its breaker is open leaves its messages to the next one', async (t) => {
  const { app, clock, cluster, database } = await shop(t, { retry: { retries: 0 } })
  database.isAway = true
  for (let i = 0; i < 200; i++) await app.broker.publish('orders', i)
  await clock.advance(MINUTE)
  const closing = app.close()
  await clock.advance(MINUTE)
  await closing
  t.equal(clock.waiting, 0)
  const group = cluster.group('fastify-faststream')
  const committed = cluster.partitions('orders').map((log) => Number(group.committed(log) ?? 0n))
  t.equal(committed.reduce((sum, offset) => sum + offset, 0), cluster.records('orders.dlq').length)
})

t.test('members that are left out are inherited, and what makes no sense is refused', async (t) => {
  const app = await build(t, { breaker: { minimum: 10 } })
  app.broker.subscriber('orders', { breaker: { ratio: 1 } }, () => {})
  app.broker.subscriber('mails', { breaker: false }, () => {})
  await app.register(async (scope) => {
    scope.broker.options({ breaker: false })
    scope.broker.subscriber('bills', { breaker: { window: 1 } }, () => {})
  })
  await app.ready()
  for (const breaker of [{ ratio: 0 }, { minimum: 1 }, { window: 0 }, { most: 1 }, true, 3]) {
    t.throws(() => { app.broker.subscriber('x', { breaker: breaker as never }, () => {}) }, { code: /FASTSTREAM_ERR_/ })
  }
})
