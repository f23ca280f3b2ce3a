import type { FastifyRequest } from 'fastify'
import type { AckPolicy, DeadLetterOptions, FaststreamOptions, RetryOptions } from '../types/index.js'
import { normaliseAsyncapi, type AsyncapiSettings } from './asyncapi/settings.js'
import { integer, isObject, number, oneOf, onlyKnown, text, withDefaults, yesOrNo } from './check.js'
import type { GroupSettings } from './consume/group.js'
import type { Ordering } from './consume/members.js'
import type { RetrySettings } from './consume/retry.js'
import { FASTSTREAM_ERR_BROKERS_REQUIRED, FASTSTREAM_ERR_INVALID_OPTION } from './errors.js'
import type { ProducerSettings } from './produce/producer.js'
import { checkTopic } from './topic.js'

/** The options, checked, complete and frozen. Nothing below reads the options themselves. */
export interface Settings extends GroupSettings {
  readonly name: string
  readonly transport: 'kafkajs' | 'memory'
  readonly brokers: readonly string[]
  readonly clientId: string
  readonly ssl: FaststreamOptions['ssl']
  readonly sasl: FaststreamOptions['sasl']
  readonly groupId: string | null | undefined
  readonly startup: 'strict' | 'background'
  readonly offsetReset: OffsetResetMode
  readonly handlerTimeout: number
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
  readonly correlationId: ((request: FastifyRequest) => string) | undefined
  readonly includeInSchema: boolean
  readonly asyncapi: AsyncapiSettings
  readonly ajv: FaststreamOptions['ajv']
}

export type OffsetResetMode = 'earliest' | 'latest' | 'fail'

/** Where a message of a topic goes that cannot be handled; undefined: nowhere. */
export type DeadLetterTopic = (topic: string) => string | undefined

/** What Node's timers hold: above it they fire at once. ms */
export const LONGEST_TIMER = 2 ** 31 - 1

/** After this a group goes on without a member that drains; the session time-out is half of it. ms */
export const REBALANCE_TIMEOUT = 60_000
/** Of a member that says nothing, ms. */
export const SESSION_TIMEOUT = REBALANCE_TIMEOUT / 2

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
  const { name = 'default', groupId, clientId = 'fastify-faststream', startup = 'strict', topics = 'create', correlationId, revokeDrain = 10_000, concurrency = 16, commit = {} } = options
  text('name', name)
  text('clientId', clientId)
  oneOf('startup', startup, ['strict', 'background'])
  oneOf('topics', topics, ['create', 'verify', 'ignore'])
  if (correlationId !== undefined && typeof correlationId !== 'function') throw new FASTSTREAM_ERR_INVALID_OPTION('correlationId', 'must be a function of the request')

  return Object.freeze({
    name,
    transport,
    brokers: brokers ?? [],
    clientId,
    ssl: options.ssl,
    sasl: options.sasl,
    groupId: normaliseGroupId(groupId),
    startup,
    offsetReset: normaliseOffsetReset(options.offsetReset, 'earliest'),
    handlerTimeout: normaliseHandlerTimeout(options.handlerTimeout, 60_000),
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
    correlationId,
    includeInSchema: yesOrNo('includeInSchema', options.includeInSchema ?? true),
    asyncapi: normaliseAsyncapi(options.asyncapi),
    ajv: options.ajv
  })
}

/** `null` is written by hand: no group. */
export function normaliseGroupId (groupId: string | null | undefined): string | null | undefined {
  if (groupId !== undefined && groupId !== null) text('groupId', groupId)
  return groupId
}

export function normaliseOffsetReset (offsetReset: OffsetResetMode | undefined, inherited: OffsetResetMode): OffsetResetMode {
  return choice('offsetReset', offsetReset, ['earliest', 'latest', 'fail'], inherited)
}

export function normaliseAckPolicy (ackPolicy: AckPolicy | undefined, inherited: AckPolicy): AckPolicy {
  return choice('ackPolicy', ackPolicy, ['ACK_FIRST', 'ACK', 'REJECT_ON_ERROR', 'NACK_ON_ERROR', 'MANUAL'], inherited)
}

export function normaliseOrdering (ordering: Ordering | undefined, inherited: Ordering): Ordering {
  return choice('ordering', ordering, ['partition', 'key', 'none'], inherited)
}

export function normaliseHandlerTimeout (handlerTimeout: number | undefined, inherited: number): number {
  return handlerTimeout === undefined ? inherited : number('handlerTimeout', handlerTimeout, 1, LONGEST_TIMER)
}

/** Members that are left out come from `defaults`. */
export function normaliseRetry (retry: RetryOptions = {}, defaults: RetrySettings): RetrySettings {
  onlyKnown('retry.', retry, Object.keys(defaults))
  const settings = withDefaults(defaults, retry)
  integer('retry.retries', settings.retries, 0)
  number('retry.delay', settings.delay, 0, LONGEST_TIMER)
  number('retry.factor', settings.factor, 1)
  number('retry.maxDelay', settings.maxDelay, 0, LONGEST_TIMER)
  number('retry.jitter', settings.jitter, 0, 1)
  if (typeof settings.retryOn !== 'function') throw new FASTSTREAM_ERR_INVALID_OPTION('retry.retryOn', 'must be a function of the error')
  return Object.freeze(settings)
}

export function normaliseDeadLetter (deadLetter: DeadLetterOptions | false = {}): DeadLetterTopic {
  if (deadLetter === false) return () => undefined
  onlyKnown('deadLetter.', deadLetter, ['topic'])
  const { topic = (topic: string) => `${topic}.dlq` } = deadLetter
  if (typeof topic === 'function') return (origin) => checkTopic(topic(origin))
  checkTopic(topic)
  return () => topic
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

function choice<T extends string> (option: string, given: T | undefined, allowed: readonly T[], inherited: T): T {
  if (given === undefined) return inherited
  oneOf(option, given, allowed)
  return given
}

function sizes<T extends Record<string, number>> (option: string, given: Partial<T> = {}, defaults: T): T {
  onlyKnown(`${option}.`, given, Object.keys(defaults))
  const settings = withDefaults(defaults, given)
  for (const [name, value] of Object.entries(settings)) integer(`${option}.${name}`, value, 1)
  return settings
}
