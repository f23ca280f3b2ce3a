import type { FastifyInstance } from 'fastify'
import { faststreamPlugin } from '../../../index.js'

export default async function twoBrokers (app: FastifyInstance, _: unknown): Promise<void> {
  await app.register(faststreamPlugin, { transport: 'memory', deadLetter: false })
  await app.register(faststreamPlugin, { transport: 'memory', name: 'billing', deadLetter: false })
  app.broker.subscriber('orders', function takeOrder () {})
  app.brokers.billing.subscriber('invoices', function takeInvoice () {})
}
