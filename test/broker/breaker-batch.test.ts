import t, { type Test } from 'tap'
import { BatchError, type FaststreamOptions } from '../../index.js'
import { createMemoryCluster, createMemoryTransport } from '../../lib/transport/memory/index.js'
import { eventually } from '../conformance/eventually.js'
import { useEnvironment } from '../support/environment.js'
import { build } from '../support/plugin-app.js'

type Order = { id: number }

/** An app whose subscriber takes batches. */
async function shop (
  t: Test, take: (orders: Order[]) => void, maxSize: number, options: FaststreamOptions = {}
) {
  const cluster = createMemoryCluster()
  const app = await build(t, { topicConfig: { partitions: 1 }, retry: { retries: 0 }, ...options })
  useEnvironment(app, { createTransport: async () => createMemoryTransport({ cluster }) })
  app.broker.subscriber('orders', { batch: { maxSize, timeout: 50 } }, async function store (orders) {
    take(orders as Order[])
  })
  await app.ready()
  const letters = (): number => cluster.records('orders.dlq').length
  return { app, letters }
}

async function publish (app: Awaited<ReturnType<typeof build>>, count: number): Promise<void> {
  await Promise.all(Array.from({ length: count }, (_, id) => app.broker.publish('orders', { id })))
}

for (const [maxSize, retries] of [[100, 0], [20, 0], [20, 1], [1, 0]] as const) {
  t.test(`batches of ${maxSize} and ${retries} retries: a database that is away makes few letters`, async (t) => {
    const database = { isAway: true }
    const stored: Order[] = []
    const { app, letters } = await shop(t, (orders) => {
      if (database.isAway) throw Object.assign(new Error('no database'), { code: 'ECONNREFUSED' })
      stored.push(...orders)
    }, maxSize, { retry: { retries, delay: 1 } })
    await publish(app, 500)
    await eventually(async () => app.broker.health().subscribers[0]?.breaker !== undefined)
    t.ok(letters() <= 50, `${letters()} letters`)
    database.isAway = false
    await eventually(async () => stored.length + letters() === 500)
    t.same(stored.map(({ id }) => id), stored.map(({ id }) => id).toSorted((a, b) => a - b), 'in order')
    await eventually(async () => app.broker.health().healthy)
  })
}

t.test('a poison message of a hundred that is blamed opens nothing', async (t) => {
  const stored: Order[] = []
  const { app, letters } = await shop(t, (orders) => {
    const poison = orders.findIndex(({ id }) => id % 100 === 7)
    if (poison >= 0) throw new BatchError(poison, new Error('poison'))
    stored.push(...orders)
  }, 100)
  await publish(app, 1000)
  await eventually(async () => letters() === 10 && app.broker.health().subscribers[0]?.lag === 0)
  t.equal(app.broker.health().subscribers[0]?.breaker, undefined)
})

t.test('a small batch that fails among others opens nothing', async (t) => {
  let calls = 0
  const { app, letters } = await shop(t, () => { if (++calls % 10 === 5) throw new Error('poison') }, 10)
  await publish(app, 1000)
  await eventually(async () => app.broker.health().subscribers[0]?.lag === 0)
  t.equal(app.broker.health().subscribers[0]?.breaker, undefined)
  t.ok(letters() > 0 && letters() <= 110, `${letters()} letters`)
})
