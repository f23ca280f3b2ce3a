import type { Queues } from '../partition/queues.js'
import type { SubscriberQueue } from '../partition/subscriber-queue.js'
import type { OwnedPartitions } from './owned-partitions.js'
import type { GroupParts } from './parts.js'

/**
 * Pauses and resumes single subscribers of a group. The consumer stays a member and keeps its partitions, and the other
 * subscribers go on. A subscriber that is paused stays so across rebalances. Subscribers of one topic share its queue:
 * they stand still until none of them is paused.
 */
export class Pauses {
  readonly #queues: Queues
  readonly #owned: OwnedPartitions
  readonly #parts: Pick<GroupParts, 'report' | 'environment'>
  /** The subscribers for which each queue is paused. */
  readonly #pausedFor = new WeakMap<SubscriberQueue, Set<object>>()

  constructor (queues: Queues, owned: OwnedPartitions, parts: Pick<GroupParts, 'report' | 'environment'>) {
    this.#queues = queues
    this.#owned = owned
    this.#parts = parts
  }

  /** Reads and starts nothing more of `subscriber`, which reads `topic`, until {@link resume}. */
  pause (topic: string, subscriber: object = this): void {
    const queue = this.#queues.of(topic)
    if (queue === undefined) return
    this.#pausedFor.set(queue, (this.#pausedFor.get(queue) ?? new Set()).add(subscriber))
    if (queue.paused) return
    queue.pause()
    for (const partition of this.#owned.of(queue)) partition.hold()
    this.#parts.report.subscriberPaused(queue.pipeline.plan)
  }

  resume (topic: string, subscriber: object = this): void {
    const { report, environment: { clock } } = this.#parts
    const queue = this.#queues.of(topic)
    if (queue?.paused !== true) return
    const subscribers = this.#pausedFor.get(queue)
    subscribers?.delete(subscriber)
    if (subscribers !== undefined && subscribers.size > 0) return
    for (const partition of this.#owned.of(queue)) partition.unhold(clock.elapsed())
    queue.resume()
    report.subscriberResumed(queue.pipeline.plan)
  }
}
