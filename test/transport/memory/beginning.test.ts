import t from 'tap'
import { createMemoryCluster } from '../../../lib/transport/memory/index.js'
import { record } from '../../support/memory-transport.js'

t.test('a time is the first record that is not older, among those that the log holds', async (t) => {
  const cluster = createMemoryCluster()
  cluster.createTopics([{ topic: 'orders', partitions: 1, replicas: 1 }])
  for (const timestamp of [10, 30, 20, 40]) cluster.append([record('orders', 0, 'value', { timestamp })])
  const log = cluster.partition('orders', 0)!
  t.same([0, 10, 11, 20, 30, 31, 41].map((at) => log.since(at)), [0n, 0n, 1n, 1n, 1n, 3n, 4n])
  cluster.deleteRecords('orders', 0, 2n)
  t.same([0, 11, 30, 41].map((at) => log.since(at)), [2n, 2n, 3n, 4n])
})
