import type { Clock } from '../../clock.js'
import { isPromise } from '../../is-promise.js'
import { toError } from '../../to-error.js'
import type { LaneSlot } from '../partition/lanes.js'
import { AckMessage, decisionOf, SkipMessage, StopConsume, type Decision } from '../../message/ack.js'
import type { Failure } from './dead-letter.js'
import type { Delivery } from './delivery.js'
import type { Consequence, FailurePolicy, Step, Verdict } from './failure-policy.js'
import type { HandlerDeadlines } from './handler-deadlines.js'
import type { Outcome } from './outcome.js'
import type { PublishUntilStored } from './publish-until-stored.js'
import type { SubscriberReport } from './report.js'
import type { MessageSteps } from './subscriber-plan.js'

/** Result of an attempt. */
export type AttemptResult = { readonly kind: 'done', readonly outcome: Outcome } | FailedAttempt

interface FailedAttempt {
  readonly kind: 'failed'
  readonly failure: Failure
  readonly consequence: Consequence
}

const SETTLED: AttemptResult = { kind: 'done', outcome: 'settled' }
const UNSETTLED: AttemptResult = { kind: 'done', outcome: 'unsettled' }
const STOP: AttemptResult = { kind: 'done', outcome: 'stop' }

const ACK: Decision = { kind: 'ack' }

export interface RunOneParts<Message> {
  readonly steps: MessageSteps<Message>
  readonly policy: FailurePolicy
  readonly publisher: PublishUntilStored
  readonly deadlines: HandlerDeadlines
  readonly report: SubscriberReport
  readonly clock: Clock
}

/** One attempt at one record: decode, handle, clean up, publish the result. */
export class RunOne<Message> {
  readonly #parts: RunOneParts<Message>

  constructor (parts: RunOneParts<Message>) {
    this.#parts = parts
  }

  /** `firstAt`: when the first attempt failed, ms since the epoch. Never rejects. */
  async run (delivery: Delivery, slot: LaneSlot, firstAt?: number): Promise<AttemptResult> {
    const { steps, policy, publisher, deadlines } = this.#parts
    let step: Step = 'decode'
    try {
      const decoding = steps.decode(delivery)
      const message = isPromise(decoding) ? await deadlines.watch(delivery, decoding) : decoding
      if (delivery.aborted !== undefined) throw delivery.aborted
      if (policy.acknowledges === 'before' && delivery.decide(ACK)) slot.settle()
      step = 'handle'
      const result = await this.#handle(message, delivery, slot)
      const { decision } = delivery
      if (decision !== undefined && decision.kind !== 'ack') return this.#decided(decision, delivery, firstAt)
      if (result === undefined) return SETTLED
      step = 'publish'
      return await publisher.results(steps.prepare(result, message), delivery, slot) ? SETTLED : UNSETTLED
    } catch (caught) {
      delivery.end()
      if (delivery.givenUp) return UNSETTLED
      // A codec that is aborted rejects with an error of its own.
      const thrown: unknown = step === 'decode' ? delivery.aborted ?? caught : caught
      const decision = step === 'decode' ? decisionOf(thrown) : undefined
      if (decision !== undefined) return this.#decidedByDecoder(decision, toError(thrown), delivery, slot, firstAt)
      if (!(thrown instanceof StopConsume)) return this.#failed(step, toError(thrown), delivery, firstAt)
      if (delivery.decision?.kind === 'ack') slot.settle()
      return STOP
    }
  }

  /**
   * Resolves to the handler's result once a decision is made; rejects when the handler or its clean-up failed, or to
   * stop.
   */
  async #handle (message: Message, delivery: Delivery, slot: LaneSlot): Promise<unknown> {
    const { steps, policy, deadlines } = this.#parts
    let result: unknown
    try {
      const returned = steps.handle(message)
      result = isPromise(returned) ? await deadlines.watch(delivery, returned) : returned
      // An aborted attempt has failed even if its handler returned: it may have stopped half-way.
      if (delivery.aborted !== undefined) throw delivery.aborted
    } catch (thrown) {
      await this.#threw(thrown, message, delivery, slot)
      return undefined
    }
    if (policy.acknowledges !== 'by-hand') delivery.decide(ACK)
    const { decision } = delivery
    if (decision !== undefined && decision.kind !== 'ack') {
      await this.#release(message, delivery, decision)
      return undefined
    }
    const released = this.#release(message, delivery)
    if (released !== undefined) await released
    if (delivery.decision === undefined) {
      slot.awaitsDecision?.()
      await deadlines.watch(delivery, delivery.decided())
    }
    return result
  }

  /**
   * Takes what a handler threw: as a decision where it is one, else as a failure, with which it rejects. An earlier
   * decision stands. What was created for the message is cleaned up in each case.
   */
  async #threw (thrown: unknown, message: Message, delivery: Delivery, slot: LaneSlot): Promise<void> {
    const { report } = this.#parts
    const { aborted, decision: before } = delivery
    const error = aborted ?? thrown
    const decision = before ?? decisionOf(error)
    if (decision !== undefined) delivery.decide(decision)
    delivery.end()
    const isDone = decision?.kind === 'ack' && (error instanceof AckMessage || error instanceof StopConsume)
    await this.#release(message, delivery, isDone ? undefined : { error })
    if (delivery.givenUp || decision === undefined || error instanceof StopConsume) throw error
    if (isDone) {
      report.done(delivery, error)
      if (error instanceof SkipMessage) slot.settle('skipped')
    } else if (before !== undefined) report.threwAfterDecision(delivery, toError(error))
  }

  /** Cleans up. After a failure an error of the clean-up itself is dropped here: the log of the dependencies has it. */
  #release (message: Message, delivery: Delivery, failure?: { readonly error: unknown }): Promise<void> | undefined {
    const { steps, deadlines } = this.#parts
    const released = steps.release(message, failure)
    return released && deadlines.end(delivery, failure === undefined ? released : released.catch(() => {}))
  }

  /** Takes a decision that a codec, a decoder or a parser has thrown, as a handler may. */
  #decidedByDecoder (
    decision: Decision, error: Error, delivery: Delivery, slot: LaneSlot, firstAt?: number
  ): AttemptResult {
    if (decision.kind !== 'ack') return this.#decided(decision, delivery, firstAt)
    this.#parts.report.done(delivery, error)
    if (error instanceof SkipMessage) slot.settle('skipped')
    return SETTLED
  }

  #decided (decision: Exclude<Decision, { kind: 'ack' }>, delivery: Delivery, firstAt?: number): AttemptResult {
    const { policy, report } = this.#parts
    const result = this.#result(policy.decided(decision, delivery), decision.error, delivery, firstAt)
    // A nack is the handler's wish, not its failure.
    if (decision.kind === 'reject') report.failed(delivery, result.failure)
    return result
  }

  #failed (step: Step, error: Error, delivery: Delivery, firstAt?: number): AttemptResult {
    const { policy, report } = this.#parts
    const result = this.#result(policy.thrown(step, error, delivery), error, delivery, firstAt)
    report.failed(delivery, result.failure)
    return result
  }

  #result ({ stage, consequence }: Verdict, error: Error, { attempt }: Delivery, firstAt?: number): FailedAttempt {
    const at = this.#parts.clock.now()
    return { kind: 'failed', failure: { stage, error, attempts: attempt, firstAt: firstAt ?? at, at }, consequence }
  }
}
