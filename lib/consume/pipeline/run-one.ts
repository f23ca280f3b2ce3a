import { FASTSTREAM_ERR_HANDLER_ABORTED } from '../../errors.js'
import { isPromise } from '../../is-promise.js'
import { toError } from '../../to-error.js'
import type { LaneSlot } from '../partition/lanes.js'
import { AckMessage, decisionOf, SkipMessage, StopConsume, type Decision } from '../../message/ack.js'
import type { Prepared } from '../../message/outgoing.js'
import type { Delivery } from './delivery.js'
import { Failures, type AttemptResult, type DoneAttempt, type FailureParts } from './failures.js'
import type { Step } from './failure-policy.js'
import { publishResults, waitForFirst } from './overlap.js'
import type { AttemptMoments, MessageSteps, Replies } from './subscriber-plan.js'

const SETTLED: DoneAttempt = { kind: 'done', outcome: 'settled' }
const UNSETTLED: DoneAttempt = { kind: 'done', outcome: 'unsettled' }

const ACK: Decision = { kind: 'ack' }

export interface RunOneParts<Message> extends FailureParts<Message> {
  readonly steps: MessageSteps<Message>
}

/** One attempt at one record: decode, handle, clean up, publish the result. */
export class RunOne<Message> {
  readonly #parts: RunOneParts<Message>
  readonly #failures: Failures<Message>

  constructor (parts: RunOneParts<Message>) {
    this.#parts = parts
    this.#failures = new Failures(parts)
  }

  /** `firstAt`: when the first attempt failed, ms since the epoch. Never rejects. */
  run (delivery: Delivery, slot: LaneSlot, firstAt?: number): Promise<AttemptResult> {
    const { around } = this.#parts.steps
    if (delivery.results !== undefined) return this.#publishAgain(delivery.results, delivery, slot, firstAt)
    if (around === undefined) return this.#attempt(delivery, slot, firstAt)
    return this.#runWithin(around(delivery), delivery, slot, firstAt)
  }

  async #attempt (delivery: Delivery, slot: LaneSlot, firstAt?: number): Promise<AttemptResult> {
    const { steps, policy, deadlines } = this.#parts
    let step: Step = 'decode'
    let message: Message | undefined
    try {
      const decoding = steps.decode(delivery)
      message = isPromise(decoding) ? await deadlines.watch(delivery, decoding) : decoding
      if (delivery.aborted !== undefined) throw delivery.aborted
      if (policy.acknowledges === 'before' && delivery.decide(ACK)) slot.settle()
      step = 'handle'
      let result: unknown
      let ending: Promise<unknown> | undefined
      // Written out here: each async function in between would cost every message a tenth of a microsecond.
      try {
        const returned = steps.handle(message)
        if (isPromise(returned)) deadlines.begin(delivery)
        result = isPromise(returned) ? await returned : returned
        // An aborted attempt has failed even if its handler returned: it may have stopped half-way.
        if (delivery.aborted !== undefined) throw delivery.aborted
      } catch (thrown) {
        result = undefined
        ending = this.#threw(thrown, message, delivery, slot)
      } finally {
        deadlines.finish(delivery)
      }
      ending ??= this.#returned(message, delivery, slot)
      if (ending !== undefined) await ending
      const { decision } = delivery
      const isAgainst = decision !== undefined && decision.kind !== 'ack'
      if (steps.overlaps === true && (isAgainst || result === undefined)) await waitForFirst(delivery, slot)
      if (isAgainst) return this.#failures.decided(decision, delivery, firstAt)
      step = 'publish'
      if (result !== undefined) {
        const results = steps.prepare(result, message)
        if (!await publishResults(this.#parts, results, delivery, slot)) return unstored()
      }
      if (steps.replies !== undefined) await this.#answer(steps.replies, result, delivery, slot)
      const { error } = delivery
      return error === undefined ? SETTLED : { ...SETTLED, error }
    } catch (caught) {
      delivery.end()
      if (delivery.givenUp) return { ...UNSETTLED, error: toError(caught) }
      if (steps.overlaps === true && await slot.first?.() === false) return { ...UNSETTLED, error: toError(caught) }
      // A codec that is aborted rejects with an error of its own.
      const thrown: unknown = step === 'decode' ? delivery.aborted ?? caught : caught
      if (thrown instanceof StopConsume) return this.#stops(thrown, delivery, slot)
      const decision = step === 'decode' ? decisionOf(thrown) : undefined
      const error = toError(thrown)
      if (decision !== undefined) return this.#decidedAround(decision, error, delivery, slot, firstAt)
      return await this.#failures.failed({ step, error, message }, delivery, slot, firstAt)
    }
  }

  /** Another attempt at a message whose handler has succeeded, and behind which others may have been handled. */
  async #publishAgain (
    results: readonly Prepared[], delivery: Delivery, slot: LaneSlot, firstAt?: number
  ): Promise<AttemptResult> {
    try {
      return await this.#parts.publisher.results(results, delivery, slot) ? SETTLED : unstored()
    } catch (thrown) {
      return await this.#failures.failed({ step: 'publish', error: toError(thrown) }, delivery, slot, firstAt)
    }
  }

  /** Answers with the result, or with the error of a handler that threw when it had decided. */
  #answer (replies: Replies, result: unknown, delivery: Delivery, slot: LaneSlot): Promise<void> | undefined {
    // What was skipped is not for this handler: another one may answer.
    if (slot.settlement === 'skipped') return undefined
    const { error } = delivery
    return error === undefined ? replies.reply(result, delivery) : replies.refuse(error, delivery)
  }

  /** Runs an attempt within the moments of its middlewares, the last of which comes before the message is settled. */
  async #runWithin (
    moments: AttemptMoments, delivery: Delivery, slot: LaneSlot, firstAt?: number
  ): Promise<AttemptResult> {
    const { deadlines, report } = this.#parts
    let result: AttemptResult
    try {
      await deadlines.watch(delivery, moments.received())
      if (delivery.aborted !== undefined) throw delivery.aborted
      result = await this.#attempt(delivery, slot, firstAt)
    } catch (thrown) {
      result = await this.#threwAround(thrown, delivery, slot, firstAt)
    }
    const { aborted } = delivery
    const error = result.kind === 'failed' ? result.failure.error : result.error ?? delivery.error
    try {
      const processed = moments.processed(error)
      // An attempt that was aborted has no time left: nothing is to be scheduled for it.
      await (aborted === undefined ? deadlines.watch(delivery, processed) : deadlines.end(delivery, processed))
      // The message is redelivered: its next attempt may succeed.
      if (delivery.givenUp && result.kind === 'failed') throw delivery.aborted
      if (error !== undefined || delivery.aborted === aborted) return result
      throw delivery.aborted
    } catch (thrown) {
      // The message is settled, or a decision of its handler stands.
      if (delivery.decision === ACK || delivery.givenUp) return await this.#threwAround(thrown, delivery, slot, firstAt)
      report.threwAfterDecision(delivery, toError(thrown))
      return result
    }
  }

  /** Takes what a middleware threw before or after its attempt: a decision, or a failure as one of the handler. */
  async #threwAround (
    thrown: unknown, delivery: Delivery, slot: LaneSlot, firstAt?: number
  ): Promise<AttemptResult> {
    delivery.end()
    const error = delivery.aborted ?? thrown
    if (delivery.givenUp) return { ...UNSETTLED, error: toError(error) }
    if (error instanceof StopConsume) return this.#stops(error, delivery, slot)
    const decision = decisionOf(error)
    if (decision !== undefined) return this.#decidedAround(decision, toError(error), delivery, slot, firstAt)
    return await this.#failures.failed({ step: 'handle', error: toError(error) }, delivery, slot, firstAt)
  }

  /** Takes a decision that a codec, a decoder, a parser or a middleware has thrown, as a handler may. */
  #decidedAround (
    decision: Decision, error: Error, delivery: Delivery, slot: LaneSlot, firstAt?: number
  ): AttemptResult {
    if (decision.kind !== 'ack') return this.#failures.decided(decision, delivery, firstAt)
    this.#parts.report.done(delivery, error)
    if (error instanceof SkipMessage) slot.settle('skipped')
    return SETTLED
  }

  #stops (error: StopConsume, delivery: Delivery, slot: LaneSlot): AttemptResult {
    if (delivery.decision?.kind === 'ack') slot.settle()
    return { kind: 'done', outcome: 'stop', error }
  }

  /**
   * Decides, cleans up, and waits for a decision by hand. Undefined when there is nothing to wait for. Rejects when the
   * clean-up fails.
   */
  #returned (message: Message, delivery: Delivery, slot: LaneSlot): Promise<unknown> | undefined {
    if (this.#parts.policy.acknowledges !== 'by-hand') delivery.decide(ACK)
    const { decision } = delivery
    const released = this.#release(message, delivery, decision?.kind === 'ack' ? undefined : decision)
    return decision === undefined ? this.#decided(released, delivery, slot) : released
  }

  async #decided (released: Promise<void> | undefined, delivery: Delivery, slot: LaneSlot): Promise<void> {
    await released
    if (delivery.decision !== undefined) return
    slot.awaitsDecision?.()
    await this.#parts.deadlines.watch(delivery, delivery.decided())
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
      if (!(error instanceof SkipMessage)) return
      await waitForFirst(delivery, slot)
      slot.settle('skipped')
    } else if (before !== undefined) {
      delivery.error = toError(error)
      if (before.kind === 'ack') delivery.forgive(delivery.error)
      report.threwAfterDecision(delivery, delivery.error)
    }
  }

  /** Cleans up. After a failure an error of the clean-up itself is dropped here: the log of the dependencies has it. */
  #release (message: Message, delivery: Delivery, failure?: { readonly error: unknown }): Promise<void> | undefined {
    const { steps, deadlines } = this.#parts
    const released = steps.release(message, failure)
    return released && deadlines.end(delivery, failure === undefined ? released : released.catch(() => {}))
  }
}

function unstored (): DoneAttempt {
  return { ...UNSETTLED, error: new FASTSTREAM_ERR_HANDLER_ABORTED('its result could not be published in time') }
}
