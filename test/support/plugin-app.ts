import type { Test } from 'tap'
import Fastify, { type FastifyServerOptions } from 'fastify'
import { faststreamPlugin, type FaststreamOptions } from '../../index.js'

export async function build (t: Test, options: FaststreamOptions = {}, server: FastifyServerOptions = {}) {
  const app = Fastify(server)
  t.teardown(() => app.close())
  await app.register(faststreamPlugin, options)
  return app
}
