import type { FastifyInstance, FastifyReply, FastifyRequest, RegisterOptions } from 'fastify'
import type { HealthOptions } from '../../../types/index.js'
import { brokersOf } from '../../broker/app-brokers.js'
import { FASTSTREAM_ERR_INVALID_OPTION } from '../../errors.js'
import { OWN_ROUTE, perApp } from '../../scope.js'
import { checkDetails, detailsOf } from './details.js'

const stateOf = perApp(() => ({ served: false }))

/** Serves the routes for probes, which tell of all brokers of an app. */
export function serveHealth (app: FastifyInstance, options: HealthOptions, registerOptions: RegisterOptions): void {
  const state = stateOf(app)
  if (state.served) {
    throw new FASTSTREAM_ERR_INVALID_OPTION('health', 'must be given once: its routes tell of all brokers of an app')
  }
  state.served = true
  const { live = '/live', ready = '/ready', details, authorize } = options
  if (details !== undefined) detailsOf(app).authorize = authorize
  app.register(async function healthRoutes (scope) {
    scope.get(live, OWN_ROUTE, async (_, reply) => send(reply, 200, { live: true }))
    scope.get(ready, OWN_ROUTE, async (_, reply) => {
      const ready = isReady(app)
      return send(reply, ready ? 200 : 503, { ready })
    })
    if (details === undefined) return
    scope.get(details, OWN_ROUTE, async (request: FastifyRequest, reply) => {
      await checkDetails(app, request)
      const { byName } = brokersOf(app)
      const brokers = Array.from(byName, ([name, broker]) => [name, broker.health()] as const)
      return send(reply, 200, { ready: isReady(app), brokers: Object.fromEntries(brokers) })
    })
  }, registerOptions)
}

/**
 * Messages flow: not before the last `onReady` hook, and not once the app closes. A consumer that is connected and
 * reads nothing while there is lag is not healthy.
 */
function isReady (app: FastifyInstance): boolean {
  return [...brokersOf(app).byName.values()].every((broker) => broker.isStarted && broker.health().healthy)
}

/** As text: serializers of the app are for its own routes. */
function send (reply: FastifyReply, status: number, body: object): FastifyReply {
  reply.code(status).header('cache-control', 'no-store').type('application/json; charset=utf-8')
  return reply.send(JSON.stringify(body))
}
