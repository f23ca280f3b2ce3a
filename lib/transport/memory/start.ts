import type { ConsumerOptions, OffsetReset } from '../transport.js'
import type { PartitionLog } from './partition-log.js'

/** State that a group keeps of a partition. */
export interface Stored {
  readonly offset: bigint
  readonly metadata: string
}

/** Position where a member begins to read a partition. */
export interface Start {
  readonly log: PartitionLog
  readonly stored: Stored | undefined
  /** undefined: nowhere. */
  readonly position: bigint | undefined
  /** Details for the listener; undefined unless the stored offset is out of range. */
  readonly reset: OffsetReset | undefined
}

export function startOf (
  log: PartitionLog, stored: Stored | undefined, offsetReset: ConsumerOptions['offsetReset']
): Start {
  if (stored !== undefined && log.holds(stored.offset)) {
    return { log, stored, position: stored.offset, reset: undefined }
  }
  const { start, end } = log
  const position = positionOf(log, offsetReset)
  if (stored === undefined) return { log, stored, position, reset: undefined }
  const reset = { stored: stored.offset, start, end, position: offsetReset === 'fail' ? undefined : position }
  return { log, stored, position: reset.position, reset }
}

function positionOf (log: PartitionLog, offsetReset: ConsumerOptions['offsetReset']): bigint {
  if (typeof offsetReset === 'object') return log.since(offsetReset.timestamp)
  return offsetReset === 'latest' ? log.end : log.start
}
