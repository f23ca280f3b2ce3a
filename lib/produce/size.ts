import type { ProducedRecord } from '../transport/transport.js'

/** Approximate overhead of a record beside its bytes, in memory and on the wire. */
const OVERHEAD = 100

/** Bytes that a record takes, about. */
export function sizeOf ({ key, value, headers }: Pick<ProducedRecord, 'key' | 'value' | 'headers'>): number {
  let size = OVERHEAD + (key?.length ?? 0) + (value?.length ?? 0)
  for (const [name, value] of headers) size += name.length + (value?.length ?? 0)
  return size
}
