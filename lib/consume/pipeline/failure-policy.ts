import { FASTSTREAM_ERR_INVALID_OPTION } from '../../errors.js'
import type { AckPolicy } from '../../../types/index.js'
import type { Outgoing, Prepared } from '../../message/outgoing.js'
import type { Decision } from '../../message/ack.js'
import { isNotAuthorized } from '../../missing-rights.js'
import { backoff } from './backoff.js'
import type { Stage } from './dead-letter.js'
import type { Delivery } from './delivery.js'
import type { ResultsInScope, SubscriberSettings } from './subscriber-plan.js'

/** The step of an attempt that threw. */
export type Step = 'decode' | 'handle' | 'publish'

/**
 * Decision after a failure.
 *
 * - `again`: the handler runs again after `delay` ms, in the same lane.
 * - `forward`: `outgoing` is published, then the message is settled.
 * - `dead-letter`: the message is moved to the dead-letter topic, then it is settled.
 * - `discard`: the message is settled; its topic has no dead-letter topic.
 * - `acknowledge`: the message is settled as if it had succeeded; `decided`: because an error handler said so.
 * - `stop`: the subscriber stops, and the message stays unsettled.
 */
export type Consequence =
  { readonly kind: 'again', readonly delay: number } |
  { readonly kind: 'forward', readonly outgoing: Outgoing } |
  { readonly kind: 'dead-letter', readonly topic: string } |
  { readonly kind: 'discard' } |
  { readonly kind: 'acknowledge', readonly decided?: boolean } |
  { readonly kind: 'stop' }

/** Decision of the app's error handlers after a failure. */
export type FailureAnswer =
  { readonly kind: 'retry', readonly delay: number | undefined } |
  { readonly kind: 'forward', readonly outgoing: Outgoing } |
  { readonly kind: 'dead-letter' } |
  { readonly kind: 'acknowledge' } |
  {
    readonly kind: 'reply'
    readonly value: unknown
    /** What the value is published as. */
    readonly prepared: () => readonly Prepared[] | Promise<ResultsInScope>
  }

/** A failure's stage, as dead letters name it, and what it leads to. */
export interface Verdict {
  readonly stage: Stage
  readonly consequence: Consequence
}

/** Rules of one `ackPolicy`. */
interface AckRules {
  /** Moment at which a message is acknowledged when its handler decides nothing. */
  readonly acknowledges: 'before' | 'after' | 'by-hand'
  /** Number of retries of a handler that throws: `counted` is `retry.retries`. */
  readonly retries: 'none' | 'counted' | 'unlimited'
  /** Decision for a message whose handler failed for the last time, or whose result is refused. */
  readonly finally: 'acknowledge' | 'dead-letter'
}

/** The only place that interprets `ackPolicy`. */
const ACK_RULES: { readonly [Policy in AckPolicy]: AckRules } = {
  ACK_FIRST: { acknowledges: 'before', retries: 'none', finally: 'acknowledge' },
  ACK: { acknowledges: 'after', retries: 'none', finally: 'acknowledge' },
  REJECT_ON_ERROR: { acknowledges: 'after', retries: 'counted', finally: 'dead-letter' },
  NACK_ON_ERROR: { acknowledges: 'after', retries: 'unlimited', finally: 'dead-letter' },
  MANUAL: { acknowledges: 'by-hand', retries: 'unlimited', finally: 'dead-letter' }
}

const ACKNOWLEDGE: Consequence = { kind: 'acknowledge' }
const DISCARD: { readonly kind: 'discard' } = { kind: 'discard' }
const STOP: Consequence = { kind: 'stop' }

/** Decides what a failed attempt leads to: the plan's `ackPolicy`, `retry` and `deadLetter`. */
export class FailurePolicy {
  readonly #plan: SubscriberSettings
  readonly #rules: AckRules
  readonly #onRetryOnError: (error: unknown, delivery: Delivery) => void

  /** `onRetryOnError` is told what `retry.retryOn` throws, which counts as a yes. */
  constructor (plan: SubscriberSettings, onRetryOnError: (error: unknown, delivery: Delivery) => void) {
    this.#plan = plan
    this.#rules = ACK_RULES[plan.ackPolicy]
    this.#onRetryOnError = onRetryOnError
  }

  /** Moment at which a message is acknowledged when its handler decides nothing. */
  get acknowledges (): AckRules['acknowledges'] {
    return this.#rules.acknowledges
  }

  /** The verdict on an error that `step` has thrown. */
  thrown (step: Step, error: Error, delivery: Delivery): Verdict {
    const { topic, attempt } = delivery
    // A codec that got no answer in time says nothing about its message.
    if (step === 'decode' && error !== delivery.aborted) {
      return { stage: isInvalid(error) ? 'validate' : 'deserialize', consequence: this.deadLetter(topic) }
    }
    if (this.#lacksDeclaredRight(step, error)) {
      return { stage: step === 'publish' ? 'publish' : 'handler', consequence: STOP }
    }
    if (step !== 'publish' && this.#isAgain(error, delivery)) {
      return { stage: 'handler', consequence: this.#again(attempt) }
    }
    return {
      stage: step === 'publish' ? 'publish' : 'retries-exhausted',
      consequence: this.#rules.finally === 'acknowledge' ? ACKNOWLEDGE : this.deadLetter(topic)
    }
  }

  /** The verdict on a handler's own decision against its message. */
  decided (decision: Exclude<Decision, { kind: 'ack' }>, { topic, attempt }: Delivery): Verdict {
    if (decision.kind === 'reject') return { stage: 'rejected', consequence: this.deadLetter(topic) }
    return { stage: 'handler', consequence: this.#again(attempt, decision.delay) }
  }

  /**
   * True when the next message would fail alike, and this one is not at fault: the cluster refuses a topic that the
   * app has declared. A handler may have taken the name of another topic from its message.
   */
  #lacksDeclaredRight (step: Step, error: Error): boolean {
    if (!isNotAuthorized(error)) return false
    if (step === 'publish') return true
    const written = this.#plan.writtenTopics()
    // A right on the cluster is refused where the app may write to no topic at all.
    return error.rights.some(({ resource, name }) => (
      resource === 'topic' ? written.includes(name) : written.length > 0))
  }

  /** What an error handler's decision leads to, whatever the policy would say. */
  answered (answer: Exclude<FailureAnswer, { kind: 'reply' }>, { topic, attempt }: Delivery): Consequence {
    switch (answer.kind) {
      case 'retry': return this.#again(attempt, answer.delay)
      case 'forward': return answer
      case 'dead-letter': return this.deadLetter(topic)
      case 'acknowledge': return { kind: 'acknowledge', decided: true }
    }
  }

  #again (attempt: number, delay = backoff(this.#plan.retry, attempt)): Consequence {
    return { kind: 'again', delay }
  }

  /** Where a message goes that can never be handled. */
  deadLetter (origin: string): Extract<Consequence, { kind: 'dead-letter' | 'discard' }> {
    const topic = this.#plan.deadLetterTopic(origin)
    return topic === undefined ? DISCARD : { kind: 'dead-letter', topic }
  }

  #isAgain (error: Error, delivery: Delivery): boolean {
    const { retry } = this.#plan
    const { retries } = this.#rules
    if (retries === 'none' || (retries === 'counted' && delivery.attempt > retry.retries)) return false
    try {
      const again: unknown = retry.retryOn(error)
      if (typeof again === 'boolean') return again
      const cure = `must return true or false, and returned a value of type ${typeof again}`
      throw new FASTSTREAM_ERR_INVALID_OPTION('retry.retryOn', cure)
    } catch (err) {
      this.#onRetryOnError(err, delivery)
      return true
    }
  }
}

function isInvalid (error: Error): boolean {
  return 'code' in error && error.code === 'FASTSTREAM_ERR_VALIDATION'
}
