import type { FastifyInstance, RegisterOptions } from 'fastify'
import type { FaststreamOptions } from '../../types/index.js'
import { brokersOf } from '../broker/app-brokers.js'
import type { Broker } from '../broker/broker.js'
import { serveHealth } from './health/routes.js'
import { measure } from './metrics/metrics.js'
import { Coupling } from './pressure/coupling.js'
import { observeWithOtel } from './otel/otel.js'
import { Stories } from './story/stories.js'

/** Attaches to a broker what the app asks for. What it does not ask for costs nothing: no event has a listener. */
export function observe (
  app: FastifyInstance, broker: Broker, options: FaststreamOptions, registerOptions: RegisterOptions
): void {
  const { explain = false, health, metrics, otel = false, pressure } = options
  if (explain) remember(broker)
  if (metrics !== undefined) {
    const begin = measure(broker, metrics)
    app.addHook('onReady', async function metricsOnReady () { begin() })
  }
  if (health !== undefined) serveHealth(app, health, registerOptions)
  if (pressure !== undefined) couple(app, broker)
  if (otel !== false) {
    const begin = observeWithOtel(broker, otel === true ? {} : otel)
    app.addHook('onReady', async function otelOnReady () { begin() })
  }
}

function couple (app: FastifyInstance, broker: Broker): void {
  const coupling = new Coupling(broker)
  app.addHook('onReady', async function couplingOnReady () { coupling.start(brokersOf(app).environment.clock) })
  broker.whenClosed(() => { coupling.stop() })
}

/** Remembers what happens to the messages of a broker, unless that is done already. */
export function remember (broker: Broker): void {
  if (broker.stories !== undefined) return
  const stories = new Stories(broker)
  stories.attach(broker.events)
  broker.stories = stories
  broker.whenClosed(() => { stories.stop() })
}
