import { crc32c } from './crc32c.js'
import { type LookupCodec, MAX_DECOMPRESSED } from './decompress.js'
import { CRC_START, endOfBatch, readBatch, RecordBatch } from './record-batch.js'
import { toError } from '../../../to-error.js'

/** What a partition's part of a fetch response holds. */
export interface RecordSet {
  readonly batches: readonly RecordBatch[]
  /** The offset behind the last of `batches`; −1 without one. */
  readonly end: bigint
  /** Set when the batch behind them cannot be decoded. */
  readonly damage: Damage | undefined
}

export interface Damage {
  readonly error: Error
  /** The offset behind the damaged batch by its own header; −1 when that cannot be read. */
  readonly nextOffset: bigint
}

export interface DecodeOptions {
  readonly lookupCodec: LookupCodec
  /** Whether a batch whose checksum is wrong counts as damaged. */
  readonly checkCrcs: boolean
}

/** Never rejects: it gives the sound batches, and the damage behind them if there is any. */
export async function decodeRecordSet (set: Buffer, { lookupCodec, checkCrcs }: DecodeOptions): Promise<RecordSet> {
  const bytes = ownBytes(set)
  const batches: RecordBatch[] = []
  let end = -1n
  let inflated = 0
  let start = 0
  // Many small batches may inflate to too much together: the next fetch begins with what is left out here.
  while (start < bytes.length && inflated < MAX_DECOMPRESSED) {
    const next = endOfBatch(bytes, start)
    // Kafka cuts a set at the size that was asked for, but never its first batch.
    if (next > bytes.length && start > 0) break

    let nextOffset = -1n
    try {
      if (next > bytes.length) throw new Error('the first batch is longer than its set')
      const own = bytes.subarray(start, next)
      const batch = new RecordBatch(own)
      nextOffset = batch.nextOffset
      if (batch.baseOffset < end) throw new Error('a batch begins before the end of the last one')
      if (checkCrcs && crc32c(own, CRC_START) !== batch.crc) throw new Error('the checksum of a batch is wrong')
      inflated += await readBatch(own, batch, lookupCodec)
      batches.push(batch)
      end = nextOffset
    } catch (err) {
      return { batches, end, damage: { error: toError(err), nextOffset } }
    }
    start = next
  }
  return { batches, end, damage: undefined }
}

/** The offset behind the last whole batch, without a look at the records; undefined when the headers do not tell. */
export function endOfSet (bytes: Buffer): bigint | undefined {
  let end: bigint | undefined
  let start = 0
  for (let next = endOfBatch(bytes, start); next <= bytes.length; next = endOfBatch(bytes, start)) {
    try {
      end = new RecordBatch(bytes.subarray(start, next)).nextOffset
    } catch {
      return undefined
    }
    start = next
  }
  return end
}

/**
 * Records are views: the last one that waits in a queue keeps all bytes of its partition's set alive. The fetch size
 * bounds that, and copying each record would cost more than decoding it. But a set that is a small part of its
 * response is copied here, once, or a slow partition would keep what the fast ones beside it have long done with.
 */
function ownBytes (set: Buffer): Buffer {
  return set.length * 2 < set.buffer.byteLength ? Buffer.from(set) : set
}
