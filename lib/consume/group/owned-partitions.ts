import { topicPartitionName } from '../../transport/topic-partition.js'
import type { TopicPartition, TransportConsumer } from '../../transport/transport.js'
import type { BufferLimits } from '../partition/buffer.js'
import { Partition } from '../partition/partition.js'
import type { Standstill } from '../partition/standstill.js'
import type { SubscriberQueue } from '../partition/subscriber-queue.js'

/** The partitions that a consumer owns in the present generation, by their names. */
export class OwnedPartitions extends Map<string, Partition> {
  /** Of the partitions that were owned in earlier generations. */
  readonly #standstills = new Map<string, Standstill>()
  #generation = 0

  /** Counts the generations that have ended. */
  get generation (): number {
    return this.#generation
  }

  own (at: TopicPartition, queue: SubscriberQueue, consumer: TransportConsumer, limits: BufferLimits): void {
    const name = topicPartitionName(at)
    const partition = new Partition(at, queue, consumer, limits, this.#standstills.get(name))
    this.set(name, partition)
    if (queue.stopped) partition.abandon()
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
  }
}
