import type { RawHeader } from '../../transport.js'
import { crc32c } from './crc32c.js'
import { sizeOfBody, sizeOfVarInt, writeRecord } from './encode.js'
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

/** The part of a batch behind its header, in one piece, behind `offset` bytes for what stands before it. */
export function encodeRecords (records: readonly BatchRecord[], offset = 0): Buffer {
  const baseTimestamp = records[0]!.timestamp
  const bodies: number[] = []
  let size = offset
  for (let i = 0; i < records.length; i++) {
    const record = records[i]!
    const body = sizeOfBody(record, i, record.timestamp - baseTimestamp)
    size += sizeOfVarInt(body) + body
    bodies.push(body)
  }
  // Measured and then written once: a Buffer per record, and one of them all, took twice the time of this.
  const bytes = Buffer.allocUnsafe(size)
  let position = offset
  for (let i = 0; i < records.length; i++) {
    const record = records[i]!
    position = writeRecord(bytes, position, bodies[i]!, record, i, record.timestamp - baseTimestamp)
  }
  return bytes
}

/**
 * One batch of message format 2, which has one record at least. Its leader fills in offsets and epoch, which the
 * checksum leaves out.
 */
export function encodeBatch (
  records: readonly BatchRecord[],
  { producerId, producerEpoch, firstSequence }: Sequence,
  compressed?: CompressedRecords
): Buffer {
  const baseTimestamp = records[0]!.timestamp
  let maxTimestamp = baseTimestamp
  for (const { timestamp } of records) if (timestamp > maxTimestamp) maxTimestamp = timestamp
  const bytes = compressed === undefined
    ? encodeRecords(records, HEADER_LENGTH)
    : Buffer.concat([Buffer.allocUnsafe(HEADER_LENGTH), compressed.bytes])
  bytes.fill(0, 0, HEADER_LENGTH)
  bytes.writeInt32BE(bytes.length - PREFIX, 8)
  bytes.writeInt8(2, 16) // magic
  bytes.writeInt16BE(compressed?.compression ?? 0, CRC_START) // attributes
  bytes.writeInt32BE(records.length - 1, 23) // last offset delta
  bytes.writeBigInt64BE(BigInt(baseTimestamp), 27)
  bytes.writeBigInt64BE(BigInt(maxTimestamp), 35)
  bytes.writeBigInt64BE(producerId, 43)
  bytes.writeInt16BE(producerEpoch, 51)
  bytes.writeInt32BE(firstSequence, 53)
  bytes.writeInt32BE(records.length, 57)
  bytes.writeUInt32BE(crc32c(bytes, CRC_START), 17)
  return bytes
}
