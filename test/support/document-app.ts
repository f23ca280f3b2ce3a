import type { Test } from 'tap'
import Fastify from 'fastify'
import faststreamPlugin, { type AsyncapiDocument, type AsyncapiOptions, type FaststreamOptions } from '../../index.js'
import { testBroker } from '../../lib/testing/index.js'
import { torture } from './torture.js'

export async function document (
  t: Test, declare: (app: Awaited<ReturnType<typeof make>>) => void, options: FaststreamOptions = {}
) {
  const app = await make(t, options)
  declare(app)
  await testBroker(app)
  return app.asyncapi() as AsyncapiDocument & { servers: any, channels: any, operations: any, components: any }
}

export async function make (t: Test, options: FaststreamOptions) {
  const app = Fastify()
  t.teardown(() => app.close())
  await app.register(faststreamPlugin, options)
  return app
}

export async function tortured (t: Test, options?: AsyncapiOptions, backwards?: boolean) {
  const app = await torture(options, backwards)
  t.teardown(() => app.close())
  await testBroker(app)
  return app
}

export function production (t: Test): void {
  const { NODE_ENV } = process.env
  process.env.NODE_ENV = 'production'
  t.teardown(() => { if (NODE_ENV === undefined) delete process.env.NODE_ENV; else process.env.NODE_ENV = NODE_ENV })
}
