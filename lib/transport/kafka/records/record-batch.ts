import { setImmediate as turn } from 'node:timers/promises'
import { compressionOf, decompress } from './decompress.js'
import type { LookupCodec } from './decompress.js'
import { readRecords } from './record.js'
import type { FetchedRecord } from './record.js'

/** Base offset and length: what the length does not count. */
const prefix = 12
/** All that precedes the records. */
export const headerLength = 61

const appendTimeFlag = 0x08
const transactionalFlag = 0x10
const controlFlag = 0x20

/** A batch of message format 2, the only one since Kafka 0.11. Its constructor reads the header and throws when that is damaged. */
export class RecordBatch {
  readonly baseOffset: bigint
  /** Behind everything that the batch ever held: compaction may have removed its last records, or all of them. */
  readonly nextOffset: bigint
  readonly count: number
  readonly baseTimestamp: number
  /** Of all its records, when the topic takes the broker's time. */
  readonly appendTime: number | undefined
  readonly producerId: bigint
  readonly transactional: boolean
  readonly control: boolean
  readonly compression: number
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
    this.appendTime = (attributes & appendTimeFlag) === 0 ? undefined : Number(bytes.readBigInt64BE(35))
    this.producerId = bytes.readBigInt64BE(43)
    this.transactional = (attributes & transactionalFlag) !== 0
    this.control = (attributes & controlFlag) !== 0
    this.compression = compressionOf(attributes)
    if (bytes.readInt32BE(8) < headerLength - prefix) throw new Error('a batch is shorter than its header')
    if (this.baseOffset < 0n || lastOffsetDelta < 0 || this.count < 0) throw new Error('a batch has a negative offset or count')
  }
}

/** Where the batch at `start` ends; beyond the bytes, when it is cut. */
export function endOfBatch (bytes: Buffer, start: number): number {
  if (bytes.length - start < prefix) return Infinity
  return start + prefix + Math.max(bytes.readInt32BE(start + 8), headerLength - prefix)
}

/** Fills in the records. Resolves with the bytes that it decompressed. */
export async function readBatch (bytes: Buffer, batch: RecordBatch, lookupCodec: LookupCodec): Promise<number> {
  const isCompressed = batch.compression !== 0
  // Compaction leaves batches without any record, and then nothing to decompress.
  if (isCompressed && batch.count === 0) return 0
  const payload = bytes.subarray(headerLength)
  const records = isCompressed ? await decompress(payload, batch.compression, lookupCodec) : payload
  const reading = readRecords(records, batch)
  let step = reading.next()
  while (step.done !== true) {
    await turn()
    step = reading.next()
  }
  batch.records = step.value
  return isCompressed ? records.length : 0
}
