import Fastify from 'fastify'
import faststreamPlugin from '../../index.js'
import { createMemoryCluster, createMemoryTransport } from '../../lib/transport/memory/index.js'
import type { MemoryConsumer, MemoryTransport } from '../../lib/transport/memory/index.js'
import { stalls } from './world.js'
import type { World } from './world.js'
import { useEnvironment } from '../support/environment.js'
import { idleListener } from '../support/idle-listener.js'
import { createLateTransport } from '../support/late-transport.js'

const cluster = createMemoryCluster()
let client = (): MemoryTransport => createMemoryTransport({ cluster })
let count = 0

/** From now on the cluster answers each request late. */
export function answerLate (): void {
  client = () => createLateTransport(cluster)
}

export const memory: World = {
  name: 'memory',
  unique: (prefix) => `${prefix}-${++count}`,
  async app (t, options) {
    const app = Fastify()
    t.teardown(() => app.close())
    useEnvironment(app, { createTransport: async () => client() })
    await app.register(faststreamPlugin, { transport: 'memory', ...options })
    return app
  },
  async createTopic (partitions, topic = memory.unique('topic')) {
    cluster.createTopics([{ topic, partitions, replicas: 1 }])
    return topic
  },
  deleteTopic: async (topic) => { cluster.deleteTopic(topic) },
  deleteRecords: async (topic, partition, before) => { cluster.deleteRecords(topic, partition, before) },
  async read (topic) {
    return [...cluster.records(topic)]
      .sort((a, b) => a.partition - b.partition || Number(a.offset - b.offset))
      .map(({ partition, offset, timestamp, key, value, headers }) => {
        const byName: Record<string, Array<Buffer | null>> = Object.create(null)
        for (const [name, value] of headers) (byName[name] ??= []).push(value)
        return { partition, offset, timestamp, key, value, headers: byName }
      })
  },
  partitions: async (topic) => cluster.partitions(topic).length,
  addPartitions: async (topic, count) => { cluster.createPartitions(topic, count) },
  async committed (groupId, topic) {
    const group = cluster.group(groupId)
    return cluster.partitions(topic).map((log) => group.committed(log) ?? 0n)
  },
  async commit (groupId, topic, offset, metadata) {
    const transport = client()
    const consumer = transport.consumer(
      { groupId, topics: [topic], offsetReset: 'earliest', rebalanceTimeout: 1000, sessionTimeout: 1000 },
      idleListener
    )
    await consumer.start()
    await consumer.commit([{ topic, partition: 0, offset, ...metadata !== undefined && { metadata } }])
    await transport.close()
  },
  async victim (t, { topic, ...options }) {
    const app = await memory.app(t, { ...options, drainTimeout: 1, commit: { interval: 10 } })
    const consumers: MemoryConsumer[] = []
    useEnvironment(app, {
      async createTransport () {
        const transport = client()
        return { ...transport, consumer: (...args) => consumers[consumers.push(transport.consumer(...args)) - 1]! }
      }
    })
    stalls(app, topic)
    await app.ready()
    return async () => { for (const consumer of consumers) consumer.kill() }
  }
}

/** A client of the same cluster for what is said of transports alone. */
export function newMemoryClient (): MemoryTransport {
  return client()
}
