import type { Clock } from '../../clock.js'
import { inOwnContext } from '../../context.js'
import { FASTSTREAM_ERR_INVALID_OPTION } from '../../errors.js'
import type { Log } from '../../log.js'
import type { Producer } from '../../produce/producer.js'
import type { LastError } from '../group/group-state.js'
import type { LaneSlot } from '../partition/lanes.js'
import type { Failure } from './dead-letter.js'
import type { Delivery } from './delivery.js'
import { FailurePolicy, type Consequence } from './failure-policy.js'
import { HandlerDeadlines } from './handler-deadlines.js'
import type { Outcome } from './outcome.js'
import { PublishUntilStored } from './publish-until-stored.js'
import { SubscriberReport, type FailureListener } from './report.js'
import { RunOne } from './run-one.js'
import { composeSteps } from './steps.js'
import type { SubscriberPlan, SubscriberSettings } from './subscriber-plan.js'

/** A pipeline for those who do not know the type of its message: all of the core but the pipeline and its plan. */
export interface ErasedPipeline {
  readonly plan: SubscriberSettings
  /** Attempts that timed out and still run, also when their partition was revoked. */
  readonly late: Iterable<Delivery>
  readonly lastError: LastError | undefined
  /** Handles a record until its outcome is known: all attempts, the waits between them, and the dead letter. Never rejects. */
  run (delivery: Delivery, slot: LaneSlot): Promise<Outcome>
  /** Aborts all running attempts: their messages are redelivered, whatever their handlers still do. */
  giveUp (reason: string): void
}

/** The way of a subscriber's messages: decode, handle, publish the result; after a failure what the policy says. */
export class Pipeline<Message = unknown> implements ErasedPipeline {
  readonly plan: SubscriberSettings
  readonly #report: SubscriberReport
  readonly #publisher: PublishUntilStored
  readonly #deadlines: HandlerDeadlines
  readonly #one: RunOne<Message>

  /** `policy`: a plan's own way to deal with failures, @default its `ackPolicy`, `retry` and `deadLetter` */
  constructor (plan: SubscriberPlan<Message>, producer: Producer, environment: { clock: Clock, log: Log, onFailure?: FailureListener | undefined }, policy?: FailurePolicy) {
    const { clock } = environment
    const report = new SubscriberReport(plan, environment)
    this.plan = plan
    this.#report = report
    this.#publisher = new PublishUntilStored(plan, producer, report)
    this.#deadlines = new HandlerDeadlines(plan.handlerTimeout, clock, (delivery) => { report.late(delivery) })
    this.#one = new RunOne({
      steps: composeSteps(plan),
      policy: policy ?? new FailurePolicy(plan, (error) => { report.retryOnThrew(error) }),
      publisher: this.#publisher,
      deadlines: this.#deadlines,
      report,
      clock
    })
  }

  get late (): Iterable<Delivery> {
    return this.#deadlines.late
  }

  get lastError (): LastError | undefined {
    return this.#report.lastError
  }

  giveUp (reason: string): void {
    this.#deadlines.giveUp(reason)
  }

  async run (first: Delivery, slot: LaneSlot): Promise<Outcome> {
    let delivery = first
    let result = await this.#one.run(delivery, slot)
    while (result.kind === 'failed') {
      const { failure, consequence } = result
      if (consequence.kind !== 'again') return await this.#end(delivery, failure, consequence, slot) ? 'settled' : 'unsettled'
      this.#report.retries(delivery, failure, consequence.delay)
      if (!await slot.wait(consequence.delay)) return 'unsettled'
      delivery = delivery.next()
      result = await this.#one.run(delivery, slot, failure.firstAt)
    }
    return result.outcome
  }

  /** Carries out what the last failure leads to; resolves to whether the message is settled. */
  async #end (delivery: Delivery, failure: Failure, consequence: Exclude<Consequence, { kind: 'again' }>, slot: LaneSlot): Promise<boolean> {
    switch (consequence.kind) {
      case 'acknowledge':
        this.#report.acknowledgedInSpiteOf(failure, delivery)
        return true
      case 'discard':
        this.#report.discarded(delivery, failure)
        return true
      case 'forward':
        return await this.#publisher.forward(consequence.outgoing, delivery, slot)
      case 'dead-letter': {
        const { topic } = consequence
        const stored = await this.#publisher.deadLetter(topic, delivery, failure, slot)
        if (stored) this.#report.deadLettered(delivery, failure, topic)
        return stored
      }
    }
  }
}
