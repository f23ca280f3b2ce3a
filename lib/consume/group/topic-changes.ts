import type { TransportConsumer } from '../../transport/transport.js'
import type { Queues } from '../partition/queues.js'
import type { SubscriberQueue } from '../partition/subscriber-queue.js'

/**
 * Subscribers that come and go while the group's consumer runs. Changes come one after the other: a refused topic must
 * not fail another change.
 */
export class TopicChanges {
  readonly #queues: Queues
  readonly #consumer: TransportConsumer
  #last: Promise<unknown> = Promise.resolve()

  constructor (queues: Queues, consumer: TransportConsumer) {
    this.#queues = queues
    this.#consumer = consumer
  }

  /** Rejects when the cluster refuses the topics; then the queue is not there. */
  async add (queue: SubscriberQueue): Promise<void> {
    this.#queues.add(queue)
    try {
      await this.#subscribe()
    } catch (err) {
      // The next change must not ask for its topics: this runs before that change begins.
      this.#queues.delete(queue)
      throw err
    }
  }

  /** Running handlers of the queue may end until the group has rebalanced. */
  async remove (queue: SubscriberQueue): Promise<void> {
    this.#queues.retire(queue)
    await this.#subscribe()
    this.#queues.delete(queue)
  }

  #subscribe (): Promise<void> {
    const change = this.#last.then(() => this.#consumer.subscribe(this.#queues.topics))
    this.#last = change.catch(() => {})
    return change
  }
}
