import { MAX_DECOMPRESSED } from '../../kafka/records/decompress.js'
import type { LookupCodec } from '../../kafka/records/decompress.js'
import { endOfBatch, readBatch, RecordBatch } from '../../kafka/records/record-batch.js'

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

/** The part of kafkajs's `Decoder` that we use. */
export interface ResponseDecoder {
  readonly buffer: Buffer
  offset: number
  readInt32 (): number
  canReadBytes (length: number): boolean
}

/**
 * Stands in for `src/protocol/requests/fetch/v4/decodeMessages.js`, which reads the records for every fetch version
 * from 4 on. It never rejects: kafkajs ends a consumer for that, and again after each restart. It gives the sound
 * batches and the damage behind them, if any. kafkajs's own decoder never sees the bytes: some make it run out
 * of memory, and many headers stop it for seconds.
 */
export function recordSetDecoder (lookupCodec: LookupCodec) {
  return async function decodeMessages (decoder: ResponseDecoder): Promise<RecordSet> {
    const size = decoder.readInt32()
    if (size <= 0 || !decoder.canReadBytes(size)) return { batches: [], end: -1n, damage: undefined }
    const start = decoder.offset
    decoder.offset += size
    return decodeRecordSet(ownBytes(decoder.buffer.subarray(start, start + size)), lookupCodec)
  }
}

async function decodeRecordSet (bytes: Buffer, lookupCodec: LookupCodec): Promise<RecordSet> {
  const batches: RecordBatch[] = []
  let end = -1n
  let inflated = 0
  let start = 0
  // Many small batches may inflate to too much together: what is left out is the beginning of the next fetch.
  while (start < bytes.length && inflated < MAX_DECOMPRESSED) {
    const next = endOfBatch(bytes, start)
    // Kafka cuts a set at the size that was asked for, but never its first batch.
    if (next > bytes.length && start > 0) break

    let nextOffset = -1n
    try {
      if (next > bytes.length) throw new Error('the first batch is longer than its set')
      const batch = new RecordBatch(bytes.subarray(start, next))
      nextOffset = batch.nextOffset
      if (batch.baseOffset < end) throw new Error('a batch begins before the end of the last one')
      inflated += await readBatch(bytes.subarray(start, next), batch, lookupCodec)
      batches.push(batch)
      end = nextOffset
    } catch (err) {
      return { batches, end, damage: { error: err as Error, nextOffset } }
    }
    start = next
  }
  return { batches, end, damage: undefined }
}

/**
 * Records are views: the last one that waits in a queue keeps all bytes of its partition's set alive. That is bounded
 * by the fetch size, and copying each record would cost more than decoding it. But a set that is a small part of its
 * response is copied here, once, or a slow partition would keep what the fast ones beside it have long done with.
 */
function ownBytes (set: Buffer): Buffer {
  return set.length * 2 < set.buffer.byteLength ? Buffer.from(set) : set
}
