import type { ConsumedRecord, CorruptBatch } from '../../transport.js'
import type { FetchedPartition } from '../wire.js'
import { withoutAborted } from './aborted.js'
import type { RecordBatch } from './record-batch.js'
import { type Damage, type DecodeOptions, decodeRecordSet } from './record-set.js'

/** What a fetch has brought of one partition. */
export interface FetchedBatch {
  /** The offset that was asked for. */
  readonly from: bigint
  /** Sound records, at most `MAX_RECORDS`, without control records and those of aborted transactions. May be empty. */
  readonly records: readonly ConsumedRecord[]
  /**
   * The offset to read next: behind everything that was read, also what is not handed over and what compaction
   * removed.
   */
  readonly position: bigint
  /** What stands at `position` cannot be decoded: the partition gets no further until a seek beyond it. */
  readonly corrupt: CorruptBatch | undefined
}

/** Records that are handed over at once: about as many as a megabyte holds. The next fetch begins behind them. */
const MAX_RECORDS = 100_000

export async function decodeFetched (
  from: bigint, { records: bytes, aborted, highWatermark }: FetchedPartition, options: DecodeOptions
): Promise<FetchedBatch> {
  const { batches, end, damage } = await decodeRecordSet(bytes, options)
  const visible = visibleRecords(withoutAborted(batches, aborted), from)
  const tooMany = visible[MAX_RECORDS]
  const position = tooMany?.offset ?? (end > from ? end : from)
  return {
    from,
    records: tooMany === undefined ? visible : visible.slice(0, MAX_RECORDS),
    position,
    // Damage lies behind everything that is sound, and is told with the last of that.
    corrupt: damage === undefined || tooMany !== undefined ? undefined : corruptBatch(damage, position, highWatermark)
  }
}

function corruptBatch ({ nextOffset, error }: Damage, position: bigint, highWatermark: bigint): CorruptBatch {
  return {
    // Nothing proves the offset in the batch's own header; where reading stopped is certain.
    offset: position,
    nextOffset: nextOffset > position && nextOffset <= highWatermark ? nextOffset : -1n,
    error
  }
}

function visibleRecords (batches: readonly RecordBatch[], from: bigint): readonly ConsumedRecord[] {
  const visible: ConsumedRecord[] = []
  for (const batch of batches) {
    if (batch.control) continue
    // Kafka hands out whole batches: the first one may begin before the offset that was asked for.
    const first = Number(from - batch.baseOffset)
    for (const record of batch.records) {
      if (record.offsetDelta >= first && visible.push(record) > MAX_RECORDS) return visible
    }
  }
  return visible
}
