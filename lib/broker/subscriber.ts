import type { FastifyInstance } from 'fastify'
import type { AckPolicy, Dependencies, MessageSchema, Publisher, RecordMetadata, SubscriberOptions, Topics } from '../../types/index.js'
import { DOCUMENTATION, normaliseDocumentation, type About } from '../options/documentation.js'
import { callable, isObject, onlyKnown } from '../options/assert.js'
import type { Delivery } from '../consume/pipeline/delivery.js'
import type { Prepared, SubscriberPlan } from '../consume/pipeline/subscriber-plan.js'
import type { DeclaredDependency } from '../deps/dependency.js'
import { depsOf } from '../deps/scopes.js'
import {
  FASTSTREAM_ERR_DECODE, FASTSTREAM_ERR_GROUP_REQUIRED, FASTSTREAM_ERR_INVALID_ARGUMENTS, FASTSTREAM_ERR_INVALID_OPTION,
  FASTSTREAM_ERR_VALIDATION
} from '../errors.js'
import { steady } from '../log.js'
import type { Settings } from '../options/plugin-options.js'
import type { Compiler } from '../schema/ajv.js'
import { decodeHeaders, decodeKey, decodeValue } from '../codec/codec.js'
import type { Validate } from '../schema/incoming.js'
import { INHERITED, resolveInherited } from '../options/inherited.js'
import type { DeadLetterTopic, OffsetResetMode, Ordering, RetrySettings } from '../options/settings.js'
import { checkTopic } from '../options/topic-name.js'
import type { Broker } from './broker.js'
import { PublisherHandle } from './handles.js'
import { CONTENT_TYPE, headerText } from '../message/headers.js'
import { ReceivedMessage } from '../message/received-message.js'
import type { DeclaredPublisher } from './publisher.js'
import { isResponse } from '../message/response.js'

export type Handler = (this: FastifyInstance, value: unknown, message: ReceivedMessage) => unknown

export interface Validators {
  readonly value?: Validate | undefined
  readonly key?: Validate | undefined
  readonly headers?: Validate | undefined
}

const OPTIONS = ['schema', 'publish', 'deps', ...Object.keys(INHERITED), ...DOCUMENTATION]
export const SKIP_TO = 'skipTo({ topic, partition, offset })'
const UNUSED = "handler returned a value, which is not published: set 'publish', or return nothing (this is said once)"
/** Of the memory transport, where nothing else shares the group. */
const DEFAULT_GROUP = 'fastify-faststream'

/** A subscriber of one scope. Its schemas are compiled when the broker starts. */
export class DeclaredSubscriber implements SubscriberPlan<ReceivedMessage> {
  readonly broker: Broker
  readonly scope: FastifyInstance
  readonly name: string
  readonly topics: readonly string[]
  readonly groupId: string | null
  readonly offsetReset: OffsetResetMode
  readonly handlerTimeout: number
  readonly bodyLimit: number
  readonly ackPolicy: AckPolicy
  readonly ordering: Ordering
  readonly concurrency: number
  readonly schema: MessageSchema | undefined
  readonly about: About
  readonly #handler: Handler
  readonly #deps: ReadonlyMap<string, DeclaredDependency>
  readonly #publishers: readonly DeclaredPublisher[]
  readonly #deadLetterTopics: ReadonlyMap<string, string | undefined>
  readonly #nameDeadLetterTopic: DeadLetterTopic
  #warned = false
  retry: RetrySettings
  validators: Validators = {}
  /** Set by hand in the scope. */
  customCompiler: Compiler | undefined

  constructor (broker: Broker, scope: FastifyInstance, topics: Topics, options: SubscriberOptions<MessageSchema, unknown, Dependencies>, handler: Handler) {
    onlyKnown('', options, OPTIONS)
    if (options.schema !== undefined) onlyKnown('schema.', options.schema, ['value', 'key', 'headers'])
    callable('handler', handler, 'must be a function: subscriber(topics, options, handler)')
    const { settings } = broker
    const inherited = resolveInherited([options], settings)
    this.broker = broker
    this.scope = scope
    this.topics = topicsOf(topics)
    this.name = handler.name === '' ? this.topics.join(',') : handler.name
    this.groupId = groupOf(this.topics, inherited.groupId, settings)
    this.offsetReset = inherited.offsetReset
    this.handlerTimeout = inherited.handlerTimeout
    this.bodyLimit = inherited.bodyLimit
    this.ackPolicy = inherited.ackPolicy
    this.ordering = inherited.ordering
    this.concurrency = inherited.concurrency
    this.retry = inherited.retry
    this.#nameDeadLetterTopic = inherited.deadLetter
    this.#deadLetterTopics = new Map(this.topics.map((topic) => [topic, this.#nameDeadLetterTopic(topic)]))
    this.schema = options.schema
    this.about = normaliseDocumentation(options, settings.includeInSchema)
    this.#handler = handler
    this.#deps = depsOf(scope, options.deps)
    this.#publishers = publishersOf(options.publish)
  }

  skipTo (to: RecordMetadata): void {
    if (!isObject(to)) throw new FASTSTREAM_ERR_INVALID_ARGUMENTS(SKIP_TO, 'it takes an object')
    const { topic, partition, offset } = to
    if (!this.topics.includes(topic)) throw new FASTSTREAM_ERR_INVALID_OPTION('topic', `must be one that the subscriber reads: ${this.topics.join(', ')}`)
    if (typeof offset !== 'bigint' || offset < 0n) throw new FASTSTREAM_ERR_INVALID_OPTION('offset', 'must be a bigint of at least 0')
    this.broker.skipTo(this, { topic, partition, offset })
  }

  deadLetterTopic (topic: string): string | undefined {
    return this.#deadLetterTopics.get(topic)
  }

  isDeadLetterOf (topic: string, origin: string): boolean {
    try {
      return this.#nameDeadLetterTopic(origin) === topic
    } catch {
      // The origin is what a header says: it may be no topic at all.
      return false
    }
  }

  decode (delivery: Delivery): ReceivedMessage {
    const { record } = delivery
    const { validators, bodyLimit } = this
    if (record.size > bodyLimit) throw new FASTSTREAM_ERR_DECODE('message', `it has ${record.size} bytes, which is more than 'bodyLimit' (${bodyLimit}): raise that where such messages are meant to be`)
    // What nobody asks for is not read out of the record.
    const headers = validators.headers?.(decodeHeaders(record.headers))
    const key = validators.key?.(decodeKey(record.key))
    const decoded = decodeValue(record.value, headerText(record, CONTENT_TYPE))
    const value = validators.value === undefined ? decoded : validators.value(decoded)
    // Coercion makes '' or 0 of null. A tombstone has no value that could be coerced: a schema takes it as null, or not.
    if (record.value === null && value !== null) throw new FASTSTREAM_ERR_VALIDATION('value must not be null: it is a tombstone')
    return new ReceivedMessage(this, delivery, value, key, headers)
  }

  handle (message: ReceivedMessage): unknown {
    return this.#deps.size === 0 ? this.#handler.call(this.scope, message.value, message) : this.#handleWithDeps(message)
  }

  async #handleWithDeps (message: ReceivedMessage): Promise<unknown> {
    await ReceivedMessage.inject(message, this.#deps)
    message.signal.throwIfAborted()
    return await this.#handler.call(this.scope, message.value, message)
  }

  release (message: ReceivedMessage, failure?: { readonly error: unknown }): Promise<void> | undefined {
    return ReceivedMessage.release(message, failure)
  }

  prepare (result: unknown, message: ReceivedMessage): readonly Prepared[] {
    const { value, options } = isResponse(result) ? result : { value: result, options: undefined }
    if (this.#publishers.length === 0) this.#warnOfResult()
    if (value === undefined) return []
    // A key function cannot be called with null. What the message is about is what its tombstone is about.
    const tombstoneKey = value === null ? message.rawKey : undefined
    return this.#publishers.map((publisher) => publisher.prepare(value, options, message.correlationId, tombstoneKey))
  }

  /** Once: it is a mistake in the declaration, not in the message. */
  #warnOfResult (): void {
    if (this.#warned) return
    this.#warned = true
    const { name, topics, scope } = this
    steady(scope.log).warn({ subscriber: name, topics }, UNUSED)
  }
}

function topicsOf (topics: unknown): readonly string[] {
  const list: unknown[] = Array.isArray(topics) ? topics : [topics]
  if (list.length === 0) throw new FASTSTREAM_ERR_INVALID_OPTION('topics', 'must name one topic at least')
  return [...new Set(list.map(checkTopic))]
}

function groupOf ([topic]: readonly string[], groupId: string | null | undefined, settings: Settings): string | null {
  if (groupId !== undefined) return groupId
  if (settings.transport === 'memory') return DEFAULT_GROUP
  throw new FASTSTREAM_ERR_GROUP_REQUIRED(topic as string)
}

function publishersOf (publish: Publisher | readonly Publisher[] = []): readonly DeclaredPublisher[] {
  return [publish].flat().map((publisher) => {
    const declared = PublisherHandle.declaredBy(publisher)
    if (declared !== undefined) return declared
    throw new FASTSTREAM_ERR_INVALID_OPTION('publish', 'must be what publisher() returned, or a list of those')
  })
}
