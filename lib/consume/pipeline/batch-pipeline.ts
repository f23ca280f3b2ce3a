import type { BreakerHealth } from '../../../types/index.js'
import { inOwnContext } from '../../context.js'
import { decisionOf, SkipMessage } from '../../message/ack.js'
import { isForAnotherGroup } from '../../message/redrive-headers.js'
import type { Producer } from '../../produce/producer.js'
import type { TopicPartition } from '../../transport/transport.js'
import type { Environment } from '../environment.js'
import type { LastError } from '../group/group-state.js'
import type { LaneSlot } from '../partition/lanes.js'
import { BatchDelivery, type BatchMember, type Failed } from './batch-delivery.js'
import type { Delivery } from './delivery.js'
import { endOf, Failures, type AttemptEnd, type AttemptResult, type FailedAttempt } from './failures.js'
import type { Outcome } from './outcome.js'
import { createParts, type PipelineParts } from './parts.js'
import type { ErasedPipeline } from './pipeline.js'
import type { SubscriberPlan, SubscriberSettings } from './subscriber-plan.js'
import { traceAttempt } from './trace.js'

/** Records that one call of the handler gets. */
interface Part {
  readonly members: readonly BatchMember[]
  /** Wait before the call, ms; undefined: none. */
  readonly delay?: number
  /** When the first attempt failed, ms since the epoch. */
  readonly firstAt?: number | undefined
}

/** The way of a subscriber's batches. A message that fails by itself leaves its batch, and the others go on. */
export class BatchPipeline<Batch = unknown> implements ErasedPipeline {
  readonly plan: SubscriberSettings
  readonly #parts: PipelineParts<Batch>
  readonly #failures: Failures<Batch>

  constructor (plan: SubscriberPlan<Batch>, producer: Producer, environment: Environment) {
    this.plan = plan
    this.#parts = createParts(plan, producer, environment)
    this.#failures = new Failures(this.#parts)
  }

  get late (): Iterable<Delivery> {
    return this.#parts.deadlines.late
  }

  get lastError (): LastError | undefined {
    return this.#parts.report.lastError
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

  async run (batch: BatchDelivery, slot: LaneSlot): Promise<Outcome> {
    const members = batch.members.filter(({ delivery: { record } }) => !isForAnotherGroup(record, this.plan))
    if (members.length < batch.members.length) leaveOut(batch.members, members)
    if (members.length === 0) return 'settled'
    const { clock, report } = this.#parts
    const began = clock.elapsed()
    const outcome = await this.#run(members, slot)
    if (!report.tellsCompleted) return outcome
    const time = clock.elapsed() - began
    for (const { delivery, slot: { settlement } } of members) report.completed(delivery, settlement, time)
    return outcome
  }

  /** Handles all, and then one after the other what has to be handled again. */
  async #run (all: readonly BatchMember[], slot: LaneSlot): Promise<Outcome> {
    const { breaker } = this.#parts
    const parts: Part[] = [{ members: all }]
    for (let part = parts.shift(); part !== undefined; part = parts.shift()) {
      const { members, delay, firstAt } = part
      // Also for 0 ms: the partition may have been revoked, and the subscriber paused.
      if (delay !== undefined && !await slot.wait(delay, true)) return 'unsettled'
      const delivery = new BatchDelivery(members)
      const turn = breaker?.turn(delivery, slot)
      if (turn !== undefined && !await turn) return 'unsettled'
      const result = await inOwnContext(() => this.#attempt(delivery, slot, firstAt))
      if (result.kind === 'done') breaker?.ended(delivery, slot, result.outcome)
      const later: Part[] = []
      if (result.kind === 'failed' && breaker?.failed(delivery, slot, result) === true) {
        // Its turn is waited for, and no time.
        later.push({ members: nextOf(delivery.subjects), firstAt: result.failure.firstAt })
      } else {
        const outcome = await this.#end(delivery, result, later)
        if (outcome !== 'settled') return outcome
      }
      const outcome = await this.#endOthers(delivery, later, firstAt)
      if (outcome !== 'settled') return outcome
      parts.unshift(...later)
    }
    return 'settled'
  }

  async #attempt (delivery: BatchDelivery, lane: LaneSlot, firstAt?: number): Promise<AttemptResult> {
    const { clock, one, report } = this.#parts
    const slot: LaneSlot = {
      wait: lane.wait.bind(lane),
      hold: lane.hold.bind(lane),
      awaitsDecision: () => { lane.awaitsDecision?.() },
      settle: (outcome) => { delivery.settle(outcome) }
    }
    const { members } = delivery
    report.started(delivery)
    const isTraced = report.startsTrace()
    const { tellsEnded } = report
    const began = clock.elapsed()
    const attempt = (): Promise<AttemptResult> => one.run(delivery, slot, firstAt)
    const running = isTraced ? traceAttempt(report.batchContextOf(delivery), attempt, report.around) : attempt()
    const blocked = clock.elapsed() - began
    const result = await running
    if (!tellsEnded) return result
    const times = { duration: clock.elapsed() - began, blocked }
    for (const [i, member] of members.entries()) {
      // The event loop was held once, and not for each message.
      const ofMember = i === 0 ? times : { duration: times.duration, blocked: 0 }
      report.ended(member.delivery, endOfMember(member, delivery, result), ofMember)
    }
    return result
  }

  /** Settles what is done. What has to be handled again is added to `later`. */
  async #end (delivery: BatchDelivery, result: AttemptResult, later: Part[]): Promise<Outcome> {
    if (result.kind === 'done' && result.outcome === 'unsettled') return 'unsettled'
    delivery.settleBefore()
    if (result.kind === 'failed') return await this.#carryOut(result, delivery, delivery.subjects, later)
    if (result.outcome === 'settled') delivery.settle()
    return result.outcome
  }

  /** The end of those that are not concerned by the failure of the call, or that failed by themselves. */
  async #endOthers (delivery: BatchDelivery, later: Part[], firstAt?: number): Promise<Outcome> {
    delivery.settleBefore()
    for (const failed of delivery.failed) {
      const outcome = await this.#endFailed(failed, later, firstAt)
      if (outcome !== 'settled') return outcome
    }
    const rest = delivery.rest.filter(({ slot }) => slot.settlement === undefined)
    if (rest.length > 0) later.push({ members: rest, delay: 0 })
    return 'settled'
  }

  /** Carries out for each member what a failure leads to. */
  async #carryOut (
    { failure, consequence }: FailedAttempt, delivery: Delivery, members: readonly BatchMember[], later: Part[]
  ): Promise<Outcome> {
    const { report, consequences } = this.#parts
    if (consequence.kind === 'again') {
      const { delay } = consequence
      report.retries(delivery, failure, delay)
      later.push({ members: nextOf(members), delay, firstAt: failure.firstAt })
      return 'settled'
    }
    for (const { delivery, slot } of members) {
      const outcome = await consequences.carryOut(delivery, failure, consequence, slot)
      if (outcome !== 'settled') return outcome
    }
    return 'settled'
  }

  /** The end of a message that failed by itself: it could not be decoded, or its result could not be published. */
  async #endFailed ({ member, step, error }: Failed, later: Part[], firstAt?: number): Promise<Outcome> {
    const { delivery, slot } = member
    const decision = step === 'decode' ? decisionOf(error) : undefined
    if (decision?.kind === 'ack') {
      this.#parts.report.done(delivery, error)
      slot.settle(error instanceof SkipMessage ? 'skipped' : 'acknowledged')
      return 'settled'
    }
    const result = decision === undefined
      ? await this.#failures.failed({ step, error }, delivery, slot, firstAt)
      : this.#failures.decided(decision, delivery, firstAt)
    if (result.kind === 'failed') return await this.#carryOut(result, delivery, [member], later)
    if (result.outcome === 'settled') slot.settle()
    return result.outcome
  }
}

/** The next attempts for the same records. */
function nextOf (members: readonly BatchMember[]): readonly BatchMember[] {
  return members.map(({ delivery, slot }) => ({ delivery: delivery.next(), slot }))
}

/** The end of the attempt for one of its messages. */
function endOfMember (member: BatchMember, delivery: BatchDelivery, result: AttemptResult): AttemptEnd {
  const failed = delivery.failed.find((each) => each.member === member)
  if (failed !== undefined) return { outcome: 'failed', error: failed.error }
  if (delivery.subjects.includes(member)) return endOf(result)
  return { outcome: delivery.rest.includes(member) ? 'unsettled' : 'settled', error: undefined }
}

/** Settles messages that were redriven for another group, before they are decoded. */
function leaveOut (all: readonly BatchMember[], kept: readonly BatchMember[]): void {
  for (const member of all) if (!kept.includes(member)) member.slot.settle('skipped')
}
