import { encodeRecord } from '../support/encode-record.js'

/* Record batches of format 2 as a broker sees them: it reads the header, checks the CRC and writes offsets, no more. */

const HEADER = 61
const TRANSACTIONAL = 0x10
const CONTROL = 0x20

export interface BatchHeader {
  readonly count: number
  readonly producerId: bigint
  readonly producerEpoch: number
  readonly baseSequence: number
  readonly transactional: boolean
  readonly control: boolean
}

/** What a broker has appended. Replicas share it. */
export interface StoredBatch extends BatchHeader {
  readonly bytes: Buffer
  readonly baseOffset: number
  readonly nextOffset: number
  readonly leaderEpoch: number
  /** Virtual time of the append. */
  readonly at: number
  /** ms since the epoch, by its producer */
  readonly maxTimestamp: number
}

export class CorruptBatchError extends Error {}

/** Throws a `CorruptBatchError` for what a broker refuses. */
export function readHeader (bytes: Buffer): BatchHeader {
  if (bytes.length < HEADER || bytes.readInt8(16) !== 2 || bytes.readInt32BE(8) !== bytes.length - 12) {
    throw new CorruptBatchError('the batch is no batch of format 2, or is not alone')
  }
  if (bytes.readUInt32BE(17) !== crc32c(bytes.subarray(21))) throw new CorruptBatchError('the CRC is wrong')
  const attributes = bytes.readInt16BE(21)
  const count = bytes.readInt32BE(57)
  if (count <= 0 || bytes.readInt32BE(23) !== count - 1) throw new CorruptBatchError('the number of records is wrong')
  return {
    count,
    producerId: bytes.readBigInt64BE(43),
    producerEpoch: bytes.readInt16BE(51),
    baseSequence: bytes.readInt32BE(53),
    transactional: (attributes & TRANSACTIONAL) !== 0,
    control: (attributes & CONTROL) !== 0
  }
}

/** The batch as it is in the log. Offset and leader's epoch are not part of the CRC. */
export function append (
  bytes: Buffer, header: BatchHeader, baseOffset: number, leaderEpoch: number, at: number
): StoredBatch {
  const own = Buffer.from(bytes)
  own.writeBigInt64BE(BigInt(baseOffset), 0)
  own.writeInt32BE(leaderEpoch, 12)
  return {
    ...header,
    bytes: own,
    baseOffset,
    nextOffset: baseOffset + header.count,
    leaderEpoch,
    at,
    maxTimestamp: Number(own.readBigInt64BE(35))
  }
}

export interface PlainRecord {
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly headers?: ReadonlyArray<readonly [string, Buffer | null]>
}

export interface Writer {
  readonly producerId: bigint
  readonly producerEpoch: number
  readonly baseSequence: number
  readonly transactional?: boolean
  readonly control?: boolean
}

/** A batch as a producer sends it. */
export function encodeBatch (
  records: readonly PlainRecord[],
  { producerId, producerEpoch, baseSequence, transactional = false, control = false }: Writer,
  timestamp: number
): Buffer {
  const body = records.map(({ key, value, headers = [] }, offsetDelta) => encodeRecord({
    offsetDelta, timestampDelta: 0, key, value, headers
  }))
  const bytes = Buffer.concat([Buffer.alloc(HEADER), ...body])
  bytes.writeInt32BE(bytes.length - 12, 8)
  bytes.writeInt32BE(-1, 12)
  bytes.writeInt8(2, 16)
  bytes.writeInt16BE((transactional ? TRANSACTIONAL : 0) | (control ? CONTROL : 0), 21)
  bytes.writeInt32BE(records.length - 1, 23)
  bytes.writeBigInt64BE(BigInt(timestamp), 27)
  bytes.writeBigInt64BE(BigInt(timestamp), 35)
  bytes.writeBigInt64BE(producerId, 43)
  bytes.writeInt16BE(producerEpoch, 51)
  bytes.writeInt32BE(baseSequence, 53)
  bytes.writeInt32BE(records.length, 57)
  bytes.writeUInt32BE(crc32c(bytes.subarray(21)), 17)
  return bytes
}

/** The end of a transaction. */
export function endMarker (commit: boolean, producerId: bigint, timestamp: number): Buffer {
  const key = Buffer.from([0, 0, 0, commit ? 1 : 0])
  return encodeBatch(
    [{ key, value: Buffer.alloc(6) }],
    { producerId, producerEpoch: 0, baseSequence: -1, transactional: true, control: true },
    timestamp
  )
}

/**
 * The only record of a control batch has the key `version, type`: behind the record's length, attributes, two deltas
 * and the key's length.
 */
export function isAbort (bytes: Buffer): boolean {
  return bytes.readInt16BE(HEADER + 5 + 2) === 0
}

/** The records of a batch that is not compressed. */
export function readRecords (
  { bytes, count }: Pick<StoredBatch, 'bytes' | 'count'>
): Array<Required<PlainRecord> & { readonly timestamp: number }> {
  let position = HEADER
  const int = (): number => {
    let value = 0n
    for (let shift = 0n; ; shift += 7n) {
      const byte = bytes[position++]!
      value |= BigInt(byte & 0x7f) << shift
      if (byte < 0x80) return Number((value >> 1n) ^ -(value & 1n))
    }
  }
  const field = (): Buffer | null => {
    const length = int()
    if (length < 0) return null
    position += length
    return bytes.subarray(position - length, position)
  }
  return Array.from({ length: count }, () => {
    int()
    position++
    const timestamp = Number(bytes.readBigInt64BE(27)) + int()
    int()
    const [key, value] = [field(), field()]
    const headers = Array.from({ length: int() }, () => [String(field()), field()] as const)
    return { key, value, headers, timestamp }
  })
}

const TABLE = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte
  for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ ((crc & 1) === 1 ? 0x82f63b78 : 0)
  return crc
})

/** CRC-32C (Castagnoli). */
export function crc32c (bytes: Buffer): number {
  let crc = 0xffffffff
  for (let i = 0; i < bytes.length; i++) crc = TABLE[(crc ^ bytes[i]!) & 0xff]! ^ (crc >>> 8)
  return (crc ^ 0xffffffff) >>> 0
}
