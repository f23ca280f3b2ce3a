import type { FastifyInstance } from 'fastify'
import { faststreamPlugin } from '../../../index.js'
import {
  createMemoryCluster, createMemoryTransport, type MemoryCluster
} from '../../../lib/transport/memory/index.js'

/** The clusters of an app with two brokers. */
export const clusters = { main: createMemoryCluster(), billing: createMemoryCluster() }

const number = { type: 'object', required: ['id'], properties: { id: { type: 'number' } } } as const
const text = { type: 'object', required: ['name'], properties: { name: { type: 'string' } } } as const

function optionsOf (cluster: MemoryCluster) {
  const transport = () => createMemoryTransport({ cluster })
  return { transport, brokers: ['a:1'], groupId: 'shop', topicConfig: { partitions: 1 } }
}

/** `only`: with the broker 'billing' and no other. */
export default async function branches (app: FastifyInstance, { only = false }: { only?: boolean }): Promise<void> {
  await app.register(faststreamPlugin, { ...optionsOf(clusters.billing), name: 'billing' })
  if (only) return
  await app.register(faststreamPlugin, optionsOf(clusters.main))
  // Publishers of a topic in scopes of their own, as those of a folder of plugins.
  app.register(async (scope) => { scope.broker.publisher('orders', { schema: { value: number } }) })
  app.register(async (scope) => { scope.broker.publisher('orders', { schema: { value: text } }) })
  app.broker.subscriber('orders', { schema: { value: number } }, function takeOrder () {})
  app.brokers.billing.subscriber('invoices', { schema: { value: number } }, function takeInvoice () {})
  const schema = { value: text }
  app.brokers.billing.subscriber('{country}.invoices', { schema, deadLetter: false }, function takeForeign () {})
}
