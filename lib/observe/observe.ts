import type { FastifyInstance, RegisterOptions } from 'fastify'
import type { FaststreamOptions } from '../../types/index.js'
import type { Broker } from '../broker/broker.js'
import { serveHealth } from './health/routes.js'
import { measure } from './metrics/metrics.js'
import { traceWithOtel } from './tracing/otel.js'

/** Attaches to a broker what the app asks for. What it does not ask for costs nothing: no event has a listener. */
export async function observe (
  app: FastifyInstance, broker: Broker, options: FaststreamOptions, registerOptions: RegisterOptions
): Promise<void> {
  const { health, metrics, otel = false } = options
  if (metrics !== undefined) measure(broker, metrics)
  if (health !== undefined) serveHealth(app, health, registerOptions)
  if (otel !== false) await traceWithOtel(broker, otel === true ? {} : otel)
}
