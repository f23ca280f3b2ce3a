import { isTopic } from '../../transport/topic-partition.js'
import type { ConsumerOptions } from '../../transport/transport.js'
import type { SubscriberSettings } from '../pipeline/subscriber-plan.js'
import type { SubscriberQueue } from './subscriber-queue.js'

/** The queues of a group's subscribers, each of which has topics of its own. */
export class Queues {
  readonly #all = new Set<SubscriberQueue>()
  /** By their names, and by the texts of their patterns. */
  readonly #byTopic = new Map<string, SubscriberQueue>()
  /** Those with patterns, in the order in which they were added. */
  readonly #finding = new Set<SubscriberQueue>()

  /** The queues whose topics are read, without those that only end what runs. */
  get reading (): ReadonlySet<SubscriberQueue> {
    return new Set(this.#byTopic.values())
  }

  /** What a consumer must subscribe to. */
  get topics (): ConsumerOptions['topics'] {
    return topicsToRead([...this.reading].map(({ pipeline: { plan } }) => plan))
  }

  /** The queue of a topic: that of its name, else the first one with a pattern that finds it. */
  of (topic: string): SubscriberQueue | undefined {
    const named = this.#byTopic.get(topic)
    if (named !== undefined) return named
    for (const queue of this.#finding) if (queue.pipeline.plan.findsTopic?.(topic)) return queue
    return undefined
  }

  add (queue: SubscriberQueue): void {
    this.#all.add(queue)
    for (const topic of queue.topics) this.#byTopic.set(topic, queue)
    if (queue.pipeline.plan.findsTopic !== undefined) this.#finding.add(queue)
  }

  /** Its topics are not read any more; it stays for what it runs, until {@link delete}. */
  retire (queue: SubscriberQueue): void {
    for (const topic of queue.topics) if (this.of(topic) === queue) this.#byTopic.delete(topic)
    this.#finding.delete(queue)
  }

  delete (queue: SubscriberQueue): void {
    this.retire(queue)
    this.#all.delete(queue)
  }

  thaw (): void {
    for (const queue of this.#all) queue.thaw()
  }

  dispatch (): void {
    for (const queue of this.#all) queue.dispatch()
  }

  /**
   * Starts nothing more, retries nothing, and resolves to whether all that runs has ended within `ms`. `reason`: why
   * handlers are given up that a rebalance listener does not wait for.
   */
  async drain (ms: number, reason: string): Promise<boolean> {
    for (const queue of this.#all) queue.freeze()
    for (const queue of this.#all) queue.halt(reason)
    const ended = await Promise.all(Array.from(this.#all, (queue) => queue.ending.drain(ms, reason)))
    return !ended.includes(false)
  }

  /** No record comes any more: code that waits for one is told why. */
  endReading (error: Error): void {
    for (const { pipeline: { plan } } of this.#all) plan.reader?.end(error)
  }

  giveUp (reason: string): void {
    for (const { pipeline } of this.#all) pipeline.giveUp(reason)
  }

  revoke (reason: string): void {
    for (const queue of this.#all) queue.revoke(reason)
  }
}

/** What a consumer must subscribe to for some subscribers: names, and the tests of patterns. */
export function topicsToRead (
  plans: ReadonlyArray<Pick<SubscriberSettings, 'topics' | 'findsTopic'>>
): ConsumerOptions['topics'] {
  const names = new Set(plans.flatMap(({ topics }) => topics).filter(isTopic))
  return [...names, ...new Set(plans.flatMap(({ findsTopic }) => findsTopic ?? []))]
}
