import { within, type Clock } from '../../clock.js'
import { FASTSTREAM_ERR_HANDLER_TIMEOUT } from '../../errors.js'
import type { Decision } from '../../message/ack.js'
import { toError } from '../../to-error.js'
import type { LaneSlot } from '../partition/lanes.js'
import type { Failure } from './dead-letter.js'
import type { Delivery } from './delivery.js'
import type { Consequence, FailureAnswer, FailurePolicy, Step, Verdict } from './failure-policy.js'
import type { HandlerDeadlines } from './handler-deadlines.js'
import type { Outcome } from './outcome.js'
import type { PublishUntilStored } from './publish-until-stored.js'
import type { SubscriberReport } from './report.js'
import type { MessageSteps } from './subscriber-plan.js'

/** Result of an attempt. */
export type AttemptResult = DoneAttempt | FailedAttempt

export interface DoneAttempt {
  readonly kind: 'done'
  readonly outcome: Outcome
  /** Reason for an outcome that is no success. */
  readonly error?: Error | undefined
}

export interface FailedAttempt {
  readonly kind: 'failed'
  readonly failure: Failure
  readonly consequence: Consequence
}

/** Error of a step, and the message as far as it was decoded. */
interface Thrown<Message> {
  readonly step: Step
  readonly error: Error
  readonly message?: Message | undefined
}

export interface FailureParts<Message> {
  readonly steps: Pick<MessageSteps<Message>, 'onFailure' | 'replies'>
  readonly policy: FailurePolicy
  readonly publisher: PublishUntilStored
  readonly deadlines: HandlerDeadlines
  readonly report: SubscriberReport
  readonly clock: Clock
  /** Time of the error handlers, ms. */
  readonly handlerTimeout: number
}

type Reply = Extract<FailureAnswer, { kind: 'reply' }>

/** What becomes of a failed attempt: as the app's error handlers decide, else as the policy says. */
export class Failures<Message> {
  readonly #parts: FailureParts<Message>

  constructor (parts: FailureParts<Message>) {
    this.#parts = parts
  }

  /** Takes a handler's own decision against its message. */
  decided (decision: Exclude<Decision, { kind: 'ack' }>, delivery: Delivery, firstAt?: number): AttemptResult {
    const { policy, report } = this.#parts
    const result = this.#result(policy.decided(decision, delivery), decision.error, delivery, firstAt)
    // A nack is the handler's wish, not its failure.
    if (decision.kind === 'reject') report.failed(delivery, result.failure)
    return result
  }

  async failed (
    { step, error, message }: Thrown<Message>, delivery: Delivery, slot: LaneSlot, firstAt?: number
  ): Promise<AttemptResult> {
    const { steps, policy, report } = this.#parts
    const result = this.#result(policy.thrown(step, error, delivery), error, delivery, firstAt)
    report.failed(delivery, result.failure)
    // Without the right that is missing the next message would fail alike.
    if (steps.onFailure === undefined || result.consequence.kind === 'stop') return result
    const answer = await this.#ask(steps.onFailure(result.failure, delivery, message), delivery)
    if (delivery.givenUp) return { kind: 'done', outcome: 'unsettled', error }
    if (answer === undefined) return result
    report.answered(delivery, result.failure, answer.kind)
    if (answer.kind === 'reply') return await this.#reply(answer, error, delivery, slot)
    return { ...result, consequence: policy.answered(answer, delivery) }
  }

  /** Resolves to what the error handlers say, if they do so in time. */
  async #ask (asked: Promise<FailureAnswer | undefined>, delivery: Delivery): Promise<FailureAnswer | undefined> {
    const { clock, deadlines, report, handlerTimeout } = this.#parts
    try {
      if (await deadlines.end(delivery, within(clock, handlerTimeout, asked))) return await asked
      throw new FASTSTREAM_ERR_HANDLER_TIMEOUT(handlerTimeout)
    } catch (thrown) {
      if (!delivery.givenUp) report.errorHandlerFailed(delivery, toError(thrown))
      return undefined
    }
  }

  /** Publishes the reply as the handler's result. If that fails, the policy judges: no handler is asked again. */
  async #reply ({ prepared, value }: Reply, error: Error, delivery: Delivery, slot: LaneSlot): Promise<AttemptResult> {
    const { steps, policy, publisher, report } = this.#parts
    try {
      const stored = await publisher.results(prepared(), delivery, slot)
      if (stored) await steps.replies?.reply(value, delivery)
      return { kind: 'done', outcome: stored ? 'settled' : 'unsettled', error }
    } catch (thrown) {
      const refusal = toError(thrown)
      const result = this.#result(policy.thrown('publish', refusal, delivery), refusal, delivery)
      report.failed(delivery, result.failure)
      return result
    }
  }

  #result ({ stage, consequence }: Verdict, error: Error, { attempt }: Delivery, firstAt?: number): FailedAttempt {
    const at = this.#parts.clock.now()
    return { kind: 'failed', failure: { stage, error, attempts: attempt, firstAt: firstAt ?? at, at }, consequence }
  }
}
