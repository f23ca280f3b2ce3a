import type { Test } from 'tap'
import { createMemoryCluster, createMemoryTransport } from '../../lib/transport/memory/index.js'
import type { ProducedRecord, TransportLog } from '../../lib/transport/transport.js'
import { ConsumerRecorder } from './consumer-recorder.js'

export const deadline = Number.MAX_SAFE_INTEGER

export function record (topic: string, partition: number, value = 'x'): ProducedRecord {
  return { topic, partition, key: null, value: Buffer.from(value), headers: [], timestamp: 1 }
}

export async function build (t: Test, topics: Record<string, number> = { orders: 4 }, log?: TransportLog) {
  const cluster = createMemoryCluster()
  const transport = createMemoryTransport(log === undefined ? { cluster } : { cluster, log })
  t.teardown(() => transport.close())
  await transport.createTopics(Object.entries(topics).map(([topic, partitions]) => ({
    topic, partitions, replicas: -1
  })))

  function member (topics = ['orders'], rebalanceTimeout = 10_000) {
    const listener = new ConsumerRecorder()
    // A process of its own, as far as the cluster can see.
    const own = createMemoryTransport(log === undefined ? { cluster } : { cluster, log })
    t.teardown(() => own.close())
    const consumer = own.consumer(
      { groupId: 'shop', topics, offsetReset: 'earliest', rebalanceTimeout, sessionTimeout: 10_000 }, listener
    )
    return { listener, consumer, transport: own }
  }
  return { cluster, transport, producer: transport.producer(), member }
}

export function recordLog () {
  const lines: Array<[level: string, details: object, message: string]> = []
  const line = (level: string) => (details: object, message: string) => { lines.push([level, details, message]) }
  return { lines, log: { debug: line('debug'), info: line('info'), warn: line('warn'), error: line('error') } }
}

export const all = ['orders/0', 'orders/1', 'orders/2', 'orders/3']
