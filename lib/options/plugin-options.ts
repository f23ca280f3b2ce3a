import type { FaststreamOptions, LayerOptions, TopicConfig } from '../../types/index.js'
import { LONGEST_TIMER } from '../clock.js'
import {
  checkClusters, chosenCluster, clustersOf, connectionOf, requireWritten, type Clusters, type ConnectionOptions,
  type ConnectionSettings
} from './clusters.js'
import { checkBrokers, checkSasl, checkSsl } from './connection.js'
import { checkCorrelationId, type CorrelationId } from './correlation-id.js'
import { onlyKnown } from './assert.js'
import { asItIs, choice, flag, milliseconds, someText, wholeNumber } from './checks.js'
import { checkTimes } from './consumer-options.js'
import { INHERITED, resolveInherited, type InheritedSettings } from './inherited.js'
import { defaultsOf, optionsOf, resolveOptions, type OptionTable } from './option.js'
import { OBSERVE, PRESSURE, type ObserveSettings } from './observe.js'
import { checkSize, PRODUCER } from './producer.js'
import type { GroupSettings, PressureSettings, ProducerSettings } from './settings.js'
import { hookTimeout } from './hook-timeout.js'
import { REGISTER_OPTIONS } from './register-options.js'
import { REPLIES, type RepliesSettings } from './replies.js'
import { METADATA_MAX_AGE } from '../transport/transport.js'
import { checkTransportOption } from './transport.js'

type PluginOptions = Omit<FaststreamOptions, keyof LayerOptions>

/** Settings that the options of the plugin alone resolve to, each by itself. */
interface PluginSettings
  extends ConnectionOptions, ObserveSettings, Pick<GroupSettings, 'buffer' | 'commit' | 'revokeDrain'> {
  readonly clusters: FaststreamOptions['clusters']
  readonly cluster: string | undefined
  readonly name: string
  readonly startup: 'strict' | 'background'
  readonly connectTimeout: number | undefined
  readonly drainTimeout: number | undefined
  readonly cleanupTimeout: number
  readonly metadataMaxAge: number
  readonly topics: 'create' | 'verify' | 'ignore'
  readonly topicConfig: Readonly<Required<TopicConfig>>
  readonly producer: ProducerSettings
  readonly replies: RepliesSettings
  readonly pressure: PressureSettings
  readonly correlationId: CorrelationId | undefined
  readonly asyncapi: FaststreamOptions['asyncapi']
  readonly deadLetters: FaststreamOptions['deadLetters']
  readonly ajv: FaststreamOptions['ajv']
}

/** The options, checked, complete and frozen. All code below reads these, never the options themselves. */
export interface Settings
  extends InheritedSettings, ConnectionSettings,
  Omit<PluginSettings,
    'asyncapi' | 'deadLetters' | 'clusters' | 'cluster' | keyof ConnectionOptions | keyof ObserveSettings> {
  /** Clusters among which {@link ConnectionSettings} is chosen before the start. */
  readonly clusters: Clusters
  readonly connectTimeout: number
  readonly drainTimeout: number
  /** Fastify's limit for a hook, ms; 0: none. */
  readonly pluginTimeout: number
}

const MiB = 1024 * 1024

/** The options of the plugin that no subscriber has. */
export const PLUGIN: OptionTable<PluginOptions, PluginSettings> = {
  brokers: {
    default: undefined,
    check: checkBrokers,
    shown: 'none: the in-memory broker',
    doc: "bootstrap addresses, `['host:port']`. Required in production, unless `transport: 'memory'` is written"
  },
  transport: {
    default: undefined,
    check: checkTransportOption,
    shown: "'kafkajs', or 'memory' without `brokers`",
    doc: "the client below. `'memory'` keeps every message for as long as the process lives. " +
      'Or [a transport of your own](transports.md#a-transport-of-your-own): an object, or a function that creates it'
  },
  clusters: {
    default: undefined,
    check: checkClusters,
    shown: 'none',
    doc: '[clusters](lifecycle.md#clusters) by name, of which one is used: `{ localhost: { brokers }, production: ' +
      '{ brokers, ssl, sasl } }`. Their options win over those of the plugin'
  },
  cluster: {
    default: undefined,
    check: someText,
    shown: 'the only one of `clusters`',
    doc: 'the name of the cluster that is used, unless `app.broker.setKafkaBroker(name)` names another one'
  },
  name: { default: 'default', check: someText, doc: 'a further cluster needs another name: `app.brokers.billing`' },
  clientId: { default: 'fastify-faststream', check: someText, doc: "the client id in the cluster's logs and quotas" },
  ssl: { default: undefined, check: checkSsl, shown: 'false', doc: 'TLS: `true`, or the options of `node:tls`' },
  sasl: {
    default: undefined,
    check: checkSasl,
    shown: 'none',
    doc: "the credentials of the app: `{ mechanism: 'scram-sha-256', username, password }`, or `{ mechanism, " +
      "credentials: async () => ({ username, password }) }`. Mechanisms: `'plain'`, `'scram-sha-256'`, " +
      "`'scram-sha-512'`, `'aws'`, `'oauthbearer'`. See [secure connections](secure-connections.md)"
  },
  allowInsecureSasl: {
    default: false,
    check: flag,
    doc: '`true`: `sasl` may send its password or token readable, without `ssl`, to a host that is not loopback'
  },
  startup: {
    default: 'strict',
    check: choice('strict', 'background'),
    doc: "`'strict'`: `ready()` rejects without a cluster. `'background'`: HTTP is served meanwhile, " +
      'a publish fails with status 503, and the broker tries again without end, with pauses of up to 30 s'
  },
  connectTimeout: {
    default: undefined,
    check: milliseconds(1),
    shown: "Fastify's `pluginTimeout` − 1 s",
    doc: 'ms; the cluster must answer in this time, else `ready()` rejects. ' +
      'Groups that wait for crashed members to expire join later, with a warning'
  },
  drainTimeout: {
    default: undefined,
    check: milliseconds(1),
    shown: "Fastify's `pluginTimeout` − 1 s",
    doc: 'ms; how long `close()` waits for running handlers'
  },
  revokeDrain: {
    default: 10_000,
    check: milliseconds(0),
    doc: 'ms; how long a rebalance waits for running handlers. At least 1 s below `rebalanceTimeout`'
  },
  metadataMaxAge: {
    default: METADATA_MAX_AGE,
    check: milliseconds(100),
    doc: 'ms; after this time the client asks again about its topics: for new partitions, and for new leaders'
  },
  cleanupTimeout: {
    default: 10_000,
    check: milliseconds(1),
    doc: 'ms; how long one clean-up of a [dependency](dependencies.md) may take'
  },
  buffer: {
    default: { messages: 1000, bytes: 8 * MiB },
    check: checkSize,
    shown: '{ messages: 1000, bytes: 8 MiB }',
    doc: 'what may wait in memory: `messages` of each partition, and `bytes` of ' +
      '[all partitions](operations.md#memory) together. A full partition reads on at half of it'
  },
  commit: {
    default: { interval: 1000, count: 500 },
    check: optionsOf({ interval: wholeNumber(0, LONGEST_TIMER), count: wholeNumber(1) }),
    doc: 'offsets are committed after `interval` ms or `count` messages'
  },
  topics: {
    default: 'create',
    check: choice('create', 'verify', 'ignore'),
    doc: "declared topics that the cluster lacks: `'create'` creates them, `'verify'` fails and lists them, " +
      "`'ignore'` does nothing"
  },
  topicConfig: {
    default: { partitions: 3, replicas: -1 },
    check: optionsOf<TopicConfig, Required<TopicConfig>>({ partitions: wholeNumber(1), replicas: wholeNumber(-1) }),
    doc: "how topics are created; `replicas: -1` is the cluster's default"
  },
  producer: PRODUCER,
  replies: REPLIES,
  correlationId: {
    default: undefined,
    check: checkCorrelationId,
    shown: 'a UUID per request',
    doc: '`(request) => string`: the correlation id of what a route publishes'
  },
  asyncapi: {
    default: undefined,
    check: asItIs,
    shown: 'true; in production false, as it shows the topology',
    doc: 'the [AsyncAPI document](asyncapi.md) and its routes: `false`, `true` or its options'
  },
  deadLetters: {
    default: undefined,
    check: asItIs,
    shown: 'none',
    doc: '[routes](mend.md#routes) that list, show, redrive and discard dead letters: `{ prefix, authorize }`'
  },
  ...OBSERVE,
  pressure: PRESSURE,
  ajv: {
    default: undefined,
    check: checkAjv,
    shown: 'none',
    doc: 'as `Fastify({ ajv })`, for the strict check of what is published; received values need no option'
  }
}

const { brokers, transport, clientId, ssl, sasl, allowInsecureSasl } = PLUGIN
const CONNECTION = { brokers, transport, clientId, ssl, sasl, allowInsecureSasl }

/**
 * Checks and completes the options.
 *
 * @param pluginTimeout Fastify's limit in ms for the hooks that connect and drain; 0: no limit
 */
export function normaliseOptions (options: FaststreamOptions, pluginTimeout: number): Settings {
  onlyKnown('', options, [...Object.keys(PLUGIN), ...Object.keys(INHERITED), ...REGISTER_OPTIONS])
  const resolved = resolveOptions(PLUGIN, defaultsOf(PLUGIN), [options])
  const { asyncapi, deadLetters, explain, health, metrics, otel, ...others } = resolved
  const { ssl, sasl, clusters: given, cluster, ...own } = others
  const inherited = resolveInherited([options])
  checkTimes({ ...inherited, ...own })
  const ways = { ...own, ssl, sasl }
  const clusters = clustersOf(given, ways, CONNECTION, own.startup)
  const connection = chosenCluster(clusters, cluster) ?? connectionOf(ways, own.startup)
  requireWritten(connection)
  return Object.freeze({
    ...own,
    ...inherited,
    ...connection,
    clusters,
    pluginTimeout,
    connectTimeout: hookTimeout('connectTimeout', own.connectTimeout, pluginTimeout),
    drainTimeout: hookTimeout('drainTimeout', own.drainTimeout, pluginTimeout)
  })
}

function checkAjv (option: string, ajv: FaststreamOptions['ajv']): FaststreamOptions['ajv'] {
  onlyKnown(`${option}.`, ajv, ['customOptions', 'plugins', 'onCreate', 'mode'])
  return ajv
}
