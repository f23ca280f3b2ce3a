import { setImmediate as turn } from 'node:timers/promises'
import type { Codecs } from '../../compression/codec.js'
import { compressionOf, decompress } from './decompress.js'
import { type FetchedRecord, readRecords } from './record.js'

/** Base offset and length, which the length does not count. */
export const PREFIX = 12
/** Everything in front of the records. */
export const HEADER_LENGTH = 61
/** The attributes: the checksum covers everything from here on. */
export const CRC_START = 21

const APPEND_TIME_FLAG = 0x08
const TRANSACTIONAL_FLAG = 0x10
const CONTROL_FLAG = 0x20

/**
 * A batch of message format 2, the only one since Kafka 0.11. Its constructor reads the header and throws when that
 * is damaged.
 */
export class RecordBatch {
  readonly baseOffset: bigint
  /** Behind everything that the batch ever held: compaction may have removed its last records, or all of them. */
  readonly nextOffset: bigint
  readonly count: number
  readonly baseTimestamp: number
  /** Timestamp of all its records, when the topic takes the broker's time. */
  readonly appendTime: number | undefined
  readonly producerId: bigint
  readonly transactional: boolean
  readonly control: boolean
  readonly compression: number
  readonly crc: number
  records: readonly FetchedRecord[] = []

  constructor (bytes: Buffer) {
    const magic = bytes.readInt8(16)
    if (magic !== 2) throw new Error(`message format ${magic} is not supported`)
    const attributes = bytes.readInt16BE(21)
    const lastOffsetDelta = bytes.readInt32BE(23)
    this.baseOffset = bytes.readBigInt64BE(0)
    this.nextOffset = this.baseOffset + BigInt(lastOffsetDelta) + 1n
    this.count = bytes.readInt32BE(57)
    this.baseTimestamp = Number(bytes.readBigInt64BE(27))
    this.appendTime = (attributes & APPEND_TIME_FLAG) === 0 ? undefined : Number(bytes.readBigInt64BE(35))
    this.producerId = bytes.readBigInt64BE(43)
    this.transactional = (attributes & TRANSACTIONAL_FLAG) !== 0
    this.control = (attributes & CONTROL_FLAG) !== 0
    this.compression = compressionOf(attributes)
    this.crc = bytes.readUInt32BE(17)
    if (bytes.readInt32BE(8) < HEADER_LENGTH - PREFIX) throw new Error('a batch is shorter than its header')
    if (this.baseOffset < 0n || lastOffsetDelta < 0 || this.count < 0) {
      throw new Error('a batch has a negative offset or count')
    }
  }
}

/** Returns where the batch at `start` ends; beyond the bytes when it is cut. */
export function endOfBatch (bytes: Buffer, start: number): number {
  if (bytes.length - start < PREFIX) return Infinity
  return start + PREFIX + Math.max(bytes.readInt32BE(start + 8), HEADER_LENGTH - PREFIX)
}

/** Fills in the records. Resolves with the bytes that it decompressed, which are at most `room`. */
export async function readBatch (bytes: Buffer, batch: RecordBatch, codecs: Codecs, room: number): Promise<number> {
  const isCompressed = batch.compression !== 0
  // Compaction leaves batches without any record, and then nothing to decompress.
  if (isCompressed && batch.count === 0) return 0
  const payload = bytes.subarray(HEADER_LENGTH)
  const records = isCompressed ? await decompress(payload, batch.compression, codecs, room) : payload
  const reading = readRecords(records, batch)
  let step = reading.next()
  while (step.done !== true) {
    await turn()
    step = reading.next()
  }
  batch.records = step.value
  return isCompressed ? records.length : 0
}
