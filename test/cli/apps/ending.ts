import type { FastifyInstance } from 'fastify'
import { faststreamPlugin } from '../../../index.js'

export const options = { logger: false }

/** An app that closes as soon as it listens. */
export default async function ending (app: FastifyInstance, _: unknown): Promise<void> {
  await app.register(faststreamPlugin, { transport: 'memory' })
  app.addHook('onListen', async () => { app.close() })
}
