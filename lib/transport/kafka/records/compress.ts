import { type Codecs, type Compression, COMPRESSIONS } from '../../compression/codec.js'
import { type BatchRecord, type CompressedRecords, encodeRecords } from './encode-batch.js'

export type CompressRecords = (records: readonly BatchRecord[]) => Promise<CompressedRecords>

/** Undefined for `none`. Throws `FASTSTREAM_ERR_CODEC` when the codec is not installed. */
export function recordsCompressor (compression: Compression, codecs: Codecs): CompressRecords | undefined {
  if (compression === 'none') return undefined
  const compress = codecs.writer(compression)
  return async function compressRecords (records) {
    const bytes = await compress(encodeRecords(records))
    return { compression: COMPRESSIONS.indexOf(compression), bytes }
  }
}
