import { FASTSTREAM_ERR_SEEK } from '../../errors.js'
import { topicPartitionName } from '../../transport/topic-partition.js'
import type {
  LogPlace, TopicPartition, TopicPartitionOffset, TransportConsumer
} from '../../transport/transport.js'
import type { Queues } from '../partition/queues.js'
import type { SubscriberQueue } from '../partition/subscriber-queue.js'

/** Where a subscriber is to read on: at an offset of one partition, or at a place in all of its partitions. */
export type SeekTo = TopicPartitionOffset | LogPlace

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

  /**
   * Begins a generation at other positions. What the reader of `queue` has not settled is given up. `owned`: the
   * partitions that may be moved.
   */
  async seek (queue: SubscriberQueue, to: SeekTo, owned: () => readonly TopicPartition[]): Promise<void> {
    queue.pipeline.plan.reader?.giveUp('its subscriber reads on elsewhere')
    await this.#change(async () => {
      const positions = await this.#positions(to, new Set(owned().map(topicPartitionName)))
      await this.#consumer.subscribe(this.#queues.topics, positions)
    })
  }

  async #positions (to: SeekTo, owned: ReadonlySet<string>): Promise<readonly TopicPartitionOffset[]> {
    const isOwned = (at: TopicPartition): boolean => owned.has(topicPartitionName(at))
    if (typeof to === 'string' || 'timestamp' in to) return (await this.#consumer.offsets(to)).filter(isOwned)
    if (isOwned(to)) return [to]
    throw new FASTSTREAM_ERR_SEEK(to.topic, `this process does not own partition ${to.partition} now`)
  }

  #subscribe (): Promise<void> {
    return this.#change(() => this.#consumer.subscribe(this.#queues.topics))
  }

  #change (make: () => Promise<void>): Promise<void> {
    const change = this.#last.then(make)
    this.#last = change.catch(() => {})
    return change
  }
}
