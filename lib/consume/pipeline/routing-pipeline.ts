import type { BreakerHealth } from '../../../types/index.js'
import type { TopicPartition } from '../../transport/transport.js'
import { isForAnotherGroup } from '../../message/redrive-headers.js'
import type { LastError } from '../group/group-state.js'
import type { LaneSlot } from '../partition/lanes.js'
import type { Delivery } from './delivery.js'
import type { Outcome } from './outcome.js'
import { type ErasedPipeline, leftOut } from './pipeline.js'
import type { SubscriberSettings } from './subscriber-plan.js'

/** Pipelines of subscribers that read the same topics: each message has one of them, which is chosen once. */
export class RoutingPipeline implements ErasedPipeline {
  readonly plan: SubscriberSettings
  readonly #pipelines: readonly ErasedPipeline[]
  readonly #choose: (delivery: Delivery) => ErasedPipeline

  /** `plan`: of the queue that they share. `choose` must not throw. */
  constructor (
    plan: SubscriberSettings, pipelines: readonly ErasedPipeline[], choose: (delivery: Delivery) => ErasedPipeline
  ) {
    this.plan = plan
    this.#pipelines = pipelines
    this.#choose = choose
  }

  get late (): Iterable<Delivery> {
    return this.#pipelines.flatMap(({ late }) => [...late])
  }

  get lastError (): LastError | undefined {
    const errors = this.#pipelines.flatMap(({ lastError }) => lastError ?? [])
    return errors.sort((a, b) => b.at - a.at)[0]
  }

  /** That of the first one that is open. */
  get breaker (): BreakerHealth | undefined {
    return this.#pipelines.flatMap(({ breaker }) => breaker ?? [])[0]
  }

  assigned (partitions: readonly TopicPartition[]): void {
    for (const pipeline of this.#pipelines) pipeline.assigned?.(partitions)
  }

  async run (delivery: Delivery, slot: LaneSlot): Promise<Outcome> {
    if (isForAnotherGroup(delivery.record, this.plan)) return await leftOut(slot)
    const pipeline = this.#choose(delivery)
    slot.takenBy?.(pipeline.plan.name)
    return await pipeline.run(delivery, slot)
  }

  giveUp (reason: string): void {
    for (const pipeline of this.#pipelines) pipeline.giveUp(reason)
  }
}
