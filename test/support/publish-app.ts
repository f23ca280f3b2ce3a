import type { Test } from 'tap'
import Fastify, { type FastifyInstance, type FastifyServerOptions } from 'fastify'
import { Type } from '@sinclair/typebox'
import faststreamPlugin, { type AsyncapiOptions, type FaststreamOptions } from '../../index.js'
import { testBroker } from '../../lib/testing/index.js'

export const Order = Type.Object({ id: Type.String(), total: Type.Number({ minimum: 0 }) }, { $id: 'Order' })

export const yes = () => true

interface Fixture {
  asyncapi?: AsyncapiOptions
  plugin?: FaststreamOptions
  server?: FastifyServerOptions
  declare?: (app: FastifyInstance) => void
}

export async function make (t: Test, { asyncapi, plugin, server }: Fixture) {
  const lines: Array<Record<string, unknown>> = []
  const app = Fastify({
    logger: { level: 'info', stream: { write (line: string) { lines.push(JSON.parse(line)) } } }, ...server
  })
  t.teardown(() => app.close())
  await app.register(faststreamPlugin, {
    retry: { retries: 0 }, ...plugin, asyncapi: { publish: { authorize: yes }, ...asyncapi }
  })
  return { app, lines }
}

/** An app with one publisher, one subscriber of the same topic, and what it handled. */
export async function build (t: Test, fixture: Fixture = {}) {
  const handled: unknown[] = []
  const { app, lines } = await make(t, fixture)
  if (fixture.declare !== undefined) {
    fixture.declare(app)
  } else {
    app.broker.publisher('orders', {
      schema: { value: Order }, key: (order: unknown) => (order as { id: string }).id, headers: { tenant: 'a' }
    })
    app.broker.subscriber(
      'orders', { schema: { value: Order } }, async function takeOrder (order) { handled.push(order) }
    )
  }
  const broker = await testBroker(app)
  const publish = async (
    operationId: string, payload: unknown, headers: Record<string, string> = {}
  ) => await app.inject({
    method: 'POST',
    url: `/asyncapi/publish/${operationId}`,
    headers: { 'content-type': 'application/json', ...headers },
    payload: typeof payload === 'string' ? payload : JSON.stringify(payload)
  })
  /** What the plugin logged of it. */
  const audit = () => lines.filter(({ operationId }) => operationId !== undefined).map(
    ({ time, pid, hostname, reqId, ...line }) => line
  )
  return { app, broker, publish, lines, audit, handled }
}

export function production (t: Test): void {
  const { NODE_ENV } = process.env
  process.env.NODE_ENV = 'production'
  t.teardown(() => { if (NODE_ENV === undefined) delete process.env.NODE_ENV; else process.env.NODE_ENV = NODE_ENV })
}

export const order = { id: '1', total: 9 }
