import type { BreakerHealth } from '../../../types/index.js'
import { inOwnContext } from '../../context.js'
import { isForAnotherGroup } from '../../message/redrive-headers.js'
import type { Producer } from '../../produce/producer.js'
import type { TopicPartition } from '../../transport/transport.js'
import type { Environment } from '../environment.js'
import type { LastError } from '../group/group-state.js'
import type { LaneSlot } from '../partition/lanes.js'
import type { Delivery } from './delivery.js'
import type { FailurePolicy } from './failure-policy.js'
import { endOf, type AttemptResult } from './failures.js'
import type { Outcome } from './outcome.js'
import { createParts, type PipelineParts } from './parts.js'
import type { SubscriberReport } from './report.js'
import type { RunOne } from './run-one.js'
import type { SubscriberPlan, SubscriberSettings } from './subscriber-plan.js'
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

/** The way of a subscriber's messages: decode, handle, publish the result; after a failure what the policy says. */
export class Pipeline<Message = unknown> implements ErasedPipeline {
  readonly plan: SubscriberSettings
  readonly #parts: PipelineParts<Message>
  readonly #report: SubscriberReport
  readonly #one: RunOne<Message>

  /** `policy`: a plan's own way to deal with failures, @default its `ackPolicy`, `retry` and `deadLetter` */
  constructor (plan: SubscriberPlan<Message>, producer: Producer, environment: Environment, policy?: FailurePolicy) {
    const parts = createParts(plan, producer, environment, policy)
    this.plan = plan
    this.#parts = parts
    this.#report = parts.report
    this.#one = parts.one
  }

  get late (): Iterable<Delivery> {
    return this.#parts.deadlines.late
  }

  get lastError (): LastError | undefined {
    return this.#report.lastError
  }

  get breaker (): BreakerHealth | undefined {
    return this.#parts.breaker?.health
  }

  assigned (partitions: readonly TopicPartition[]): void {
    this.#parts.breaker?.assigned(partitions)
  }

  giveUp (reason: string): void {
    this.#parts.deadlines.giveUp(reason)
  }

  run (delivery: Delivery, slot: LaneSlot): Promise<Outcome> {
    if (isForAnotherGroup(delivery.record, this.plan)) return leftOut(slot)
    return this.#report.tellsCompleted ? this.#runAndTell(delivery, slot) : this.#run(delivery, slot)
  }

  async #runAndTell (delivery: Delivery, slot: LaneSlot): Promise<Outcome> {
    const { clock } = this.#parts
    const began = clock.elapsed()
    const outcome = await this.#run(delivery, slot)
    if (outcome === 'settled') slot.settle()
    this.#report.completed(delivery, slot.settlement, clock.elapsed() - began)
    return outcome
  }

  #run (first: Delivery, slot: LaneSlot): Promise<Outcome> {
    const turn = this.#parts.breaker?.turn(first, slot)
    return turn === undefined ? this.#begin(first, slot) : this.#beginAfter(turn, first, slot)
  }

  async #beginAfter (turn: Promise<boolean>, first: Delivery, slot: LaneSlot): Promise<Outcome> {
    return await turn ? await this.#begin(first, slot) : 'unsettled'
  }

  /** Each message comes here. A `then` takes less memory than the frame of an async function, which took 0.6 kB. */
  #begin (first: Delivery, slot: LaneSlot): Promise<Outcome> {
    return this.#attempt(first, slot).then((result) => {
      if (result.kind === 'failed') return this.#failed(first, slot, result)
      this.#parts.breaker?.ended(first, slot, result.outcome)
      return result.outcome
    })
  }

  /** What follows the failure of a first attempt: the policy decides, as often as the message is tried again. */
  async #failed (first: Delivery, slot: LaneSlot, failed: AttemptResult): Promise<Outcome> {
    const { breaker, consequences } = this.#parts
    let delivery = first
    let result = failed
    while (result.kind === 'failed') {
      const { failure, consequence } = result
      if (breaker?.failed(delivery, slot, result) !== true) {
        if (consequence.kind !== 'again') return await consequences.carryOut(delivery, failure, consequence, slot)
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
    this.#report.started(delivery)
    const isTraced = this.#report.startsTrace()
    if (isTraced || this.#report.tellsEnded) return this.#attemptHeard(delivery, slot, isTraced, firstAt)
    return this.#one.run(delivery, slot, firstAt)
  }

  /** Apart from `#attempt`: its closures would take memory for each message, also where nothing listens. */
  #attemptHeard (
    delivery: Delivery, slot: LaneSlot, isTraced: boolean, firstAt?: number
  ): Promise<AttemptResult> {
    const report = this.#report
    const attempt = (): Promise<AttemptResult> => this.#one.run(delivery, slot, firstAt)
    const traced = isTraced ? () => traceAttempt(report.contextOf(delivery), attempt, report.around) : attempt
    return report.tellsEnded ? this.#runTimed(delivery, traced) : traced()
  }

  async #runTimed (delivery: Delivery, attempt: () => Promise<AttemptResult>): Promise<AttemptResult> {
    const began = this.#parts.clock.elapsed()
    const running = attempt()
    const blocked = this.#parts.clock.elapsed() - began
    const result = await running
    this.#report.ended(delivery, endOf(result), { duration: this.#parts.clock.elapsed() - began, blocked })
    return result
  }
}

/** Settles a message that was redriven for another group, before it is decoded. */
export function leftOut (slot: LaneSlot): Promise<Outcome> {
  slot.settle('skipped')
  return Promise.resolve('settled')
}
