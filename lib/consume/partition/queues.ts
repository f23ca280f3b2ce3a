import type { SubscriberQueue } from './subscriber-queue.js'

/** The queues of a group's subscribers, each of which has topics of its own. */
export class Queues {
  readonly #all = new Set<SubscriberQueue>()
  readonly #byTopic = new Map<string, SubscriberQueue>()

  /** The queues whose topics are read, without those that only end what runs. */
  get reading (): ReadonlySet<SubscriberQueue> {
    return new Set(this.#byTopic.values())
  }

  get topics (): readonly string[] {
    return [...this.#byTopic.keys()]
  }

  of (topic: string): SubscriberQueue | undefined {
    return this.#byTopic.get(topic)
  }

  add (queue: SubscriberQueue): void {
    this.#all.add(queue)
    for (const topic of queue.topics) this.#byTopic.set(topic, queue)
  }

  /** Its topics are not read any more; it stays for what it runs, until {@link delete}. */
  retire (queue: SubscriberQueue): void {
    for (const topic of queue.topics) if (this.of(topic) === queue) this.#byTopic.delete(topic)
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
    for (const queue of this.#all) queue.halt()
    const ended = await Promise.all(Array.from(this.#all, (queue) => queue.ending.drain(ms, reason)))
    return !ended.includes(false)
  }

  giveUp (reason: string): void {
    for (const { pipeline } of this.#all) pipeline.giveUp(reason)
  }

  revoke (reason: string): void {
    for (const queue of this.#all) queue.revoke(reason)
  }
}
