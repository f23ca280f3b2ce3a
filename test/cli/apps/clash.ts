import type { FastifyInstance } from 'fastify'
import { faststreamPlugin } from '../../../index.js'

/** Two subscribers of one topic in one group. */
export default async function clash (app: FastifyInstance, _: unknown): Promise<void> {
  await app.register(faststreamPlugin, { transport: 'memory' })
  app.broker.subscriber('orders', function one () {})
  app.broker.subscriber('orders', function other () {})
}
