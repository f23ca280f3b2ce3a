import {
  MemberDelivery, type BatchDelivery, type BatchMember, type Failed
} from '../consume/pipeline/batch-delivery.js'
import type { Failure } from '../consume/pipeline/dead-letter.js'
import type { Delivery } from '../consume/pipeline/delivery.js'
import type { FailureAnswer } from '../consume/pipeline/failure-policy.js'
import type { AttemptMoments, ResultsInScope, SubscriberPlan } from '../consume/pipeline/subscriber-plan.js'
import { FASTSTREAM_ERR_BATCH } from '../errors.js'
import { decisionOf, StopConsume } from '../message/ack.js'
import { BatchError } from '../message/batch-error.js'
import { decode, type Decoded, type IncomingRules } from '../message/decode.js'
import { decodeByRules, hasCodecs, type CodecIncomingRules } from '../message/decode-by-rules.js'
import { FailedRecord } from '../message/failed-record.js'
import type { Prepared } from '../message/outgoing.js'
import { FirstMessage, ReceivedBatch } from '../message/received-batch.js'
import { ReceivedMessage, type MessageSource } from '../message/received-message.js'
import { FirstRecord } from '../message/received-record.js'
import { aroundAttempts } from '../middleware/attempt.js'
import { aroundHandler } from '../middleware/consume-chain.js'
import { answerOf, askErrorHandlers, type ScopedErrorHandler } from '../middleware/error-handler.js'
import { toError } from '../to-error.js'
import { prepareResults } from './batch-results.js'
import type { Handler } from './declaration.js'
import type { SubscriberSettings } from './plan.js'
import type { CompiledSubscriber } from './subscriber.js'

/** A batch as far as it was decoded. */
export interface DecodedBatch {
  readonly delivery: BatchDelivery
  /** undefined: none of its messages could be decoded. */
  readonly batch: ReceivedBatch | undefined
}

/** Parts of a compiled subscriber that only itself has. */
export interface BatchSource {
  readonly handler: Handler
  readonly rules: IncomingRules
  readonly source: MessageSource
  readonly errorHandlers: readonly ScopedErrorHandler[]
}

/** Its settings are its own members, for the pipeline reads some of them for each batch. */
export interface CompiledBatches extends SubscriberSettings {}

/**
 * The plan of a subscriber of batches: what its pipeline does with each. The first message stands for a batch where
 * there can be only one of something.
 */
export class CompiledBatches implements SubscriberPlan<DecodedBatch> {
  readonly around: ((delivery: Delivery) => AttemptMoments) | undefined
  readonly onFailure: SubscriberPlan<DecodedBatch>['onFailure']
  readonly findsTopic: SubscriberPlan['findsTopic']
  readonly #subscriber: CompiledSubscriber
  readonly #means: BatchSource
  /** The handler within its middlewares. */
  readonly #handler: (first: FirstMessage) => unknown

  constructor (settings: SubscriberSettings, subscriber: CompiledSubscriber, means: BatchSource) {
    Object.assign(this, settings)
    const { middlewares, declaration: { scope } } = settings
    const { handler } = means
    const around = aroundAttempts(middlewares)
    this.around = around && ((delivery) => around(firstRecordOf(means.source, delivery)))
    this.findsTopic = subscriber.findsTopic
    this.#subscriber = subscriber
    this.#means = means
    this.#handler = aroundHandler(middlewares, ({ batch }: FirstMessage) => {
      return handler.call(scope, batch!.messages.map(({ value }) => value), batch!)
    })
    this.onFailure = means.errorHandlers.length === 0 ? undefined : (...failed) => this.#askErrorHandlers(...failed)
  }

  deadLetterTopic (topic: string): string | undefined {
    return this.#subscriber.deadLetterTopic(topic)
  }

  isDeadLetterOf (topic: string, origin: string): boolean {
    return this.#subscriber.isDeadLetterOf(topic, origin)
  }

  writtenTopics (): readonly string[] {
    return this.#subscriber.writtenTopics()
  }

  /** Decodes all messages: those that cannot be handled are set aside. */
  decode (delivery: BatchDelivery): DecodedBatch | PromiseLike<DecodedBatch> {
    const { rules } = this.#means
    if (hasCodecs(rules)) return this.#decodeByRules(delivery, rules)
    return this.#gather(delivery, delivery.members.map((member) => {
      try {
        return decode(member.delivery.record, rules)
      } catch (thrown) {
        return failureOf(member, thrown)
      }
    }))
  }

  async #decodeByRules (delivery: BatchDelivery, rules: CodecIncomingRules): Promise<DecodedBatch> {
    return this.#gather(delivery, await Promise.all(delivery.members.map(async (member) => {
      try {
        return await decodeByRules(new MemberDelivery(delivery, member.delivery), rules)
      } catch (thrown) {
        // A wish to get the message again, or to stop, is one about the whole batch.
        if (thrown instanceof StopConsume || decisionOf(thrown)?.kind === 'nack') throw thrown
        return failureOf(member, thrown)
      }
    })))
  }

  #gather (delivery: BatchDelivery, all: ReadonlyArray<Decoded | Failed>): DecodedBatch {
    // What was decoded when the time was over says nothing about the messages.
    if (delivery.aborted !== undefined) throw delivery.aborted
    const { source } = this.#means
    const failed: Failed[] = []
    const messages: ReceivedMessage[] = []
    let first: FirstMessage | undefined
    for (const [i, decoded] of all.entries()) {
      if ('member' in decoded) {
        failed.push(decoded)
        continue
      }
      const member = new MemberDelivery(delivery, delivery.members[i]!.delivery)
      if (first === undefined) first = new FirstMessage(source, member, decoded)
      else messages.push(new ReceivedMessage(source, member, decoded))
    }
    if (failed.length > 0) delivery.setAside(failed)
    // Without a message there is no call, and nothing to wait for.
    if (first === undefined) delivery.decide({ kind: 'ack' })
    return { delivery, batch: first && new ReceivedBatch(first, messages) }
  }

  handle ({ delivery, batch }: DecodedBatch): unknown {
    return batch === undefined ? undefined : this.#handle(delivery, batch)
  }

  async #handle (delivery: BatchDelivery, batch: ReceivedBatch): Promise<unknown> {
    const { deps, name } = this
    const first = ReceivedBatch.firstOf(batch)
    try {
      if (deps.size > 0) {
        await ReceivedMessage.inject(first, deps)
        ReceivedMessage.throwIfAborted(first)
      }
      return await this.#handler(first)
    } catch (thrown) {
      // A decision that was made, and a time that is over, concern all messages.
      if (!(thrown instanceof BatchError) || (delivery.decision ?? delivery.aborted) !== undefined) throw thrown
      const { index, cause = thrown } = thrown
      if (index >= batch.messages.length) {
        const cure = `name one of its ${batch.messages.length} messages in BatchError, not message ${index}`
        throw new FASTSTREAM_ERR_BATCH(name, cure, { cause: thrown })
      }
      delivery.blame(index)
      throw cause
    }
  }

  release ({ batch }: DecodedBatch, failure?: { readonly error: unknown }): Promise<void> | undefined {
    return batch && ReceivedMessage.release(ReceivedBatch.firstOf(batch), failure)
  }

  prepare (results: unknown, { delivery, batch }: DecodedBatch): readonly Prepared[] | Promise<ResultsInScope> {
    return prepareResults(results, { subscriber: this.#subscriber, delivery, messages: batch!.messages })
  }

  async #askErrorHandlers (
    { stage, error, at: now }: Failure, delivery: Delivery, decoded: DecodedBatch | undefined
  ): Promise<FailureAnswer | undefined> {
    const { source, errorHandlers } = this.#means
    const [own = delivery] = delivery.parts
    const message = decoded?.batch?.messages.find(({ offset }) => offset === own.record.offset)
    const failed = new FailedRecord(source, new MemberDelivery(delivery, own), stage, message)
    const decision = await askErrorHandlers(errorHandlers, error, failed)
    if (decision === undefined) return undefined
    return answerOf(decision, { now, reply: (value) => this.#subscriber.prepare(value, failed) })
  }
}

function failureOf (member: BatchMember, thrown: unknown): Failed {
  return { member, step: 'decode', error: toError(thrown) }
}

function firstRecordOf (source: MessageSource, delivery: Delivery): FirstRecord {
  const [first = delivery, ...others] = delivery.parts.map((part) => new MemberDelivery(delivery, part))
  return new FirstRecord(source, first, () => others)
}
