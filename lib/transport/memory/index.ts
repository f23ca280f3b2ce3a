import type { ConsumerListener, ConsumerOptions, Transport, TransportLog } from '../transport.js'
import type { MemoryCluster } from './cluster.js'
import { MemoryConsumer } from './consumer.js'
import { MemoryProducer } from './producer.js'
import { roundTrip } from './round-trip.js'

export { createMemoryCluster } from './cluster.js'
export type { MemoryCluster } from './cluster.js'
export type { MemoryConsumer } from './consumer.js'
export type { Lag } from './group.js'
export type { LoggedRecord } from './logged-record.js'

export interface MemoryTransportOptions {
  readonly cluster: MemoryCluster
  readonly log?: TransportLog
}

export interface MemoryTransport extends Transport {
  consumer (options: ConsumerOptions, listener: ConsumerListener): MemoryConsumer
}

/** A client of `cluster`, as a process with the kafkajs transport is a client of Kafka. */
export function createMemoryTransport ({ cluster, log }: MemoryTransportOptions): MemoryTransport {
  const clients = new Set<MemoryConsumer | MemoryProducer>()

  function owned<C extends MemoryConsumer | MemoryProducer> (client: C): C {
    clients.add(client)
    const close = client.close.bind(client)
    client.close = () => close().finally(() => { clients.delete(client) })
    return client
  }

  async function describeTopics (topics: readonly string[]): Promise<Map<string, number>> {
    await roundTrip()
    const counts = topics.map((topic) => [topic, cluster.partitions(topic).length] as const)
    return new Map(counts.filter(([, count]) => count > 0))
  }

  return {
    name: 'memory',
    connect: roundTrip,
    ping: roundTrip,
    describeTopics,
    /** It has no nodes, keeps every message, and lets groups of any kind be. */
    async describeCluster ({ topics }) {
      const described = Array.from(await describeTopics(topics), ([topic, partitions]) => (
        [topic, { partitions, leaderless: [], replicas: 1, isInSync: true, config: undefined }] as const))
      return { nodes: undefined, topics: new Map(described), groups: new Map(), config: undefined, untold: [] }
    },
    async createTopics (topics) {
      await roundTrip()
      cluster.createTopics(topics)
    },
    consumer: (options, listener) => owned(new MemoryConsumer(cluster, options, listener, log)),
    producer: () => owned(new MemoryProducer(cluster)),
    async close () {
      await Promise.all([...clients].map((client) => client.close()))
    }
  }
}
