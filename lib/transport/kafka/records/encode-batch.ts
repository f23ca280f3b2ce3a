import type { RawHeader } from '../../transport.js'
import { crc32c } from './crc32c.js'
import { encodeRecord } from './encode.js'
import { CRC_START, HEADER_LENGTH, PREFIX } from './record-batch.js'

export interface BatchRecord {
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly headers: readonly RawHeader[]
  /** ms since the epoch */
  readonly timestamp: number
}

/** Producer id and number of the first record, by which a leader recognises a batch that it has stored already. */
export interface Sequence {
  readonly producerId: bigint
  readonly producerEpoch: number
  readonly firstSequence: number
}

/** What `encodeRecords` gives, compressed. */
export interface CompressedRecords {
  /** The codec's number in the attributes. */
  readonly compression: number
  readonly bytes: Buffer
}

/** The part of a batch behind its header. */
export function encodeRecords (records: readonly BatchRecord[]): readonly Buffer[] {
  const baseTimestamp = records[0]?.timestamp ?? 0
  return records.map(({ key, value, headers, timestamp }, offsetDelta) => (
    encodeRecord({ key, value, headers, offsetDelta, timestampDelta: timestamp - baseTimestamp })))
}

/** One batch of message format 2. Its leader fills in offsets and epoch, which the checksum leaves out. */
export function encodeBatch (
  records: readonly BatchRecord[],
  { producerId, producerEpoch, firstSequence }: Sequence,
  compressed?: CompressedRecords
): Buffer {
  const timestamps = records.map(({ timestamp }) => timestamp)
  const [baseTimestamp = 0] = timestamps
  const header = Buffer.alloc(HEADER_LENGTH)
  const payload = compressed === undefined ? encodeRecords(records) : [compressed.bytes]
  const bytes = Buffer.concat([header, ...payload])
  bytes.writeInt32BE(bytes.length - PREFIX, 8)
  bytes.writeInt8(2, 16) // magic
  bytes.writeInt16BE(compressed?.compression ?? 0, CRC_START) // attributes
  bytes.writeInt32BE(records.length - 1, 23) // last offset delta
  bytes.writeBigInt64BE(BigInt(baseTimestamp), 27)
  bytes.writeBigInt64BE(BigInt(timestamps.reduce((max, timestamp) => Math.max(max, timestamp))), 35)
  bytes.writeBigInt64BE(producerId, 43)
  bytes.writeInt16BE(producerEpoch, 51)
  bytes.writeInt32BE(firstSequence, 53)
  bytes.writeInt32BE(records.length, 57)
  bytes.writeUInt32BE(crc32c(bytes, CRC_START), 17)
  return bytes
}
