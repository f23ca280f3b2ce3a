import type { FastifyInstance } from 'fastify'
import { faststreamPlugin } from '../../../index.js'
import { createMemoryCluster, createMemoryTransport } from '../../../lib/transport/memory/index.js'

/** The cluster of all commands of a test, as a real one outlives each of them. */
export const cluster = createMemoryCluster()
/** What ran, although a command only looks. */
export const ran: string[] = []

/** A plugin, as fastify-cli runs it. */
export default async function shop (app: FastifyInstance): Promise<void> {
  await app.register(faststreamPlugin, {
    transport: () => createMemoryTransport({ cluster }),
    brokers: ['a:1'],
    groupId: 'shop',
    topicConfig: { partitions: 1 }
  })
  const value = { type: 'object', required: ['id'], properties: { id: { type: 'number' } } } as const
  app.broker.publisher('orders', { schema: { value } })
  app.broker.subscriber('orders', { schema: { value } }, function takeOrder () { ran.push('handler') })
  app.broker.onStarted(() => { ran.push('onStarted') })
  app.broker.onStopping(() => { ran.push('onStopping') })
  app.broker.background('task', () => { ran.push('background') })
}
