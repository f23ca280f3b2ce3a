import type { FastifyInstance } from 'fastify'
import type { MessageSchema, Publisher, Subscriber, SubscriberOptions, Topics } from '../../types/index.js'
import { integer, onlyKnown, text } from '../check.js'
import type { Delivery, Prepared, Subscription } from '../consume/subscription.js'
import type { RetrySettings } from '../consume/retry.js'
import { FASTSTREAM_ERR_GROUP_REQUIRED, FASTSTREAM_ERR_INVALID_OPTION, FASTSTREAM_ERR_VALIDATION } from '../errors.js'
import { normaliseDeadLetter, normaliseRetry, type DeadLetterTopic, type Settings } from '../options.js'
import type { Compiler } from '../schema/ajv.js'
import { decodeHeaders, decodeKey, decodeValue } from '../schema/codec.js'
import type { Validate } from '../schema/compiler.js'
import { checkTopic } from '../topic.js'
import type { Broker } from './broker.js'
import { CONTENT_TYPE, headerText } from './headers.js'
import { IncomingMessage } from './message.js'
import { DeclaredPublisher } from './publisher.js'
import { isResponse } from './response.js'

export type Handler = (this: FastifyInstance, value: unknown, message: IncomingMessage) => unknown

export interface Validators {
  readonly value?: Validate | undefined
  readonly key?: Validate | undefined
  readonly headers?: Validate | undefined
}

const OPTIONS = ['schema', 'publish', 'groupId', 'retry', 'deadLetter', 'concurrency']
/** Of the memory transport, where nothing else shares the group. */
const DEFAULT_GROUP = 'fastify-faststream'

/** A subscriber of one scope. Its schemas are compiled when the broker starts. */
export class DeclaredSubscriber implements Subscriber, Subscription<IncomingMessage> {
  readonly broker: Broker
  readonly scope: FastifyInstance
  readonly name: string
  readonly topics: readonly string[]
  readonly groupId: string
  readonly concurrency: number
  readonly schema: MessageSchema | undefined
  readonly #handler: Handler
  readonly #publishers: readonly DeclaredPublisher[]
  readonly #deadLetterTopics: ReadonlyMap<string, string | undefined>
  readonly #nameDeadLetterTopic: DeadLetterTopic
  retry: RetrySettings
  validators: Validators = {}
  /** Set by hand in the scope. */
  customCompiler: Compiler | undefined

  constructor (broker: Broker, scope: FastifyInstance, topics: Topics, options: SubscriberOptions<MessageSchema, unknown>, handler: Handler) {
    onlyKnown('', options, OPTIONS)
    if (options.schema !== undefined) onlyKnown('schema.', options.schema, ['value', 'key', 'headers'])
    if (typeof handler !== 'function') throw new FASTSTREAM_ERR_INVALID_OPTION('handler', 'must be a function: subscriber(topics, options, handler)')
    const { settings } = broker
    const { concurrency = settings.concurrency } = options
    this.broker = broker
    this.scope = scope
    this.topics = topicsOf(topics)
    this.name = handler.name === '' ? this.topics.join(',') : handler.name
    this.groupId = groupOf(this.topics, options, settings)
    this.concurrency = integer('concurrency', concurrency, 1)
    this.retry = normaliseRetry(options.retry, settings.retry)
    this.#nameDeadLetterTopic = options.deadLetter === undefined ? settings.deadLetter : normaliseDeadLetter(options.deadLetter)
    this.#deadLetterTopics = deadLettersOf(this.topics, this.#nameDeadLetterTopic)
    this.schema = options.schema
    this.#handler = handler
    this.#publishers = publishersOf(options.publish)
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

  read (delivery: Delivery): IncomingMessage {
    const { record } = delivery
    const { validators } = this
    // What nobody asks for is not read out of the record.
    const headers = validators.headers?.(decodeHeaders(record.headers))
    const key = validators.key?.(decodeKey(record.key))
    const decoded = decodeValue(record.value, headerText(record, CONTENT_TYPE))
    const value = validators.value === undefined ? decoded : validators.value(decoded)
    // Coercion makes '' or 0 of null. A tombstone has no value that could be coerced: a schema takes it as null, or not.
    if (record.value === null && value !== null) throw new FASTSTREAM_ERR_VALIDATION('value must not be null: it is a tombstone')
    return new IncomingMessage(this, delivery, value, key, headers)
  }

  handle (message: IncomingMessage): unknown {
    return this.#handler.call(this.scope, message.value, message)
  }

  prepare (result: unknown, message: IncomingMessage): readonly Prepared[] {
    const { value, options } = isResponse(result) ? result : { value: result, options: undefined }
    if (value === undefined) return []
    // A key function cannot be called with null. What the message is about is what its tombstone is about.
    const tombstoneKey = value === null ? message.rawKey : undefined
    return this.#publishers.map((publisher) => publisher.prepare(value, options, message.correlationId, tombstoneKey))
  }
}

function topicsOf (topics: unknown): readonly string[] {
  const list: unknown[] = Array.isArray(topics) ? topics : [topics]
  if (list.length === 0) throw new FASTSTREAM_ERR_INVALID_OPTION('topics', 'must name one topic at least')
  return [...new Set(list.map(checkTopic))]
}

function groupOf ([topic]: readonly string[], { groupId }: { groupId?: string }, settings: Settings): string {
  if (groupId !== undefined) text('groupId', groupId)
  const group = groupId ?? settings.groupId ?? (settings.transport === 'memory' ? DEFAULT_GROUP : undefined)
  if (group === undefined) throw new FASTSTREAM_ERR_GROUP_REQUIRED(topic as string)
  return group
}

/** Asked for once per topic, and checked: a message that comes back to the subscriber which cannot handle it would do so for ever. */
function deadLettersOf (topics: readonly string[], deadLetterTopic: DeadLetterTopic): ReadonlyMap<string, string | undefined> {
  return new Map(topics.map((topic) => {
    const deadLetter = deadLetterTopic(topic)
    if (deadLetter !== undefined && topics.includes(deadLetter)) {
      throw new FASTSTREAM_ERR_INVALID_OPTION('deadLetter.topic', `must not be '${deadLetter}', which the subscriber reads itself: name another one, or write deadLetter: false`)
    }
    return [topic, deadLetter]
  }))
}

function publishersOf (publish: Publisher | readonly Publisher[] = []): readonly DeclaredPublisher[] {
  return [publish].flat().map((publisher) => {
    if (publisher instanceof DeclaredPublisher) return publisher
    throw new FASTSTREAM_ERR_INVALID_OPTION('publish', 'must be what publisher() returned, or a list of those')
  })
}
