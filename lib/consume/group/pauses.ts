import type { Queues } from '../partition/queues.js'
import type { OwnedPartitions } from './owned-partitions.js'
import type { GroupParts } from './parts.js'

/**
 * Pauses and resumes single subscribers of a group. The consumer stays a member and keeps its partitions, and the other
 * subscribers go on. A subscriber that is paused stays so across rebalances.
 */
export class Pauses {
  readonly #queues: Queues
  readonly #owned: OwnedPartitions
  readonly #parts: Pick<GroupParts, 'report' | 'environment'>

  constructor (queues: Queues, owned: OwnedPartitions, parts: Pick<GroupParts, 'report' | 'environment'>) {
    this.#queues = queues
    this.#owned = owned
    this.#parts = parts
  }

  /** Reads and starts nothing more of the subscriber of `topic`, until {@link resume}. */
  pause (topic: string): void {
    const queue = this.#queues.of(topic)
    if (queue === undefined || queue.paused) return
    queue.pause()
    for (const partition of this.#owned.of(queue)) partition.hold()
    this.#parts.report.subscriberPaused(queue.pipeline.plan)
  }

  resume (topic: string): void {
    const { report, environment: { clock } } = this.#parts
    const queue = this.#queues.of(topic)
    if (queue?.paused !== true) return
    for (const partition of this.#owned.of(queue)) partition.unhold(clock.elapsed())
    queue.resume()
    report.subscriberResumed(queue.pipeline.plan)
  }
}
