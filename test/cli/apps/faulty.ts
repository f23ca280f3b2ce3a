import type { FastifyInstance } from 'fastify'
import { faststreamPlugin } from '../../../index.js'
import {
  createMemoryCluster, createMemoryTransport, type MemoryTransport
} from '../../../lib/transport/memory/index.js'

export const cluster = createMemoryCluster()
/** What the transport of the next command does otherwise: a test sets it. */
export const faults = { of: (transport: MemoryTransport): MemoryTransport => transport }

export default async function faulty (app: FastifyInstance): Promise<void> {
  await app.register(faststreamPlugin, {
    transport: () => faults.of(createMemoryTransport({ cluster })),
    brokers: ['a:1'],
    groupId: 'shop',
    topicConfig: { partitions: 1 }
  })
  const value = { type: 'object', required: ['id'], properties: { id: { type: 'number' } } } as const
  app.broker.publisher('orders', { schema: { value } })
  app.broker.publisher('plain')
  app.broker.subscriber('orders', { schema: { value } }, function takeOrder () {})
  app.broker.subscriber('lines', { codec: 'text' }, function takeLine () {})
  app.broker.subscriber('{name}.texts', { codec: 'text', deadLetter: false }, function takeText () {})
  app.broker.subscriber('news', { groupId: null, deadLetter: false }, function readNews () {})
}
