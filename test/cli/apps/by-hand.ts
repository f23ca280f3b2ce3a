import type { FastifyInstance } from 'fastify'
import { faststreamPlugin } from '../../../index.js'
import { createMemoryCluster, createMemoryTransport } from '../../../lib/transport/memory/index.js'

const cluster = createMemoryCluster()
cluster.createTopics(['orders', 'orders.dlq'].map((topic) => ({ topic, partitions: 3, replicas: 1 })))

/** A subscriber of a partition that is not there on the cluster, but is in the memory of a command that only looks. */
export default async function byHand (app: FastifyInstance, _: unknown): Promise<void> {
  const transport = () => createMemoryTransport({ cluster })
  await app.register(faststreamPlugin, { transport, brokers: ['a:1'], topicConfig: { partitions: 8 }, groupId: 'shop' })
  app.broker.subscriber('orders', { partitions: [0, 7] }, function takeOrder () {})
}
