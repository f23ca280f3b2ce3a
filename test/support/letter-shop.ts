import type { Test } from 'tap'
import type { FaststreamOptions } from '../../index.js'
import { createMemoryCluster, createMemoryTransport, type MemoryTransport } from '../../lib/transport/memory/index.js'
import type { RawHeader } from '../../lib/transport/transport.js'
import { useEnvironment } from './environment.js'
import { memoryLog } from './json-log.js'
import { build } from './plugin-app.js'

/** Headers of a dead letter of `orders`; a fact that is empty has none. */
export function letterHeaders (facts: Record<string, string> = {}): RawHeader[] {
  const own = { topic: 'orders', partition: '0', offset: '0', timestamp: '1', group: 'shop', stage: 'rejected' }
  const all = { ...own, ...facts }
  return Object.entries(all).filter(([, value]) => value !== '').map(([name, value]) => [
    `x-dlq-${name}`, Buffer.from(value)
  ])
}

/** An app of the group `shop`, whose letters a test writes. */
export async function shop (
  t: Test, options: FaststreamOptions = {}, change = (transport: MemoryTransport) => transport
) {
  const { stream, lines } = memoryLog()
  const cluster = createMemoryCluster()
  const app = await build(t, { groupId: 'shop', topicConfig: { partitions: 1 }, ...options }, {
    logger: { level: 'info', stream }
  })
  useEnvironment(app, { createTransport: async () => change(createMemoryTransport({ cluster })) })
  const handled: unknown[] = []
  app.broker.subscriber('orders', {
    schema: { value: { type: 'object', required: ['id'], properties: { id: { type: 'number' } } } }
  }, function take (order) { handled.push(order) })
  await app.ready()
  const producer = createMemoryTransport({ cluster }).producer()
  async function write (value: string | null, headers = letterHeaders(), key: string | null = null): Promise<void> {
    await producer.send([{
      topic: 'orders.dlq',
      partition: 0,
      key: key === null ? null : Buffer.from(key),
      value: value === null ? null : Buffer.from(value),
      headers,
      timestamp: Date.now()
    }], Infinity)
  }
  return { app, cluster, handled, write, lines }
}
