import type { Failure } from '../consume/pipeline/dead-letter.js'
import type { FailureAnswer } from '../consume/pipeline/failure-policy.js'
import type { Delivery } from '../consume/pipeline/delivery.js'
import type { Reader } from '../consume/partition/reader.js'
import type { AttemptMoments, Replies, ResultsInScope, SubscriberPlan } from '../consume/pipeline/subscriber-plan.js'
import { FASTSTREAM_ERR_INVALID_OPTION } from '../errors.js'
import { isPromise } from '../is-promise.js'
import { steady } from '../log.js'
import { decode, type Decoded, type IncomingRules } from '../message/decode.js'
import { decodeByRules, hasCodecs } from '../message/decode-by-rules.js'
import type { Prepared } from '../message/outgoing.js'
import { ReceivedMessage, type MessageSource } from '../message/received-message.js'
import { FailedRecord } from '../message/failed-record.js'
import { ReceivedRecord } from '../message/received-record.js'
import { isResponse } from '../message/response.js'
import { aroundAttempts } from '../middleware/attempt.js'
import { answerOf, askErrorHandlers, type ScopedErrorHandler } from '../middleware/error-handler.js'
import { aroundHandler } from '../middleware/consume-chain.js'
import type { PublishScopes } from '../middleware/publish-chain.js'
import { throughMiddlewares } from '../middleware/publish-results.js'
import { CompiledBatches } from './batch-subscriber.js'
import type { Handler } from './declaration.js'
import type { PublisherPlace } from './handles.js'
import type { PatternTopics } from './pattern-topics.js'
import type { SubscriberSettings } from './plan.js'
import type { PublisherPlan, ResultOrigin } from './publisher.js'

const UNUSED = "handler returned a value, which is not published: set 'publish', or return nothing (this is said once)"

const CONFIRMED = 'is not for the result of a handler: its message is settled when the result is in the log'

/** Its settings are its own members, for the pipeline reads some of them for each message. */
export interface CompiledSubscriber extends SubscriberSettings {}

/** Topics to write. */
export interface Destinations {
  /** Publishers of what the handler returns. */
  readonly results: readonly PublisherPlace[]
  /** Undefined where it does not answer. */
  readonly replier?: Replies | undefined
  /** All topics that the app has declared to write. */
  readonly writtenTopics: () => readonly string[]
}

/** Code of the app that a subscriber runs, beside the middlewares of its settings. */
export interface SurroundingCode {
  /** Undefined: the handler that was declared. */
  readonly handler?: Handler
  /** The middlewares of what it publishes. */
  readonly scopes: PublishScopes
  /** The nearest first. */
  readonly errorHandlers: readonly ScopedErrorHandler[]
  /** undefined: all topics are named. */
  readonly patternTopics?: PatternTopics | undefined
  /** Code that asks for its messages, in place of the handler. */
  readonly reader?: Reader<ReceivedMessage> | undefined
}

/** A compiled subscriber: what its pipeline does with each message. */
export class CompiledSubscriber implements SubscriberPlan<ReceivedMessage> {
  readonly rules: IncomingRules
  readonly writtenTopics: () => readonly string[]
  readonly around: ((delivery: Delivery) => AttemptMoments) | undefined
  readonly onFailure: SubscriberPlan<ReceivedMessage>['onFailure']
  /** What its pipeline does with each batch; undefined: it handles one message at a time. */
  readonly batches: CompiledBatches | undefined
  readonly replies: Replies | undefined
  readonly overlaps: boolean
  readonly findsTopic: SubscriberPlan['findsTopic']
  readonly reader: Reader<ReceivedMessage> | undefined
  readonly #patternTopics: PatternTopics | undefined
  readonly #source: MessageSource
  readonly #publishers: readonly PublisherPlace[]
  /** The handler within its middlewares. */
  readonly #handler: (message: ReceivedMessage) => unknown
  readonly #scopes: SurroundingCode['scopes']
  readonly #errorHandlers: SurroundingCode['errorHandlers']
  #warned = false

  constructor (
    settings: SubscriberSettings,
    rules: IncomingRules,
    source: MessageSource,
    { results, replier, writtenTopics }: Destinations,
    { scopes, errorHandlers, patternTopics, reader, handler = settings.declaration.handler }: SurroundingCode
  ) {
    Object.assign(this, settings)
    const { middlewares, declaration: { scope, cases, filter } } = settings
    const around = aroundAttempts(middlewares)
    this.rules = rules
    this.writtenTopics = writtenTopics
    this.around = around && ((delivery) => around(new ReceivedRecord(source, delivery)))
    this.findsTopic = patternTopics && ((topic) => patternTopics.has(topic))
    this.#patternTopics = patternTopics
    this.reader = reader
    this.#source = source
    this.#publishers = results
    this.replies = replier
    const handle = reader === undefined
      ? (message: ReceivedMessage) => handler.call(scope, message.value, message)
      : (message: ReceivedMessage) => reader.hand(ReceivedMessage.readable(message))
    this.#handler = aroundHandler(middlewares, handle)
    this.#scopes = scopes
    this.#errorHandlers = errorHandlers
    this.batches = settings.batch && new CompiledBatches(settings, this, { handler, rules, source, errorHandlers })
    const mayOverlap = replier === undefined && around === undefined && errorHandlers.length === 0 &&
      cases === undefined && filter === undefined
    this.overlaps = results.length > 0 && mayOverlap
    this.onFailure = errorHandlers.length === 0 ? undefined : (...failed) => this.#askErrorHandlers(...failed)
    Object.freeze(this)
  }

  deadLetterTopic (topic: string): string | undefined {
    return this.deadLetterTopics.get(topic) ?? this.#patternTopics?.deadLetterTopic(topic)
  }

  isDeadLetterOf (topic: string, origin: string): boolean {
    return this.#source.isDeadLetterOf(topic, origin)
  }

  decode (delivery: Delivery): ReceivedMessage | PromiseLike<ReceivedMessage> {
    const { rules } = this
    if (!hasCodecs(rules)) {
      return new ReceivedMessage(this.#source, delivery, decode(delivery.record, rules, delivery.decoded))
    }
    const decoded = decodeByRules(delivery, rules)
    const receive = (decoded: Decoded): ReceivedMessage => new ReceivedMessage(this.#source, delivery, decoded)
    return isPromise(decoded) ? decoded.then(receive) : receive(decoded)
  }

  handle (message: ReceivedMessage): unknown {
    if (this.deps.size === 0) return this.#handler(message)
    const injecting = ReceivedMessage.inject(message, this.deps)
    return injecting === undefined ? this.#handler(message) : this.#handleWhenInjected(message, injecting)
  }

  async #handleWhenInjected (message: ReceivedMessage, injecting: Promise<void>): Promise<unknown> {
    await injecting
    ReceivedMessage.throwIfAborted(message)
    return await this.#handler(message)
  }

  release (message: ReceivedMessage, failure?: { readonly error: unknown }): Promise<void> | undefined {
    return ReceivedMessage.release(message, failure)
  }

  prepare (result: unknown, message: ResultOrigin): readonly Prepared[] | Promise<ResultsInScope> {
    const { value, options } = isResponse(result) ? result : { value: result, options: undefined }
    if (this.#publishers.length === 0 && this.replies === undefined) this.#warnOfResult()
    if (options?.noConfirm) throw new FASTSTREAM_ERR_INVALID_OPTION('noConfirm', CONFIRMED)
    if (value === undefined) return []
    // A key function cannot be called with null: the tombstone belongs to the entity that the message is about.
    const tombstoneKey = value === null ? message.rawKey : null
    const plans = this.#publishers.map(({ source, declaration }) => source.publisherOf(declaration))
    const prepare = (plan: PublisherPlan): Prepared => {
      return plan.prepare(value, options, message.correlationId, tombstoneKey)
    }
    if (!plans.some((plan) => plan.hasMiddlewares(this.#scopes))) return plans.map(prepare)
    return throughMiddlewares(plans.map((plan) => {
      return plan.resultWay(value, options, this.#scopes, message) ?? (async (store) => await store(prepare(plan)))
    }))
  }

  async #askErrorHandlers (
    { stage, error, at: now }: Failure, delivery: Delivery, message: ReceivedMessage | undefined
  ): Promise<FailureAnswer | undefined> {
    const failed = new FailedRecord(this.#source, delivery, stage, message)
    const decision = await askErrorHandlers(this.#errorHandlers, error, failed)
    if (decision === undefined) return undefined
    const prepare = (value: unknown): ReturnType<typeof this.prepare> => this.prepare(value, failed)
    return answerOf(decision, { now, reply: prepare })
  }

  /** Once: the mistake is in the declaration, not in the message. */
  #warnOfResult (): void {
    if (this.#warned) return
    this.#warned = true
    const { name, topics, declaration: { scope } } = this
    steady(scope.log).warn({ subscriber: name, topics }, UNUSED)
  }
}
