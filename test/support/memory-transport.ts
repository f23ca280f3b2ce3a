import type { Test } from 'tap'
import { createMemoryCluster, createMemoryTransport } from '../../lib/transport/memory/index.js'
import type { ProducedRecord, TransportProducer } from '../../lib/transport/transport.js'
import { ConsumerRecorder } from './consumer-recorder.js'

const deadline = Number.MAX_SAFE_INTEGER

export function record (
  topic: string, partition: number, value: string | Buffer | null, rest: Partial<ProducedRecord> = {}
): ProducedRecord {
  return {
    topic,
    partition,
    key: null,
    value: typeof value === 'string' ? Buffer.from(value) : value,
    headers: [],
    timestamp: 1,
    ...rest
  }
}

export function numbered (topic: string, partition: number, count: number): ProducedRecord[] {
  return Array.from({ length: count }, (_, i) => record(topic, partition, String(i)))
}

export async function build (t: Test, topics: Record<string, number> = { orders: 2 }) {
  const cluster = createMemoryCluster()
  const transport = createMemoryTransport({ cluster })
  t.teardown(() => transport.close())
  await transport.connect()
  await transport.createTopics(Object.entries(topics).map(([topic, partitions]) => ({
    topic, partitions, replicas: -1
  })))

  function join (topics = ['orders'], groupId = 'shop') {
    const listener = new ConsumerRecorder()
    const consumer = transport.consumer(
      { groupId, topics, offsetReset: 'earliest', rebalanceTimeout: 10_000, sessionTimeout: 10_000 }, listener
    )
    return { listener, consumer }
  }
  return { cluster, transport, join, producer: transport.producer() }
}

export function send (producer: TransportProducer, ...records: ProducedRecord[]): Promise<readonly bigint[]> {
  return producer.send(records, deadline)
}
