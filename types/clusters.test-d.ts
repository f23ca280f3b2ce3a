import type { FastifyInstance } from 'fastify'
import type { ClusterOptions, FaststreamOptions } from '../index.js'

/* Checked by `tsc`, never run: clusters by name, and named brokers. `billing` is declared in index.test-d.ts. */

const production: ClusterOptions = { brokers: ['kafka:9093'], ssl: true, clientId: 'shop' }
export const allowed: FaststreamOptions = { clusters: { localhost: {}, production }, cluster: 'production' }
// @ts-expect-error: a group is no way to a cluster
export const grouped: FaststreamOptions = { clusters: { production: { groupId: 'shop' } } }
// @ts-expect-error: an object, no address
export const addressed: FaststreamOptions = { clusters: { production: 'kafka:9093' } }
// @ts-expect-error: one is used
export const several: FaststreamOptions = { clusters: { production }, cluster: ['production'] }

export async function brokers (app: FastifyInstance): Promise<void> {
  app.broker.setKafkaBroker('production')
  app.brokers.billing.setKafkaBroker('production')
  // @ts-expect-error: a name
  app.broker.setKafkaBroker(production)
  const invoices = app.brokers.billing.publisher('invoices')
  app.broker.subscriber('orders', { publish: invoices }, (order) => ({ order }))
  app.post('/', async (request) => await request.brokers.billing.publish(invoices, 1))
  // @ts-expect-error: no such broker is declared in NamedBrokers
  await app.brokers.shipping.publish('parcels', 1)
}
