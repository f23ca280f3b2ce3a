import { utf8 } from '../../../utf8.js'
import type { ConsumedRecord, RawHeader } from '../../transport.js'
import { ByteReader } from './byte-reader.js'
import {
  findHeader, isTypeAt, mayHave, readHeaderCount, readHeaders, skipHeaders, TYPE_NAME, valueTextAt
} from './headers.js'
import type { RecordBatch } from './record-batch.js'

/**
 * A record that knows where its parts are. Its constructor checks every length and throws, its getters cannot; parts
 * that are not read cost nothing. Key, value and header values are views of the fetched bytes (see `record-set.ts`).
 */
export class FetchedRecord implements ConsumedRecord {
  readonly size: number
  readonly #bytes: Buffer
  readonly #batch: RecordBatch
  readonly #timestampDelta: number
  /** Distance from the batch's base offset: the bigint is made on demand. */
  readonly offsetDelta: number
  readonly #keyStart: number
  readonly #keyLength: number
  readonly #valueStart: number
  readonly #valueLength: number
  readonly headerCount: number
  /** Lengths of the names of the headers, as a set of bits. */
  readonly #nameLengths: number
  readonly #typeMark: number
  #headers: readonly RawHeader[] | undefined

  constructor (reader: ByteReader, batch: RecordBatch) {
    const start = reader.position
    const length = reader.readVarInt()
    const end = reader.position + length
    if (length < 0 || end > reader.bytes.length) throw new Error(`a record claims ${length} bytes`)
    reader.position++ // Attributes: none is defined.
    this.#bytes = reader.bytes
    this.#batch = batch
    this.#timestampDelta = reader.readVarLong()
    this.offsetDelta = reader.readVarInt()
    this.#keyLength = reader.skipNullable(end)
    this.#keyStart = reader.position - this.#keyLength
    this.#valueLength = reader.skipNullable(end)
    this.#valueStart = reader.position - Math.max(this.#valueLength, 0)
    this.size = end - start
    this.headerCount = readHeaderCount(reader, end)
    this.#nameLengths = skipHeaders(reader, this.headerCount, end)
    this.#typeMark = reader.mark
  }

  get offset (): bigint {
    return this.#batch.baseOffset + BigInt(this.offsetDelta)
  }

  get timestamp (): number {
    return this.#batch.appendTime ?? this.#batch.baseTimestamp + this.#timestampDelta
  }

  get key (): Buffer | null {
    return this.#keyLength < 0 ? null : this.#bytes.subarray(this.#keyStart, this.#keyStart + this.#keyLength)
  }

  get value (): Buffer | null {
    return this.#valueLength < 0 ? null : this.#bytes.subarray(this.#valueStart, this.#valueStart + this.#valueLength)
  }

  valueText (): string | null | undefined {
    if (this.#valueLength < 0) return null
    return utf8(this.#bytes, this.#valueStart, this.#valueStart + this.#valueLength)
  }

  keyLatin1 (): string | null {
    if (this.#keyLength < 0) return null
    return this.#bytes.toString('latin1', this.#keyStart, this.#keyStart + this.#keyLength)
  }

  get headers (): readonly RawHeader[] {
    this.#headers ??= readHeaders(this.#atHeaders())
    return this.#headers
  }

  headerText (name: string): string | undefined {
    if (name === TYPE_NAME && isTypeAt(this.#bytes, this.#typeMark)) return valueTextAt(this.#bytes, this.#typeMark)
    return mayHave(this.#nameLengths, name) ? findHeader(this.#atHeaders(), name) : undefined
  }

  #atHeaders (): ByteReader {
    return new ByteReader(this.#bytes, this.#valueStart + Math.max(this.#valueLength, 0))
  }
}

/** Records and headers that are read in a row: a few milliseconds. */
const SLICE = 10_000
/** Of all batches together: a response may hold thousands of small ones. */
let read = 0

/**
 * The records of one batch, which are all that `bytes` hold. Throws when they are not exactly what the batch
 * announces. Yields whenever the event loop should get its turn: a megabyte can hold a hundred thousand of them,
 * compressed millions.
 */
export function * readRecords (bytes: Buffer, batch: RecordBatch): Generator<void, FetchedRecord[], void> {
  const reader = new ByteReader(bytes, 0)
  const records: FetchedRecord[] = []
  const end = Number(batch.nextOffset - batch.baseOffset)
  let next = 0
  for (let i = 0; i < batch.count; i++) {
    const record = new FetchedRecord(reader, batch)
    const { offsetDelta } = record
    if (offsetDelta < next || offsetDelta >= end) throw new Error('the offsets of a batch are not in order')
    next = offsetDelta + 1
    records.push(record)
    read += 1 + record.headerCount
    if (read < SLICE) continue
    read = 0
    yield
  }
  if (reader.position !== bytes.length) throw new Error('a batch holds more bytes than its records')
  return records
}
