import type { AckPolicy, FaststreamOptions } from '../../types/index.js'
import { normaliseAsyncapi, type AsyncapiSettings } from '../asyncapi/settings.js'
import { integer, isObject, number, oneOf, onlyKnown, text, withDefaults, yesOrNo } from './assert.js'
import { LONGEST_TIMER } from '../clock.js'
import type { GroupSettings } from '../consume/group/parts.js'
import type { Ordering } from '../consume/partition/lanes.js'
import type { RetrySettings } from '../consume/pipeline/backoff.js'
import { REBALANCE_TIMEOUT } from '../consume/group/session.js'
import { normaliseCorrelationId, type CorrelationId } from './correlation-id.js'
import { FASTSTREAM_ERR_BROKERS_REQUIRED, FASTSTREAM_ERR_INVALID_OPTION } from '../errors.js'
import type { ProducerSettings } from '../produce/producer.js'
import { Sealed } from '../sealed.js'
import { normaliseAckPolicy, normaliseBodyLimit, normaliseDeadLetter, normaliseGroupId, normaliseHandlerTimeout, normaliseOffsetReset, normaliseOrdering, normaliseRetry, type DeadLetterTopic, type OffsetResetMode } from './inherited.js'

/** The options, checked, complete and frozen. Nothing below reads the options themselves. */
export interface Settings extends GroupSettings {
  readonly name: string
  readonly transport: 'kafkajs' | 'memory'
  readonly brokers: readonly string[]
  readonly clientId: string
  readonly security: Sealed<Pick<FaststreamOptions, 'ssl' | 'sasl'>>
  readonly groupId: string | null | undefined
  readonly startup: 'strict' | 'background'
  readonly offsetReset: OffsetResetMode
  readonly handlerTimeout: number
  readonly bodyLimit: number
  readonly connectTimeout: number
  readonly drainTimeout: number
  readonly cleanupTimeout: number
  readonly retry: RetrySettings
  readonly deadLetter: DeadLetterTopic
  readonly ackPolicy: AckPolicy
  readonly ordering: Ordering
  readonly concurrency: number
  readonly topics: 'create' | 'verify' | 'ignore'
  readonly topicConfig: { readonly partitions: number, readonly replicas: number }
  readonly producer: ProducerSettings
  readonly correlationId: CorrelationId | undefined
  readonly includeInSchema: boolean
  readonly asyncapi: AsyncapiSettings
  readonly ajv: FaststreamOptions['ajv']
}

const KNOWN: { readonly [_ in keyof Required<FaststreamOptions>]: true } = {
  brokers: true,
  transport: true,
  name: true,
  groupId: true,
  clientId: true,
  ssl: true,
  sasl: true,
  startup: true,
  connectTimeout: true,
  drainTimeout: true,
  revokeDrain: true,
  offsetReset: true,
  handlerTimeout: true,
  bodyLimit: true,
  cleanupTimeout: true,
  retry: true,
  deadLetter: true,
  ackPolicy: true,
  ordering: true,
  concurrency: true,
  buffer: true,
  commit: true,
  topics: true,
  topicConfig: true,
  producer: true,
  correlationId: true,
  includeInSchema: true,
  asyncapi: true,
  ajv: true
}

const MiB = 1024 * 1024
/** Kafka's `message.max.bytes`: without compression nothing larger gets into a topic. */
const KAFKA_LIMIT = MiB + 12

/** `pluginTimeout` is Fastify's, which bounds the hooks in which we connect and drain; 0 is none. */
export function normaliseOptions (options: FaststreamOptions, pluginTimeout: number): Settings {
  onlyKnown('', options, Object.keys(KNOWN))
  checkSecurity(options)
  checkAjv(options.ajv)
  const { brokers, transport = brokers === undefined ? 'memory' : 'kafkajs' } = options
  oneOf('transport', transport, ['kafkajs', 'memory'])
  if (brokers !== undefined && (!Array.isArray(brokers) || brokers.length === 0 || !brokers.every(isAddress))) {
    throw new FASTSTREAM_ERR_INVALID_OPTION('brokers', "must be a list of addresses such as ['localhost:9092'], with ports from 1 to 65535")
  }
  if (transport === 'kafkajs' && brokers === undefined) throw new FASTSTREAM_ERR_INVALID_OPTION('brokers', "must be given with transport 'kafkajs'")
  if (brokers === undefined && options.transport === undefined && process.env.NODE_ENV === 'production') throw new FASTSTREAM_ERR_BROKERS_REQUIRED()
  const { name = 'default', groupId, clientId = 'fastify-faststream', startup = 'strict', topics = 'create', revokeDrain = 10_000, concurrency = 16, commit = {} } = options
  text('name', name)
  text('clientId', clientId)
  oneOf('startup', startup, ['strict', 'background'])
  oneOf('topics', topics, ['create', 'verify', 'ignore'])

  return Object.freeze({
    name,
    transport,
    brokers: brokers ?? [],
    clientId,
    security: new Sealed({ ssl: options.ssl, sasl: options.sasl }),
    groupId: normaliseGroupId(groupId),
    startup,
    offsetReset: normaliseOffsetReset(options.offsetReset, 'earliest'),
    handlerTimeout: normaliseHandlerTimeout(options.handlerTimeout, 60_000),
    bodyLimit: normaliseBodyLimit(options.bodyLimit, KAFKA_LIMIT),
    cleanupTimeout: number('cleanupTimeout', options.cleanupTimeout ?? 10_000, 1, LONGEST_TIMER),
    connectTimeout: hookTimeout('connectTimeout', options.connectTimeout, pluginTimeout),
    drainTimeout: hookTimeout('drainTimeout', options.drainTimeout, pluginTimeout),
    revokeDrain: number('revokeDrain', revokeDrain, 0, REBALANCE_TIMEOUT - 1000),
    retry: normaliseRetry(options.retry, { retries: 5, delay: 200, factor: 2, maxDelay: 30_000, jitter: 0.2, retryOn: () => true }),
    deadLetter: normaliseDeadLetter(options.deadLetter),
    ackPolicy: normaliseAckPolicy(options.ackPolicy, 'REJECT_ON_ERROR'),
    ordering: normaliseOrdering(options.ordering, 'partition'),
    concurrency: integer('concurrency', concurrency, 1),
    buffer: sizes('buffer', options.buffer, { messages: 1000, bytes: 8 * MiB }),
    commit: normaliseCommit(commit),
    topics,
    topicConfig: normaliseTopicConfig(options.topicConfig),
    producer: normaliseProducer(options.producer),
    correlationId: normaliseCorrelationId(options.correlationId),
    includeInSchema: yesOrNo('includeInSchema', options.includeInSchema ?? true),
    asyncapi: normaliseAsyncapi(options.asyncapi),
    ajv: options.ajv
  })
}

function normaliseTopicConfig (config: FaststreamOptions['topicConfig'] = {}): Settings['topicConfig'] {
  onlyKnown('topicConfig.', config, ['partitions', 'replicas'])
  const { partitions = 3, replicas = -1 } = config
  integer('topicConfig.partitions', partitions, 1)
  integer('topicConfig.replicas', replicas, -1)
  return { partitions, replicas }
}

function normaliseProducer (producer: FaststreamOptions['producer'] = {}): ProducerSettings {
  onlyKnown('producer.', producer, ['deadline', 'queue'])
  const { deadline = 30_000, queue } = producer
  return {
    deadline: number('producer.deadline', deadline, 1, LONGEST_TIMER),
    queue: sizes('producer.queue', queue, { messages: 10_000, bytes: 64 * MiB })
  }
}

function normaliseCommit (commit: NonNullable<FaststreamOptions['commit']>): Settings['commit'] {
  onlyKnown('commit.', commit, ['interval', 'count'])
  const { interval = 1000, count = 500 } = commit
  integer('commit.interval', interval, 0, LONGEST_TIMER)
  integer('commit.count', count, 1)
  return { interval, count }
}

/** What is in them is for `node:tls` and kafkajs to judge. */
function checkSecurity ({ ssl, sasl }: FaststreamOptions): void {
  if (ssl !== undefined && typeof ssl !== 'boolean' && !isObject(ssl)) throw new FASTSTREAM_ERR_INVALID_OPTION('ssl', 'must be true, false or the options of node:tls')
  if (sasl === undefined) return
  if (!isObject(sasl)) throw new FASTSTREAM_ERR_INVALID_OPTION('sasl', "must be an object such as { mechanism: 'scram-sha-256', username, password }")
  text('sasl.mechanism', sasl.mechanism)
}

function checkAjv (ajv: FaststreamOptions['ajv']): void {
  if (ajv !== undefined) onlyKnown('ajv.', ajv, ['customOptions', 'plugins', 'onCreate', 'mode'])
}

function isAddress (broker: unknown): boolean {
  const port = typeof broker === 'string' ? Number(/^\S+:(\d+)$/.exec(broker)?.[1]) : NaN
  return port >= 1 && port <= 65_535
}

function hookTimeout (option: string, given: number | undefined, pluginTimeout: number): number {
  const value = given === undefined ? defaultTimeout(pluginTimeout) : number(option, given, 1, LONGEST_TIMER)
  if (pluginTimeout !== 0 && value >= pluginTimeout) throw new FASTSTREAM_ERR_INVALID_OPTION(option, `must be below Fastify's pluginTimeout of ${pluginTimeout} ms: raise that, too`)
  return value
}

function defaultTimeout (pluginTimeout: number): number {
  return pluginTimeout === 0 ? 9000 : Math.max(1, pluginTimeout - 1000, pluginTimeout * 0.9)
}

function sizes<T extends Record<string, number>> (option: string, given: Partial<T> = {}, defaults: T): T {
  onlyKnown(`${option}.`, given, Object.keys(defaults))
  const settings = withDefaults(defaults, given)
  for (const [name, value] of Object.entries(settings)) integer(`${option}.${name}`, value, 1)
  return settings
}
