import type { FastifyInstance, RegisterOptions } from 'fastify'
import type { FaststreamOptions } from '../../types/index.js'
import { brokersOf } from '../broker/app-brokers.js'
import type { Broker } from '../broker/broker.js'
import { serveHealth } from './health/routes.js'
import { measure } from './metrics/metrics.js'
import { Coupling } from './pressure/coupling.js'
import { traceWithOtel } from './tracing/otel.js'

/** Attaches to a broker what the app asks for. What it does not ask for costs nothing: no event has a listener. */
export async function observe (
  app: FastifyInstance, broker: Broker, options: FaststreamOptions, registerOptions: RegisterOptions
): Promise<void> {
  const { health, metrics, otel = false, pressure } = options
  if (metrics !== undefined) measure(broker, metrics)
  if (health !== undefined) serveHealth(app, health, registerOptions)
  if (pressure !== undefined) couple(app, broker)
  if (otel !== false) await traceWithOtel(broker, otel === true ? {} : otel)
}

function couple (app: FastifyInstance, broker: Broker): void {
  const coupling = new Coupling(broker)
  app.addHook('onReady', async function couplingOnReady () { coupling.start(brokersOf(app).environment.clock) })
  broker.whenClosed(() => { coupling.stop() })
}
