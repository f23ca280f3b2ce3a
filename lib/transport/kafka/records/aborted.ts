import type { RecordBatch } from './record-batch.js'

/** As in the fetch response: a transaction of this producer that begins at this offset was aborted. */
export interface AbortedTransaction {
  readonly producerId: string
  readonly firstOffset: string
}

/**
 * The batches that a reader of committed records may see. Goes by batch, as the Java client does.
 *
 * kafkajs's own filter goes by record, and lets aborted records through in two cases: it takes any record with the key
 * `00 00 00 00` for the end of the transaction, and it begins at most one transaction per record.
 */
export function withoutAborted (batches: readonly RecordBatch[], aborted: readonly AbortedTransaction[]): readonly RecordBatch[] {
  if (aborted.length === 0) return batches

  const upcoming = aborted
    .map(({ producerId, firstOffset }) => ({ producerId: BigInt(producerId), firstOffset: BigInt(firstOffset) }))
    .sort((a, b) => a.firstOffset < b.firstOffset ? -1 : 1)
  const open = new Set<bigint>()
  let next = 0

  return batches.filter((batch) => {
    for (let begun = upcoming[next]; begun !== undefined && begun.firstOffset < batch.nextOffset; begun = upcoming[++next]) {
      open.add(begun.producerId)
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
