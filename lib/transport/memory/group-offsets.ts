import type { ConsumerOptions, TopicPartitionOffset } from '../transport.js'
import type { PartitionLog } from './partition-log.js'
import { startOf, type Start, type Stored } from './start.js'

/** The offsets that a group has stored. They go with their log: a topic that is deleted and recreated has none. */
export class GroupOffsets {
  readonly #stored = new WeakMap<PartitionLog, Stored>()

  store (log: PartitionLog, stored: Stored): void {
    this.#stored.set(log, stored)
  }

  /** The stored offset; undefined where there is none. */
  of (log: PartitionLog): bigint | undefined {
    return this.#stored.get(log)?.offset
  }

  has (log: PartitionLog): boolean {
    return this.#stored.has(log)
  }

  /** Returns where a consumer begins to read `log`. `isNew`: all of it must be read, whatever `offsetReset` says. */
  start (log: PartitionLog, options: Pick<ConsumerOptions, 'offsetReset' | 'positions'>, isNew: boolean): Start {
    const { offsetReset, positions = [] } = options
    const stored = this.#stored.get(log)
    const chosen = positions.find((position) => isOf(log, position))
    if (chosen !== undefined) return { log, stored: undefined, position: chosen.offset, reset: undefined }
    return startOf(log, stored, stored === undefined && isNew ? 'earliest' : offsetReset)
  }
}

function isOf (log: PartitionLog, { topic, partition }: TopicPartitionOffset): boolean {
  return log.topic === topic && log.partition === partition
}
