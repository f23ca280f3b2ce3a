import type { FetchedPartition } from '../wire.js'
import type { RecordBatch } from './record-batch.js'

/**
 * The batches that a reader of committed records may see. It goes by batch, as the Java client does: a record's key may
 * look like the end of a transaction, and one batch may follow the beginning of several.
 */
export function withoutAborted (
  batches: readonly RecordBatch[], aborted: FetchedPartition['aborted']
): readonly RecordBatch[] {
  if (aborted.length === 0) return batches

  const upcoming = [...aborted].sort((a, b) => a.firstOffset < b.firstOffset ? -1 : 1)
  const open = new Set<bigint>()
  let next = 0

  return batches.filter((batch) => {
    while (next < upcoming.length && upcoming[next]!.firstOffset < batch.nextOffset) {
      open.add(upcoming[next++]!.producerId)
    }
    if (endsAborted(batch)) open.delete(batch.producerId)
    return !(batch.transactional && open.has(batch.producerId))
  })
}

/** A control batch holds one record; its key is the version and the type, two int16: 0 aborts, 1 commits. */
function endsAborted (batch: RecordBatch): boolean {
  const key = batch.control ? batch.records[0]?.key : undefined
  return key != null && key.length >= 4 && key.readInt16BE(2) === 0
}
