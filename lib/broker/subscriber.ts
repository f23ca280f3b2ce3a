import type { Delivery } from '../consume/pipeline/delivery.js'
import type { SubscriberPlan } from '../consume/pipeline/subscriber-plan.js'
import { FASTSTREAM_ERR_INVALID_OPTION } from '../errors.js'
import { isPromise } from '../is-promise.js'
import { steady } from '../log.js'
import { decode, type Decoded, type IncomingRules } from '../message/decode.js'
import { decodeByRules, hasCodecs } from '../message/decode-by-rules.js'
import type { Prepared } from '../message/outgoing.js'
import { ReceivedMessage, type MessageSource } from '../message/received-message.js'
import { isResponse } from '../message/response.js'
import type { PublisherPlace } from './handles.js'
import type { SubscriberSettings } from './plan.js'

const UNUSED = "handler returned a value, which is not published: set 'publish', or return nothing (this is said once)"

const CONFIRMED = 'is not for the result of a handler: its message is settled when the result is in the log'

/** Its settings are its own members, for the pipeline reads some of them for each message. */
export interface CompiledSubscriber extends SubscriberSettings {}

/** A compiled subscriber: what its pipeline does with each message. */
export class CompiledSubscriber implements SubscriberPlan<ReceivedMessage> {
  readonly rules: IncomingRules
  readonly #source: MessageSource
  readonly #publishers: readonly PublisherPlace[]
  #warned = false

  /** @param publishers of what the handler returns */
  constructor (
    settings: SubscriberSettings,
    rules: IncomingRules,
    source: MessageSource,
    publishers: readonly PublisherPlace[] = []
  ) {
    Object.assign(this, settings)
    this.rules = rules
    this.#source = source
    this.#publishers = publishers
    Object.freeze(this)
  }

  deadLetterTopic (topic: string): string | undefined {
    return this.deadLetterTopics.get(topic)
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
    const { deps, declaration: { handler, scope } } = this
    return deps.size === 0 ? handler.call(scope, message.value, message) : this.#handleWithDeps(message)
  }

  async #handleWithDeps (message: ReceivedMessage): Promise<unknown> {
    const { deps, declaration: { handler, scope } } = this
    await ReceivedMessage.inject(message, deps)
    message.signal.throwIfAborted()
    return await handler.call(scope, message.value, message)
  }

  release (message: ReceivedMessage, failure?: { readonly error: unknown }): Promise<void> | undefined {
    return ReceivedMessage.release(message, failure)
  }

  prepare (result: unknown, message: ReceivedMessage): readonly Prepared[] {
    const { value, options } = isResponse(result) ? result : { value: result, options: undefined }
    if (this.#publishers.length === 0) this.#warnOfResult()
    if (options?.noConfirm) throw new FASTSTREAM_ERR_INVALID_OPTION('noConfirm', CONFIRMED)
    if (value === undefined) return []
    // A key function cannot be called with null: the tombstone belongs to the entity that the message is about.
    const tombstoneKey = value === null ? message.rawKey : null
    return this.#publishers.map(({ source, declaration }) => {
      return source.publisherOf(declaration).prepare(value, options, message.correlationId, tombstoneKey)
    })
  }

  /** Once: the mistake is in the declaration, not in the message. */
  #warnOfResult (): void {
    if (this.#warned) return
    this.#warned = true
    const { name, topics, declaration: { scope } } = this
    steady(scope.log).warn({ subscriber: name, topics }, UNUSED)
  }
}
