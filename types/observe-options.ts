import type { HealthOptions } from './health-options.js'
import type { MetricsOptions } from './metrics.js'
import type { PressureOptions } from './observation.js'
import type { OtelOptions } from './otel.js'

/**
 * Options of the plugin that let people and other programs see the broker run. None of them costs anything where it is
 * not written.
 *
 * @example
 * const options: ObserveOptions = { health: {}, metrics: { client }, otel: true }
 */
export interface ObserveOptions {
  /**
   * Routes for probes, see {@link HealthOptions}. They tell of all brokers of the app, so one plugin of an app has this
   * option. FastStream: `make_ping_asgi`.
   *
   * @default none
   */
  health?: HealthOptions | undefined
  /**
   * Metrics for Prometheus, see {@link MetricsOptions}. FastStream: `KafkaPrometheusMiddleware`.
   *
   * @default none
   */
  metrics?: MetricsOptions | undefined
  /**
   * Traces and metrics with OpenTelemetry, on the optional package `@opentelemetry/api`: `true`, or options, see
   * {@link OtelOptions}. FastStream: `KafkaTelemetryMiddleware`.
   *
   * @default false
   */
  otel?: boolean | OtelOptions | undefined
  /**
   * True: the newest 1000 messages are remembered, for {@link BrokerObservation.explain}. For development: it costs
   * some microseconds for each message.
   *
   * @default false
   */
  explain?: boolean | undefined
  /**
   * Bounds of the load, see {@link PressureOptions} and {@link BrokerObservation.pressure}. Written, also as `{}`, it
   * couples the subscribers to the event loop.
   *
   * @default { publishQueue: 0.8, commitAge: 30_000, eventLoopDelay: 100 }
   */
  pressure?: PressureOptions | undefined
}
