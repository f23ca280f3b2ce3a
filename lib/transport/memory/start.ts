import type { ConsumerOptions, OffsetReset } from '../transport.js'
import type { PartitionLog } from './partition-log.js'

/** Where a member begins to read a partition. */
export interface Start {
  readonly log: PartitionLog
  readonly stored: bigint | undefined
  /** undefined: nowhere. */
  readonly position: bigint | undefined
  /** What is stored is out of range. */
  readonly reset: OffsetReset | undefined
}

export function startOf (log: PartitionLog, stored: bigint | undefined, offsetReset: ConsumerOptions['offsetReset']): Start {
  if (stored !== undefined && log.holds(stored)) return { log, stored, position: stored, reset: undefined }
  const { start, end } = log
  const position = offsetReset === 'latest' ? end : start
  if (stored === undefined) return { log, stored, position, reset: undefined }
  const reset = { stored, start, end, position: offsetReset === 'fail' ? undefined : position }
  return { log, stored, position: reset.position, reset }
}
