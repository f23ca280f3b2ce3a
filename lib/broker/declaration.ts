import type { FastifyInstance } from 'fastify'
import type {
  Dependencies, InheritedOptions, MessageSchema, OutgoingHeaders, Partitioner, PublisherOptions, SubscriberOptions,
  TopicNames
} from '../../types/index.js'
import type { DeclaredDependency } from '../deps/dependency.js'
import { depsOf } from '../deps/scopes.js'
import { FASTSTREAM_ERR_INVALID_OPTION } from '../errors.js'
import { isPlainObject } from '../message/headers.js'
import type { ReceivedMessage } from '../message/received-message.js'
import { callable, integer, onlyKnown } from '../options/assert.js'
import { DOCUMENTATION, normaliseDocumentation, type About } from '../options/documentation.js'
import { INHERITED } from '../options/inherited.js'
import { checkPartitioner } from '../options/producer.js'
import { checkTopic } from '../options/topic-name.js'
import { PublisherHandle } from './handles.js'

/* Records of subscriber() and publisher(), checked at the call, before inherited options are resolved. */

export type Handler = (this: FastifyInstance, value: unknown, message: ReceivedMessage) => unknown

/** A subscriber as it was written. */
export interface SubscriberDeclaration {
  readonly kind: 'subscriber'
  readonly scope: FastifyInstance
  /** The name of its handler, else its topics. */
  readonly name: string
  readonly topics: readonly string[]
  readonly schema: MessageSchema | undefined
  readonly about: About
  /** Its own layer of the inherited options. */
  readonly options: InheritedOptions
  readonly handler: Handler
  readonly deps: ReadonlyMap<string, DeclaredDependency>
  readonly publish: readonly PublisherHandle[]
}

/** A publisher as it was written. */
export interface PublisherDeclaration {
  readonly kind: 'publisher'
  readonly scope: FastifyInstance
  readonly topic: string
  readonly schema: MessageSchema | undefined
  readonly about: About
  /** Its own layer of the inherited options. */
  readonly options: Pick<InheritedOptions, 'includeInSchema'>
  readonly key: string | ((value: unknown) => string | Buffer | null) | undefined
  readonly headers: OutgoingHeaders | ((value: unknown) => OutgoingHeaders) | undefined
  readonly partition: number | ((value: unknown) => number) | undefined
  readonly partitioner: Partitioner | undefined
  readonly replyTo: string | undefined
}

export type Declaration = SubscriberDeclaration | PublisherDeclaration

type WrittenSubscriber = SubscriberOptions<MessageSchema, unknown, Dependencies>
type WrittenPublisher = PublisherOptions<MessageSchema, unknown>

const SUBSCRIBER_OPTIONS = ['schema', 'publish', 'deps', ...Object.keys(INHERITED), ...DOCUMENTATION]
const PUBLISHER_OPTIONS = [
  'schema', 'key', 'headers', 'partition', 'partitioner', 'replyTo', 'includeInSchema', ...DOCUMENTATION
]
const PARTS = ['value', 'key', 'headers']

/** @throws FASTSTREAM_ERR_INVALID_OPTION, FASTSTREAM_ERR_INVALID_TOPIC */
export function declareSubscriber (
  scope: FastifyInstance, topics: TopicNames, written: WrittenSubscriber, handler: Handler
): SubscriberDeclaration {
  onlyKnown('', written, SUBSCRIBER_OPTIONS)
  const { schema, publish = [], deps, ...options } = written
  if (schema !== undefined) onlyKnown('schema.', schema, PARTS)
  callable('handler', handler, 'must be a function: subscriber(topics, options, handler)')
  const names = topicsOf(topics)
  return Object.freeze({
    kind: 'subscriber',
    scope,
    name: handler.name === '' ? names.join(',') : handler.name,
    topics: names,
    schema,
    about: normaliseDocumentation(written),
    options,
    handler,
    deps: depsOf(scope, deps),
    publish: [publish].flat().map(handleOf)
  })
}

/** @throws FASTSTREAM_ERR_INVALID_OPTION, FASTSTREAM_ERR_INVALID_TOPIC */
export function declarePublisher (
  scope: FastifyInstance, topic: string, written: WrittenPublisher
): PublisherDeclaration {
  onlyKnown('', written, PUBLISHER_OPTIONS)
  const { schema, key, headers, partition, partitioner, replyTo, includeInSchema } = written
  if (schema !== undefined) onlyKnown('schema.', schema, PARTS)
  if (key !== undefined && typeof key !== 'string') callable('key', key, 'must be a string or a function of the value')
  if (headers !== undefined && !isPlainObject(headers)) {
    callable('headers', headers, 'must be a plain object or a function of the value')
  }
  checkPartition(partition, partitioner)
  return Object.freeze({
    kind: 'publisher',
    scope,
    topic: checkTopic(topic),
    schema,
    about: normaliseDocumentation(written),
    options: { includeInSchema },
    key,
    headers,
    partition,
    partitioner,
    replyTo: replyTo === undefined ? undefined : checkTopic(replyTo, " (it is the option 'replyTo')")
  })
}

function checkPartition (
  partition: PublisherDeclaration['partition'], partitioner: PublisherDeclaration['partitioner']
): void {
  if (typeof partition === 'number') integer('partition', partition, 0)
  else if (partition !== undefined) callable('partition', partition, 'must be a number or a function of the value')
  if (partitioner === undefined) return
  checkPartitioner('partitioner', partitioner)
  if (partition === undefined) return
  throw new FASTSTREAM_ERR_INVALID_OPTION('partitioner', "must not be given with 'partition', which leaves no choice")
}

function topicsOf (topics: unknown): readonly string[] {
  const list: unknown[] = Array.isArray(topics) ? topics : [topics]
  if (list.length === 0) throw new FASTSTREAM_ERR_INVALID_OPTION('topics', 'must name one topic at least')
  return Object.freeze([...new Set(list.map((topic) => checkTopic(topic)))])
}

function handleOf (publisher: unknown): PublisherHandle {
  if (PublisherHandle.isHandle(publisher)) return publisher
  throw new FASTSTREAM_ERR_INVALID_OPTION('publish', 'must be what publisher() returned, or a list of those')
}
