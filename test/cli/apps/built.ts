import Fastify, { type FastifyInstance } from 'fastify'
import { faststreamPlugin } from '../../../index.js'

export async function build (): Promise<FastifyInstance> {
  const app = Fastify()
  await app.register(faststreamPlugin, { transport: 'memory' })
  app.broker.subscriber('clicks', function count () {})
  return app
}
