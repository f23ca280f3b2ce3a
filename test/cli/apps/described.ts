import type { FastifyInstance } from 'fastify'
import { faststreamPlugin, type ClusterDescription, type FaststreamOptions } from '../../../index.js'
import { createMemoryCluster, createMemoryTransport } from '../../../lib/transport/memory/index.js'
import type { Transport } from '../../../lib/transport/transport.js'

const cluster = createMemoryCluster()
/** What the next app is, and how its cluster describes itself: a test sets it. */
export const next: {
  cluster?: ClusterDescription | undefined
  transport: Partial<Transport>
  options: Partial<FaststreamOptions>
} = { transport: {}, options: {} }

export default async function described (app: FastifyInstance): Promise<void> {
  await app.register(faststreamPlugin, {
    transport: () => ({
      ...createMemoryTransport({ cluster }),
      ...next.cluster !== undefined && { describeCluster: async () => next.cluster! },
      ...next.transport
    }),
    brokers: ['a:1'],
    groupId: 'shop',
    ...next.options
  })
  app.broker.subscriber('orders', function takeOrder () {})
  app.broker.subscriber('invoices', { deadLetter: false }, function takeInvoice () {})
  const once = { deadLetter: false, retry: { retries: 0 } } as const
  app.broker.subscriber('orders', { groupId: null, ...once }, function watchOrders () {})
  app.broker.publisher('invoices')
}
