import type {
  FaststreamOptions, HealthOptions, MetricsClient, MetricsOptions, MetricsRegistry, OtelOptions, PressureOptions
} from '../../types/index.js'
import { FASTSTREAM_ERR_INVALID_OPTION } from '../errors.js'
import { membersOf } from '../members.js'
import { callable, isObject, onlyKnown, yesOrNo } from './assert.js'
import { anyNumber, flag, milliseconds } from './checks.js'
import { optionsOf, type Option, type OptionTable } from './option.js'
import type { PressureSettings } from './settings.js'

/** Options of what looks at the broker from outside. */
export type ObserveSettings = {
  readonly [Name in 'explain' | 'health' | 'metrics' | 'otel']: FaststreamOptions[Name]
}

const CLIENT_CURE = 'must be a metrics client with Counter, Gauge, Histogram and register, as the module prom-client'
const REGISTRY_CURE = 'must be a registry of the metrics client'

/** Bounds of the load of a broker. */
export const PRESSURE: Option<PressureOptions, PressureSettings> = {
  default: { publishQueue: 0.8, commitAge: 30_000, eventLoopDelay: 100 },
  check: optionsOf({ publishQueue: anyNumber(0, 1), commitAge: milliseconds(1), eventLoopDelay: milliseconds(0) }),
  doc: '[bounds of the load](observability.md#pressure): part of `producer.queue`, and ms. Where it is written, an ' +
    'event loop that is later than `eventLoopDelay` slows the subscribers; 0: never'
}

export const OBSERVE: OptionTable<FaststreamOptions, ObserveSettings> = {
  explain: {
    default: undefined,
    check: flag,
    shown: 'false',
    doc: '`true`: the newest 1000 messages are remembered, so that `app.broker.explain(topic, partition, offset)` ' +
      '[tells what happened](observability.md#one-message). For development'
  },
  health: {
    default: undefined,
    check: checkHealth,
    shown: 'none',
    doc: "[routes for probes](observability.md#health-routes): `{ live: '/live', ready: '/ready' }`, and `details` " +
      'with `authorize`'
  },
  metrics: {
    default: undefined,
    check: checkMetrics,
    shown: 'none',
    doc: '[metrics](observability.md#metrics) for Prometheus: `{ client, registry }`, where `client` is the module ' +
      "`prom-client` or one like it; `registry` is the client's own by default"
  },
  otel: {
    default: undefined,
    check: checkOtel,
    shown: 'false',
    doc: '[traces](observability.md#traces) with OpenTelemetry: `true`, or `{ link: true }`, which links the span of ' +
      'a message to its publish instead of making it a child'
  }
}

const PATH = /^(\/[^/*?#:]+)+$/

function checkHealth (option: string, given: HealthOptions): HealthOptions {
  onlyKnown(`${option}.`, given, ['live', 'ready', 'details', 'authorize'])
  const { live = '/live', ready = '/ready', details, authorize } = given
  const paths = Object.entries({ live, ready, details }).filter(([, path]) => path !== undefined)
  for (const [name, path] of paths) {
    if (typeof path === 'string' && PATH.test(path)) continue
    const cure = "must be a path: it begins with '/', does not end with it, and has no '*', '?', '#' or ':'"
    throw new FASTSTREAM_ERR_INVALID_OPTION(`${option}.${name}`, cure)
  }
  if (new Set(paths.map(([, path]) => path)).size < paths.length) {
    throw new FASTSTREAM_ERR_INVALID_OPTION(option, 'must have a path of its own for each route')
  }
  if (authorize !== undefined) callable(`${option}.authorize`, authorize, 'must be a function of the request')
  if ((details === undefined) !== (authorize === undefined)) {
    const cure = "must be given together with 'authorize': the details name topics, groups and errors"
    throw new FASTSTREAM_ERR_INVALID_OPTION(`${option}.details`, cure)
  }
  return given
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

function checkOtel (option: string, given: boolean | OtelOptions): boolean | OtelOptions {
  if (typeof given === 'boolean') return given
  onlyKnown(`${option}.`, given, ['link'])
  if (given.link !== undefined) yesOrNo(`${option}.link`, given.link)
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
