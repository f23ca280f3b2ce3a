import type { FaststreamOptions, MetricsClient, MetricsOptions, MetricsRegistry } from '../../types/index.js'
import { FASTSTREAM_ERR_INVALID_OPTION } from '../errors.js'
import { membersOf } from '../members.js'
import { isObject, onlyKnown } from './assert.js'
import type { OptionTable } from './option.js'

/** Options of what looks at the broker from outside. */
export type ObserveSettings = Pick<FaststreamOptions, 'metrics'>

const CLIENT_CURE = 'must be a metrics client with Counter, Gauge, Histogram and register, as the module prom-client'
const REGISTRY_CURE = 'must be a registry of the metrics client'

export const OBSERVE: OptionTable<FaststreamOptions, Required<ObserveSettings>> = {
  metrics: {
    default: undefined,
    check: checkMetrics,
    shown: 'none',
    doc: '[metrics](observability.md#metrics) for Prometheus: `{ client, registry }`, where `client` is the module ' +
      "`prom-client` or one like it; `registry` is the client's own by default"
  }
}

function checkMetrics (option: string, given: MetricsOptions): MetricsOptions {
  onlyKnown(`${option}.`, given, ['client', 'registry'])
  const { client, registry } = given
  if (!isClient(client)) throw new FASTSTREAM_ERR_INVALID_OPTION(`${option}.client`, CLIENT_CURE)
  if (registry !== undefined && !isRegistry(registry)) {
    throw new FASTSTREAM_ERR_INVALID_OPTION(`${option}.registry`, REGISTRY_CURE)
  }
  return given
}

function isClient (client: unknown): client is MetricsClient {
  if (!isObject(client)) return false
  const { Counter, Gauge, Histogram, register } = membersOf(client)
  return [Counter, Gauge, Histogram].every((kind) => typeof kind === 'function') && isRegistry(register)
}

function isRegistry (registry: unknown): registry is MetricsRegistry {
  return isObject(registry) && typeof membersOf(registry).getSingleMetric === 'function'
}
