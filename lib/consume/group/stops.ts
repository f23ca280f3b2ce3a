import { FASTSTREAM_ERR_SKIP } from '../../errors.js'
import { topicPartitionName } from '../../transport/topic-partition.js'
import type { CorruptBatch, OffsetReset, TopicPartitionOffset } from '../../transport/transport.js'
import type { Stopped } from '../partition/partition.js'
import { reportReset } from './offset-reset.js'
import type { GroupParts } from './parts.js'

/**
 * Stops partitions that cannot be read on (a corrupt batch, an offset that is not in the log), and resumes them with
 * `skipTo`.
 */
export class Stops {
  readonly #parts: GroupParts

  constructor (parts: GroupParts) {
    this.#parts = parts
  }

  corrupt (topic: string, partition: number, batch: CorruptBatch): void {
    const { offset, nextOffset, error } = batch
    this.#parts.report.corrupt(topic, partition, batch)
    this.#stop(topic, partition, { offset, nextOffset: nextOffset < 0n ? undefined : nextOffset, error })
  }

  reset (topic: string, partition: number, reset: OffsetReset): void {
    const { groupId, environment } = this.#parts
    const stopped = reportReset({ groupId, topic, partition, ...reset }, environment)
    if (stopped !== undefined) this.#stop(topic, partition, stopped)
  }

  /**
   * `reading`: whether the group reads now. While it rebalances, a skip would be lost with the partition that is
   * about to be revoked.
   */
  skipTo (to: TopicPartitionOffset, reading: boolean): void {
    const { topic, partition, offset } = to
    const owned = reading ? this.#parts.owned.get(topicPartitionName(to)) : undefined
    if (owned === undefined) {
      const reason = 'this process does not own it now, ask the one that does'
      throw new FASTSTREAM_ERR_SKIP(partition, topic, String(offset), reason)
    }
    const { stopped } = owned
    owned.skipTo(offset)
    this.#parts.report.skipped(to, stopped?.offset)
  }

  #stop (topic: string, partition: number, stopped: Stopped): void {
    const { owned, state, report } = this.#parts
    state.noted(stopped.error)
    owned.get(topicPartitionName({ topic, partition }))?.stop(stopped)
    report.partitionStopped(topic, partition, stopped)
  }
}
