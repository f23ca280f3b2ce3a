import type { ConsumerOptions } from '../transport/transport.js'
import { UsageError } from './usage-error.js'

const INDENT = ' '.repeat(29)
export const PLACES_HELP = `${INDENT}earliest, now, a time as 2026-11-30T08:00:00Z, or 0:42: offset 42 of partition 0.
${INDENT}A range ends before its --to`

/** An offset of one partition, written as 0:42; undefined for anything else. */
export function offsetIn (text: string): { readonly partition: number, readonly offset: bigint } | undefined {
  const [, partition, offset] = /^(\d{1,9}):(\d{1,18})$/.exec(text) ?? []
  return partition === undefined ? undefined : { partition: Number(partition), offset: BigInt(offset!) }
}

/** Where reading begins, for all partitions. @throws UsageError */
export function resetOf (name: string, text: string): ConsumerOptions['offsetReset'] {
  if (text === 'now') return 'latest'
  if (text === 'earliest') return 'earliest'
  const timestamp = Date.parse(text)
  if (!Number.isNaN(timestamp)) return { timestamp }
  throw new UsageError(`--${name} must be earliest, now, a time as 2026-11-30T08:00:00Z, or 0:42 (partition:offset)`)
}
