import type { FastifyInstance, RegisterOptions } from 'fastify'
import type { FaststreamOptions } from '../../types/index.js'
import type { Broker } from '../broker/broker.js'
import { serveHealth } from './health/routes.js'
import { measure } from './metrics/metrics.js'

/** Attaches to a broker what the app asks for. What it does not ask for costs nothing: no event has a listener. */
export function observe (
  app: FastifyInstance, broker: Broker, { health, metrics }: FaststreamOptions, registerOptions: RegisterOptions
): void {
  if (metrics !== undefined) measure(broker, metrics)
  if (health !== undefined) serveHealth(app, health, registerOptions)
}
