import type { BreakerHealth } from '../../../types/index.js'
import type { Clock } from '../../clock.js'
import { inOwnContext } from '../../context.js'
import { isNotAuthorized } from '../../missing-rights.js'
import type { Outgoing } from '../../message/outgoing.js'
import { isForAnotherGroup } from '../../message/redrive-headers.js'
import type { Producer } from '../../produce/producer.js'
import { toError } from '../../to-error.js'
import type { TopicPartition } from '../../transport/transport.js'
import type { Environment } from '../environment.js'
import type { LastError } from '../group/group-state.js'
import type { LaneSlot } from '../partition/lanes.js'
import { Breaker } from './breaker.js'
import type { Failure } from './dead-letter.js'
import type { Delivery } from './delivery.js'
import { FailurePolicy, type Consequence } from './failure-policy.js'
import type { AttemptResult } from './failures.js'
import { HandlerDeadlines } from './handler-deadlines.js'
import type { Outcome } from './outcome.js'
import { PublishUntilStored } from './publish-until-stored.js'
import { SubscriberReport } from './report.js'
import { RunOne } from './run-one.js'
import type { Replies, SubscriberPlan, SubscriberSettings } from './subscriber-plan.js'
import { traceAttempt } from './trace.js'

/** A pipeline for those who do not know the type of its message: all of the core but the pipeline and its plan. */
export interface ErasedPipeline {
  readonly plan: SubscriberSettings
  /** Attempts that timed out and still run, also when their partition was revoked. */
  readonly late: Iterable<Delivery>
  readonly lastError: LastError | undefined
  /** The storm breaker while it is open. */
  readonly breaker?: BreakerHealth | undefined
  /** Tells the partitions of a generation. */
  assigned? (partitions: readonly TopicPartition[]): void
  /**
   * Handles a record until its outcome is known: all attempts, the waits between them, and the dead letter. Never
   * rejects.
   */
  run (delivery: Delivery, slot: LaneSlot): Promise<Outcome>
  /** Aborts all running attempts: their messages are redelivered, whatever their handlers still do. */
  giveUp (reason: string): void
}

type FinalConsequence = Exclude<Consequence, { kind: 'again' }>

/** The way of a subscriber's messages: decode, handle, publish the result; after a failure what the policy says. */
export class Pipeline<Message = unknown> implements ErasedPipeline {
  readonly plan: SubscriberSettings
  readonly #clock: Clock
  readonly #report: SubscriberReport
  readonly #publisher: PublishUntilStored
  readonly #deadlines: HandlerDeadlines
  readonly #policy: FailurePolicy
  readonly #one: RunOne<Message>
  readonly #replies: Replies | undefined
  readonly #breaker: Breaker | undefined

  /** `policy`: a plan's own way to deal with failures, @default its `ackPolicy`, `retry` and `deadLetter` */
  constructor (plan: SubscriberPlan<Message>, producer: Producer, environment: Environment, policy?: FailurePolicy) {
    const { clock } = environment
    const report = new SubscriberReport(plan, environment)
    this.plan = plan
    this.#clock = clock
    this.#report = report
    this.#publisher = new PublishUntilStored(plan, producer, report)
    this.#deadlines = new HandlerDeadlines(plan.handlerTimeout, clock, (delivery) => { report.late(delivery) })
    this.#replies = plan.replies
    this.#policy = policy ?? new FailurePolicy(plan, (...thrown) => { report.retryOnThrew(...thrown) })
    this.#breaker = plan.breaker === false ? undefined : new Breaker(plan.breaker, clock, report)
    this.#one = new RunOne({
      steps: plan,
      policy: this.#policy,
      publisher: this.#publisher,
      deadlines: this.#deadlines,
      report,
      clock,
      handlerTimeout: plan.handlerTimeout
    })
  }

  get late (): Iterable<Delivery> {
    return this.#deadlines.late
  }

  get lastError (): LastError | undefined {
    return this.#report.lastError
  }

  get breaker (): BreakerHealth | undefined {
    return this.#breaker?.health
  }

  assigned (partitions: readonly TopicPartition[]): void {
    this.#breaker?.assigned(partitions)
  }

  giveUp (reason: string): void {
    this.#deadlines.giveUp(reason)
  }

  run (delivery: Delivery, slot: LaneSlot): Promise<Outcome> {
    if (isForAnotherGroup(delivery.record, this.plan)) return leftOut(slot)
    return this.#report.tellsCompleted ? this.#runAndTell(delivery, slot) : this.#run(delivery, slot)
  }

  async #runAndTell (delivery: Delivery, slot: LaneSlot): Promise<Outcome> {
    const began = this.#clock.elapsed()
    const outcome = await this.#run(delivery, slot)
    if (outcome === 'settled') slot.settle()
    this.#report.completed(delivery, slot.settlement, this.#clock.elapsed() - began)
    return outcome
  }

  async #run (first: Delivery, slot: LaneSlot): Promise<Outcome> {
    const breaker = this.#breaker
    const turn = breaker?.turn(first, slot)
    if (turn !== undefined && !await turn) return 'unsettled'
    let delivery = first
    let result = await this.#attempt(delivery, slot)
    while (result.kind === 'failed') {
      const { failure, consequence } = result
      if (breaker?.failed(delivery, slot, result) !== true) {
        if (consequence.kind !== 'again') return await this.#endOrStop(delivery, failure, consequence, slot)
        this.#report.retries(delivery, failure, consequence.delay)
        if (!await slot.wait(consequence.delay, true)) return 'unsettled'
      }
      const turn = breaker?.turn(delivery, slot)
      if (turn !== undefined && !await turn) return 'unsettled'
      const next = delivery = delivery.next()
      result = await inOwnContext(() => this.#attempt(next, slot, failure.firstAt))
    }
    breaker?.ended(delivery, slot, result.outcome)
    return result.outcome
  }

  #attempt (delivery: Delivery, slot: LaneSlot, firstAt?: number): Promise<AttemptResult> {
    const report = this.#report
    report.started(delivery)
    const { around, isTraced, tellsEnded } = report
    if (!isTraced && !tellsEnded) return this.#one.run(delivery, slot, firstAt)
    const attempt = (): Promise<AttemptResult> => this.#one.run(delivery, slot, firstAt)
    const traced = isTraced ? () => traceAttempt(report.contextOf(delivery), attempt, around) : attempt
    return tellsEnded ? this.#runTimed(delivery, traced) : traced()
  }

  async #runTimed (delivery: Delivery, attempt: () => Promise<AttemptResult>): Promise<AttemptResult> {
    const began = this.#clock.elapsed()
    const running = attempt()
    const blocked = this.#clock.elapsed() - began
    const result = await running
    this.#report.ended(delivery, result, { duration: this.#clock.elapsed() - began, blocked })
    return result
  }

  /** Works as `#end`, and stops the subscriber without the right to publish a dead letter or a forwarded message. */
  async #endOrStop (
    delivery: Delivery, failure: Failure, consequence: FinalConsequence, slot: LaneSlot
  ): Promise<Outcome> {
    try {
      const outcome = await this.#end(delivery, failure, consequence, slot)
      // A message that is forwarded is handled elsewhere.
      const isOver = outcome === 'settled' && slot.settlement !== 'forwarded'
      if (isOver && this.#replies !== undefined) await this.#replies.refuse(failure.error, delivery)
      return outcome
    } catch (err) {
      if (!isNotAuthorized(err)) throw err
      this.#report.refused(delivery, err)
      return 'stop'
    }
  }

  /** A message that the cluster refuses to store in the other topic is a dead letter. */
  async #forward (delivery: Delivery, failure: Failure, outgoing: Outgoing, slot: LaneSlot): Promise<Outcome> {
    try {
      if (!await this.#publisher.forward(outgoing, delivery, slot)) return 'unsettled'
    } catch (err) {
      if (isNotAuthorized(err)) throw err
      const refused: Failure = { ...failure, stage: 'publish', error: toError(err) }
      return await this.#end(delivery, refused, this.#policy.deadLetter(delivery.topic), slot)
    }
    slot.settle('forwarded')
    return 'settled'
  }

  /** Carries out what the last failure leads to. */
  async #end (delivery: Delivery, failure: Failure, consequence: FinalConsequence, slot: LaneSlot): Promise<Outcome> {
    switch (consequence.kind) {
      case 'stop':
        this.#report.refused(delivery, failure.error)
        return 'stop'
      case 'acknowledge':
        if (consequence.decided !== true) {
          delivery.forgive(failure.error)
          this.#report.acknowledged(delivery, failure)
        }
        slot.settle('acknowledged')
        return 'settled'
      case 'discard':
        this.#report.discarded(delivery, failure)
        slot.settle('discarded')
        return 'settled'
      case 'forward':
        return await this.#forward(delivery, failure, consequence.outgoing, slot)
      case 'dead-letter':
        if (!await this.#publisher.deadLetter(consequence.topic, delivery, failure, slot)) return 'unsettled'
        this.#report.deadLettered(delivery, failure, consequence.topic)
        slot.settle('dead-lettered')
        return 'settled'
    }
  }
}

/** Settles a message that was redriven for another group, before it is decoded. */
export function leftOut (slot: LaneSlot): Promise<Outcome> {
  slot.settle('skipped')
  return Promise.resolve('settled')
}
