import type { MetricsCounter, MetricsGauge, MetricsHistogram, MetricsOptions } from '../../../types/index.js'
import { FASTSTREAM_ERR_INVALID_OPTION } from '../../errors.js'
import { CLUSTER, COLLECTED, DEFINITIONS, METRICS, type Definition } from './definitions.js'

/** A broker whose state is read when metrics are collected: each function adds its part to a gauge. */
export type Source = { readonly [Name in keyof typeof COLLECTED]: (gauge: MetricsGauge) => void } & {
  /** Adds the messages that were processed since the last time. */
  addProcessed (counter: MetricsCounter): void
}

/** The instruments of one registry, which all brokers of the process share. */
export interface Instruments {
  readonly processed: MetricsCounter
  readonly processing: MetricsHistogram
  readonly deadLetters: MetricsCounter
  readonly stalls: MetricsCounter
  readonly corruptBatches: MetricsCounter
  readonly publishing: MetricsHistogram
  readonly rebalances: MetricsCounter
  readonly drainTimeouts: MetricsCounter
  /** Brokers whose state is collected. */
  readonly sources: Set<Source>
}

/**
 * Key on a registry of its instruments. It is shared by all copies of this module: after a hot reload, or where tests
 * load the sources beside the package, a registry must not get the same metrics twice.
 */
const INSTRUMENTS = Symbol.for('fastify-faststream.metrics')

/**
 * The instruments of a registry, which are created once.
 *
 * @throws FASTSTREAM_ERR_INVALID_OPTION when the registry has one of these names from elsewhere
 */
export function instrumentsOf (options: MetricsOptions): Instruments {
  const { client, registry = client.register } = options
  const known: Instruments | undefined = Reflect.get(registry, INSTRUMENTS)
  // A registry may have been cleared since.
  if (known !== undefined && registry.getSingleMetric(METRICS.processed.name) === known.processed) return known
  for (const { name } of DEFINITIONS) {
    if (registry.getSingleMetric(name) === undefined) continue
    const cure = `has a metric '${name}' from elsewhere: give another registry`
    throw new FASTSTREAM_ERR_INVALID_OPTION('metrics.registry', cure)
  }
  const instruments = create(options)
  Object.defineProperty(registry, INSTRUMENTS, { value: instruments, configurable: true })
  return instruments
}

function create ({ client, registry = client.register }: MetricsOptions): Instruments {
  const sources = new Set<Source>()
  // The registry is that of the client, so its classes take it.
  const configured = ({ name, help, labels, buckets }: Definition, collect?: () => void): never => {
    const labelNames = [CLUSTER, ...labels]
    const bounds = buckets && { buckets: [...buckets] }
    return { name, help, labelNames, registers: [registry], ...bounds, ...collect && { collect } } as never
  }
  const counter = (definition: Definition, collect?: () => void): MetricsCounter => {
    return new client.Counter(configured(definition, collect))
  }
  const histogram = (definition: Definition): MetricsHistogram => new client.Histogram(configured(definition))
  const collected = (name: keyof typeof COLLECTED): void => {
    const gauge = new client.Gauge(configured(COLLECTED[name], collect))
    function collect (): void {
      // A partition that is no longer owned disappears.
      gauge.reset()
      for (const source of sources) source[name](gauge)
    }
  }
  const processed = counter(METRICS.processed, () => { for (const source of sources) source.addProcessed(processed) })
  collected('inFlight')
  collected('queueMessages')
  collected('queueBytes')
  collected('commitAge')
  collected('lag')
  return {
    processed,
    processing: histogram(METRICS.processing),
    deadLetters: counter(METRICS.deadLetters),
    stalls: counter(METRICS.stalls),
    corruptBatches: counter(METRICS.corruptBatches),
    publishing: histogram(METRICS.publishing),
    rebalances: counter(METRICS.rebalances),
    drainTimeouts: counter(METRICS.drainTimeouts),
    sources
  }
}
