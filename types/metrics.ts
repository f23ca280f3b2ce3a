/**
 * Counter of a metrics client, as far as the plugin uses it.
 *
 * @example
 * const counter: MetricsCounter = new client.Counter({ name: 'orders_total', help: 'Orders.' })
 */
export interface MetricsCounter {
  inc (labels: Record<string, string>, value?: number): void
}

/**
 * Gauge of a metrics client, as far as the plugin uses it.
 *
 * @example
 * const gauge: MetricsGauge = new client.Gauge({ name: 'orders_open', help: 'Open orders.' })
 */
export interface MetricsGauge {
  inc (labels: Record<string, string>, value?: number): void
  dec (labels: Record<string, string>, value?: number): void
  set (labels: Record<string, string>, value: number): void
  reset (): void
}

/**
 * Histogram of a metrics client, as far as the plugin uses it.
 *
 * @example
 * const histogram: MetricsHistogram = new client.Histogram({ name: 'order_seconds', help: 'Time of an order.' })
 */
export interface MetricsHistogram {
  observe (labels: Record<string, string>, value: number): void
}

/**
 * Registry of a metrics client, as far as the plugin uses it.
 *
 * @example
 * const registry: MetricsRegistry = new client.Registry()
 */
export interface MetricsRegistry {
  getSingleMetric (name: string): unknown
}

/**
 * Metrics client, whose classes take configurations of their own types: the module `prom-client`,
 * `@prometheus-io/client` or `@platformatic/prom-client`, or `app.metrics.client` of fastify-metrics.
 *
 * @example
 * import client from 'prom-client'
 *
 * const metrics: MetricsClient = client
 */
export interface MetricsClient {
  readonly Counter: new (configuration: never) => MetricsCounter
  readonly Gauge: new (configuration: never) => MetricsGauge
  readonly Histogram: new (configuration: never) => MetricsHistogram
  readonly register: MetricsRegistry
}

/**
 * Metrics of the broker for Prometheus. The client is given and never imported: two copies of one client would have two
 * registries. FastStream: `KafkaPrometheusMiddleware`.
 *
 * @example
 * import client from 'prom-client'
 *
 * await app.register(faststreamPlugin, { groupId: 'shop', metrics: { client } })
 * app.get('/metrics', async (request, reply) => {
 *   return reply.type(client.register.contentType).send(await client.register.metrics())
 * })
 */
export interface MetricsOptions {
  /** Metrics client, see {@link MetricsClient}. */
  client: MetricsClient
  /**
   * Registry that the metrics are added to. Several brokers and apps may share one.
   *
   * @default client.register
   */
  registry?: MetricsRegistry | undefined
}
