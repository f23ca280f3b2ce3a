import { MemoryBudget } from '../../memory-budget.js'
import { topicPartitionName } from '../../transport/topic-partition.js'
import type { TopicPartition, TransportConsumer } from '../../transport/transport.js'
import type { BufferLimits } from '../partition/buffer.js'
import { Partition } from '../partition/partition.js'
import type { Standstill } from '../partition/standstill.js'
import type { SubscriberQueue } from '../partition/subscriber-queue.js'
import type { GroupEnvironment } from './parts.js'

/** The partitions that a consumer owns in the present generation, by their names. */
export class OwnedPartitions extends Map<string, Partition> {
  /** Of the partitions that were owned in earlier generations. */
  readonly #standstills = new Map<string, Standstill>()
  readonly #limits: BufferLimits
  readonly #queues = new Map<Partition, SubscriberQueue>()
  #generation = 0

  constructor ({ budget, settings: { buffer: { messages, bytes } } }: GroupEnvironment) {
    super()
    this.#limits = { messages, budget: budget ?? new MemoryBudget(bytes) }
  }

  /** Counts the generations that have ended. */
  get generation (): number {
    return this.#generation
  }

  own (at: TopicPartition, queue: SubscriberQueue, consumer: TransportConsumer): void {
    const name = topicPartitionName(at)
    const partition = new Partition(at, queue, consumer, this.#limits, this.#standstills.get(name))
    this.set(name, partition)
    this.#queues.set(partition, queue)
    if (queue.stopped) partition.abandon()
    if (queue.paused) partition.hold()
  }

  /** The partitions of one subscriber. */
  of (queue: SubscriberQueue): readonly Partition[] {
    return [...this.values()].filter((partition) => this.#queues.get(partition) === queue)
  }

  /** Ends the generation: the results of its partitions change nothing any more. */
  revokeAll (): void {
    this.#generation++
    for (const partition of this.values()) {
      const { name, standstill } = partition
      if (standstill === undefined) this.#standstills.delete(name)
      else this.#standstills.set(name, standstill)
      partition.revoke()
    }
    this.clear()
    this.#queues.clear()
  }
}
