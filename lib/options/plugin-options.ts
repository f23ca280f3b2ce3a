import type { FaststreamOptions, InheritedOptions, TopicConfig } from '../../types/index.js'
import { LONGEST_TIMER } from '../clock.js'
import { checkCorrelationId, type CorrelationId } from './correlation-id.js'
import { FASTSTREAM_ERR_BROKERS_REQUIRED, FASTSTREAM_ERR_INVALID_OPTION } from '../errors.js'
import { isObject, onlyKnown, text } from './assert.js'
import { anyNumber, asItIs, choice, milliseconds, someText, wholeNumber } from './checks.js'
import { Sealed } from '../sealed.js'
import { INHERITED, resolveInherited, type InheritedSettings } from './inherited.js'
import { defaultsOf, optionsOf, resolveOptions, type OptionTable } from './option.js'
import { REBALANCE_TIMEOUT, type GroupSettings, type ProducerSettings, type QueueSettings } from './settings.js'

type PluginOptions = Omit<FaststreamOptions, keyof InheritedOptions>
type ProducerOptions = NonNullable<FaststreamOptions['producer']>

/** What the options of the plugin alone resolve to, each by itself. */
interface PluginSettings extends GroupSettings {
  readonly brokers: readonly string[] | undefined
  readonly transport: 'kafkajs' | 'memory' | undefined
  readonly name: string
  readonly clientId: string
  readonly ssl: FaststreamOptions['ssl']
  readonly sasl: FaststreamOptions['sasl']
  readonly startup: 'strict' | 'background'
  readonly connectTimeout: number | undefined
  readonly drainTimeout: number | undefined
  readonly cleanupTimeout: number
  readonly topics: 'create' | 'verify' | 'ignore'
  readonly topicConfig: Readonly<Required<TopicConfig>>
  readonly producer: ProducerSettings
  readonly correlationId: CorrelationId | undefined
  readonly asyncapi: FaststreamOptions['asyncapi']
  readonly ajv: FaststreamOptions['ajv']
}

/** The options, checked, complete and frozen. All code below reads these, never the options themselves. */
export interface Settings extends InheritedSettings, Omit<PluginSettings, 'asyncapi' | 'ssl' | 'sasl'> {
  readonly security: Sealed<Pick<FaststreamOptions, 'ssl' | 'sasl'>>
  readonly brokers: readonly string[]
  readonly transport: 'kafkajs' | 'memory'
  readonly connectTimeout: number
  readonly drainTimeout: number
}

const MiB = 1024 * 1024

const checkSize = optionsOf<Partial<QueueSettings>, QueueSettings>({ messages: wholeNumber(1), bytes: wholeNumber(1) })

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
    check: choice('kafkajs', 'memory'),
    shown: "'kafkajs', or 'memory' without `brokers`",
    doc: "the client below. `'memory'` keeps every message for as long as the process lives"
  },
  name: { default: 'default', check: someText, doc: 'a further cluster needs another name: `app.brokers.billing`' },
  clientId: { default: 'fastify-faststream', check: someText, doc: "the client id in the cluster's logs and quotas" },
  ssl: { default: undefined, check: checkSsl, shown: 'false', doc: 'TLS: `true`, or the options of `node:tls`' },
  sasl: {
    default: undefined,
    check: checkSasl,
    shown: 'none',
    doc: "the credentials of the app: `{ mechanism: 'scram-sha-256', username, password }`"
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
    check: anyNumber(0, REBALANCE_TIMEOUT - 1000),
    doc: 'ms; how long a rebalance waits for running handlers'
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
    doc: 'what one partition may hold in memory. A full partition reads on at half of it'
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
  producer: {
    default: { deadline: 30_000, queue: { messages: 10_000, bytes: 64 * MiB } },
    check: checkProducer,
    shown: '{ deadline: 30_000, queue: { messages: 10_000, bytes: 64 MiB } }',
    doc: '`deadline` (ms) bounds one publish; `queue` bounds what waits for the cluster'
  },
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
  ajv: {
    default: undefined,
    check: checkAjv,
    shown: 'none',
    doc: 'as `Fastify({ ajv })`, which a plugin cannot read: give both the same'
  }
}

/** Checks and completes the options. `pluginTimeout` is Fastify's bound for the hooks that connect and drain; 0: none. */
export function normaliseOptions (options: FaststreamOptions, pluginTimeout: number): Settings {
  onlyKnown('', options, [...Object.keys(PLUGIN), ...Object.keys(INHERITED)])
  const { asyncapi, ssl, sasl, ...own } = resolveOptions(PLUGIN, defaultsOf(PLUGIN), [options])
  const { brokers, transport = brokers === undefined ? 'memory' : 'kafkajs' } = own
  if (transport === 'kafkajs' && brokers === undefined) {
    throw new FASTSTREAM_ERR_INVALID_OPTION('brokers', "must be given with transport 'kafkajs'")
  }
  const isWritten = brokers !== undefined || own.transport !== undefined
  if (!isWritten && process.env.NODE_ENV === 'production') throw new FASTSTREAM_ERR_BROKERS_REQUIRED()
  return Object.freeze({
    ...own,
    ...resolveInherited([options]),
    security: new Sealed({ ssl, sasl }),
    transport,
    brokers: brokers ?? [],
    connectTimeout: hookTimeout('connectTimeout', own.connectTimeout, pluginTimeout),
    drainTimeout: hookTimeout('drainTimeout', own.drainTimeout, pluginTimeout)
  })
}

function checkBrokers (option: string, brokers: readonly string[]): readonly string[] {
  if (!Array.isArray(brokers) || brokers.length === 0 || !brokers.every(isAddress)) {
    const cure = "must be a list of addresses such as ['localhost:9092'], with ports from 1 to 65535"
    throw new FASTSTREAM_ERR_INVALID_OPTION(option, cure)
  }
  return brokers
}

function isAddress (broker: unknown): boolean {
  const port = typeof broker === 'string' ? Number(/^\S+:(\d+)$/.exec(broker)?.[1]) : NaN
  return port >= 1 && port <= 65_535
}

/** What the object holds is checked by `node:tls`. */
function checkSsl<T> (option: string, ssl: T): T {
  if (typeof ssl !== 'boolean' && !isObject(ssl)) {
    throw new FASTSTREAM_ERR_INVALID_OPTION(option, 'must be true, false or the options of node:tls')
  }
  return ssl
}

/** The credentials are checked by kafkajs. */
function checkSasl<T extends { readonly mechanism: string }> (option: string, sasl: T): T {
  if (!isObject(sasl)) {
    const cure = "must be an object such as { mechanism: 'scram-sha-256', username, password }"
    throw new FASTSTREAM_ERR_INVALID_OPTION(option, cure)
  }
  text(`${option}.mechanism`, sasl.mechanism)
  return sasl
}

function checkAjv (option: string, ajv: FaststreamOptions['ajv']): FaststreamOptions['ajv'] {
  onlyKnown(`${option}.`, ajv, ['customOptions', 'plugins', 'onCreate', 'mode'])
  return ajv
}

function checkProducer (option: string, producer: ProducerOptions, inherited: ProducerSettings): ProducerSettings {
  onlyKnown(`${option}.`, producer, ['deadline', 'queue'])
  const { deadline = inherited.deadline, queue = inherited.queue } = producer
  return {
    deadline: milliseconds(1)(`${option}.deadline`, deadline),
    queue: checkSize(`${option}.queue`, queue, inherited.queue)
  }
}

function hookTimeout (option: string, given: number | undefined, pluginTimeout: number): number {
  const value = given ?? defaultTimeout(pluginTimeout)
  if (pluginTimeout !== 0 && value >= pluginTimeout) {
    const cure = `must be below Fastify's pluginTimeout of ${pluginTimeout} ms: raise that, too`
    throw new FASTSTREAM_ERR_INVALID_OPTION(option, cure)
  }
  return value
}

function defaultTimeout (pluginTimeout: number): number {
  return pluginTimeout === 0 ? 9000 : Math.max(1, pluginTimeout - 1000, pluginTimeout * 0.9)
}
