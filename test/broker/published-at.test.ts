import t from 'tap'
import { createMemoryCluster, createMemoryTransport } from '../../lib/transport/memory/index.js'
import { useEnvironment } from '../support/environment.js'
import { ManualClock } from '../support/manual-clock.js'
import { build } from '../support/plugin-app.js'

t.test('a message has the time at which it was published, unless it brings one', async (t) => {
  const app = await build(t)
  const clock = new ManualClock()
  const cluster = createMemoryCluster(clock)
  useEnvironment(app, { clock, createTransport: async () => createMemoryTransport({ cluster }) })
  const orders = app.broker.publisher('orders', { partition: 0 })
  await app.ready()
  await orders.publish(1)
  await clock.advance(5)
  await orders.publish(2)
  await orders.publish(3, { timestamp: new Date(7) })
  t.same(cluster.records('orders').map(({ timestamp }) => timestamp), [1_000_000, 1_000_005, 7])
  cluster.createTopics([{ topic: 'returns', partitions: 1, replicas: -1 }])
  await app.broker.publish('returns', 1)
  t.same(cluster.records('returns').map(({ timestamp }) => timestamp), [1_000_005], 'also without a publisher')
})
