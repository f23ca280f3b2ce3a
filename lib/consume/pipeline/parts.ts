import type { Clock } from '../../clock.js'
import type { Producer } from '../../produce/producer.js'
import type { Environment } from '../environment.js'
import { Breaker } from './breaker.js'
import { Consequences } from './consequences.js'
import { FailurePolicy } from './failure-policy.js'
import { HandlerDeadlines } from './handler-deadlines.js'
import { PublishUntilStored } from './publish-until-stored.js'
import { SubscriberReport } from './report.js'
import { RunOne, type RunOneParts } from './run-one.js'
import type { SubscriberPlan } from './subscriber-plan.js'

/** Parts of the pipelines, whether they handle one message at a time or several. */
export interface PipelineParts<Message> extends RunOneParts<Message> {
  readonly clock: Clock
  readonly one: RunOne<Message>
  readonly consequences: Consequences
  /** Undefined: the plan has none. */
  readonly breaker: Breaker | undefined
}

/** `policy`: a plan's own way to deal with failures, @default its `ackPolicy`, `retry` and `deadLetter` */
export function createParts<Message> (
  plan: SubscriberPlan<Message>, producer: Producer, environment: Environment, policy?: FailurePolicy
): PipelineParts<Message> {
  const { clock } = environment
  const report = new SubscriberReport(plan, environment)
  const parts: RunOneParts<Message> = {
    steps: plan,
    policy: policy ?? new FailurePolicy(plan, (...thrown) => { report.retryOnThrew(...thrown) }),
    publisher: new PublishUntilStored(plan, producer, report),
    deadlines: new HandlerDeadlines(plan.handlerTimeout, clock, (delivery) => { report.late(delivery) }),
    report,
    clock,
    handlerTimeout: plan.handlerTimeout
  }
  const breaker = plan.breaker === false ? undefined : new Breaker(plan.breaker, clock, report)
  return { ...parts, one: new RunOne(parts), consequences: new Consequences(parts), breaker }
}
