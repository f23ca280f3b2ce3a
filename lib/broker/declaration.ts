import type { FastifyInstance } from 'fastify'
import type {
  Dependencies, InheritedOptions, MessageSchema, OutgoingHeaders, Partitioner, PublisherOptions, RebalanceListener,
  SubscriberOptions, TopicNames
} from '../../types/index.js'
import { declaredDependencies } from '../deps/dependency.js'
import type { Deps } from '../deps/scopes.js'
import { FASTSTREAM_ERR_INVALID_OPTION } from '../errors.js'
import { isPlainObject } from '../message/headers.js'
import type { ReceivedMessage } from '../message/received-message.js'
import { callable, integer, list, oneOf, onlyKnown } from '../options/assert.js'
import { checkKeyCodec } from '../options/codec.js'
import { DOCUMENTATION, normaliseDocumentation, type About } from '../options/documentation.js'
import { OF_SUBSCRIBERS, resolveInherited } from '../options/inherited.js'
import { checkPartitioner } from '../options/producer.js'
import { checkListener } from '../options/rebalance-listener.js'
import { checkTopic } from '../options/topic-name.js'
import { TopicPattern } from '../options/topic-pattern.js'
import type { Case, Filter } from './cases.js'
import { PublisherHandle } from './handles.js'
import { NO_LAYERS, type Position } from './layers.js'

/* Records of subscriber() and publisher(), checked at the call, before inherited options are resolved. */

export type Handler = (this: FastifyInstance, value: unknown, message: ReceivedMessage) => unknown

/** A subscriber as it was written, in a scope or in a router. */
export interface WrittenSubscriber {
  readonly kind: 'subscriber'
  /** Names, and the texts of patterns, without the prefixes of scopes and routers. */
  readonly topics: readonly string[]
  /** Those of its topics that are patterns. */
  readonly patterns: readonly TopicPattern[]
  readonly schema: MessageSchema | undefined
  readonly about: About
  /** Its own layer of the inherited options. */
  readonly options: InheritedOptions
  readonly handler: Handler
  /** Its own dependencies. */
  readonly deps: Deps
  readonly publish: readonly PublisherHandle[]
  /** Partitions chosen by hand, of each of its topics; undefined: those that its group assigns. */
  readonly partitions: readonly number[] | undefined
  readonly listener: RebalanceListener | undefined
  readonly filter: Filter | undefined
  /** The case that it is, of a subscriber with several. */
  readonly cases: Case | undefined
  /** True without a handler: code asks for its messages. */
  readonly isRead: boolean
}

/** A publisher as it was written, in a scope or in a router. */
export interface WrittenPublisher {
  readonly kind: 'publisher'
  /** Without the prefixes of scopes and routers. */
  readonly topic: string
  readonly schema: MessageSchema | undefined
  readonly about: About
  /** Its own layer of the inherited options. */
  readonly options: Pick<PublisherOptions<MessageSchema, unknown>, 'codec' | 'includeInSchema' | 'tags'>
  readonly key: string | ((value: unknown) => unknown) | undefined
  readonly headers: OutgoingHeaders | ((value: unknown) => OutgoingHeaders) | undefined
  readonly partition: number | ((value: unknown) => number) | undefined
  readonly partitioner: Partitioner | undefined
  readonly replyTo: string | undefined
}

export type SubscriberDeclaration = WrittenSubscriber & Position & {
  /** True for one that is declared after ready(), and starts and stops by itself. */
  readonly dynamic?: boolean
}
export type PublisherDeclaration = WrittenPublisher & Position
export type Declaration = SubscriberDeclaration | PublisherDeclaration

export type GivenSubscriber = SubscriberOptions<MessageSchema, unknown, Dependencies>
type GivenPublisher = PublisherOptions<MessageSchema, unknown>

const SUBSCRIBER_OPTIONS = [
  ...new Set(['schema', 'publish', 'deps', 'listener', 'filter', 'partitions', ...OF_SUBSCRIBERS, ...DOCUMENTATION])
]
const PUBLISHER_OPTIONS = [
  'schema', 'key', 'headers', 'codec', 'partition', 'partitioner', 'replyTo', 'includeInSchema', ...DOCUMENTATION
]
const PARTS = ['value', 'key', 'headers', 'reply']
const HANDLER = 'must be a function: subscriber(topics, options, handler); without a handler declare it after ready()'

/** @throws FASTSTREAM_ERR_INVALID_OPTION, FASTSTREAM_ERR_INVALID_TOPIC */
export function writeSubscriber (
  topics: TopicNames, given: GivenSubscriber, handler: Handler, cases?: Case
): WrittenSubscriber {
  onlyKnown('', given, SUBSCRIBER_OPTIONS)
  const { schema, publish = [], deps = {}, listener, filter, partitions, ...options } = given
  if (schema !== undefined) onlyKnown('schema.', schema, PARTS)
  checkKeyCodec(options, schema)
  callable('handler', handler, HANDLER)
  if (filter !== undefined) callable('filter', filter, 'must be a function of the message that returns true or false')
  resolveInherited([options])
  return Object.freeze({
    kind: 'subscriber',
    ...topicsOf(topics),
    schema,
    about: normaliseDocumentation(given),
    options,
    handler,
    deps: declaredDependencies('deps', deps),
    publish: [publish].flat().map(handleOf),
    partitions: partitions === undefined ? undefined : chosenPartitions(partitions),
    listener: listener === undefined ? undefined : checkListener('listener', listener),
    filter,
    cases,
    isRead: false
  })
}

/** Options that say how a handler is called. */
const OF_HANDLERS = ['publish', 'filter', 'ordering', 'concurrency'] as const
/** Ends of a handler settle its message in the other policies. */
const POLICIES_OF_READERS = ['MANUAL', 'ACK_FIRST']

/** A subscriber without a handler. @throws FASTSTREAM_ERR_INVALID_OPTION, FASTSTREAM_ERR_INVALID_TOPIC */
export function writeReading (topics: TopicNames, given: GivenSubscriber = {}): WrittenSubscriber {
  const written = writeSubscriber(topics, given, noHandler())
  const useless = OF_HANDLERS.find((option) => given[option] !== undefined)
  if (useless !== undefined) throw new FASTSTREAM_ERR_INVALID_OPTION(useless, 'has no effect without a handler')
  if (written.schema?.reply !== undefined) {
    throw new FASTSTREAM_ERR_INVALID_OPTION('schema.reply', 'has no effect without a handler')
  }
  if (given.ackPolicy !== undefined) oneOf('ackPolicy', given.ackPolicy, POLICIES_OF_READERS)
  return Object.freeze({ ...written, isRead: true })
}

/** Has no name, so that the subscriber is named by its topics. */
function noHandler (): Handler {
  return () => undefined
}

/** @throws FASTSTREAM_ERR_INVALID_OPTION, FASTSTREAM_ERR_INVALID_TOPIC */
export function writePublisher (topic: string, given: GivenPublisher): WrittenPublisher {
  onlyKnown('', given, PUBLISHER_OPTIONS)
  const { schema, key, headers, codec, partition, partitioner, replyTo, includeInSchema, tags } = given
  if (schema !== undefined) onlyKnown('schema.', schema, PARTS)
  checkKeyCodec(given, schema)
  if (key !== undefined && typeof key !== 'string') callable('key', key, 'must be a string or a function of the value')
  if (headers !== undefined && !isPlainObject(headers)) {
    callable('headers', headers, 'must be a plain object or a function of the value')
  }
  checkPartition(partition, partitioner)
  const options = { codec, includeInSchema, tags }
  resolveInherited([options])
  return Object.freeze({
    kind: 'publisher',
    topic: checkTopic(topic),
    schema,
    about: normaliseDocumentation(given),
    options,
    key,
    headers,
    partition,
    partitioner,
    replyTo: replyTo === undefined ? undefined : checkTopic(replyTo, " (it is the option 'replyTo')")
  })
}

function checkPartition (
  partition: WrittenPublisher['partition'], partitioner: WrittenPublisher['partitioner']
): void {
  if (typeof partition === 'number') integer('partition', partition, 0)
  else if (partition !== undefined) callable('partition', partition, 'must be a number or a function of the value')
  if (partitioner === undefined) return
  checkPartitioner('partitioner', partitioner)
  if (partition === undefined) return
  throw new FASTSTREAM_ERR_INVALID_OPTION('partitioner', "must not be given with 'partition', which leaves no choice")
}

/** Declares what was written at a position: a scope itself, or a router that is included there. */
export function declareAt<W extends WrittenSubscriber | WrittenPublisher> (
  { scope, layers }: Position, written: W
): W & Position {
  const declaration = { ...written, scope, layers }
  Object.freeze(declaration)
  return declaration
}

/** @throws FASTSTREAM_ERR_INVALID_OPTION, FASTSTREAM_ERR_INVALID_TOPIC */
export function declareSubscriber (
  scope: FastifyInstance, topics: TopicNames, given: GivenSubscriber, handler: Handler
): SubscriberDeclaration {
  return declareAt({ scope, layers: NO_LAYERS }, writeSubscriber(topics, given, handler))
}

/** @throws FASTSTREAM_ERR_INVALID_OPTION, FASTSTREAM_ERR_INVALID_TOPIC */
export function declarePublisher (scope: FastifyInstance, topic: string, given: GivenPublisher): PublisherDeclaration {
  return declareAt({ scope, layers: NO_LAYERS }, writePublisher(topic, given))
}

function topicsOf (topics: unknown): Pick<WrittenSubscriber, 'topics' | 'patterns'> {
  const list: unknown[] = Array.isArray(topics) ? topics : [topics]
  if (list.length === 0) throw new FASTSTREAM_ERR_INVALID_OPTION('topics', 'must name one topic at least')
  const written = list.map((topic) => TopicPattern.of(topic) ?? checkTopic(topic))
  const patterns = new Map(written.flatMap((each) => typeof each === 'string' ? [] : [[each.text, each] as const]))
  const texts = new Set(written.map((each) => typeof each === 'string' ? each : each.text))
  return { topics: Object.freeze([...texts]), patterns: [...patterns.values()] }
}

/** Partitions in their order, each once. */
function chosenPartitions (partitions: readonly number[]): readonly number[] {
  list('partitions', partitions)
  const all = partitions.map((partition) => integer('partitions', partition, 0))
  if (all.length === 0) throw new FASTSTREAM_ERR_INVALID_OPTION('partitions', 'must have a partition at least')
  return Object.freeze([...new Set(all)].sort((a, b) => a - b))
}

function handleOf (publisher: unknown): PublisherHandle {
  if (PublisherHandle.isHandle(publisher)) return publisher
  throw new FASTSTREAM_ERR_INVALID_OPTION('publish', 'must be what publisher() returned, or a list of those')
}
