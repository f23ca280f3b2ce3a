import { toUSVString } from 'node:util'
import { utf8 } from '../../utf8.js'
import type { ConsumedRecord, ProducedRecord, RawHeader } from '../transport.js'

/** Bytes of a record in Kafka's format beside key, value and headers, with a batch around it, about. */
const OVERHEAD = 72
/** Length of what is null. */
const NONE = -1

/**
 * A record whose key, value and headers are in a block of bytes, which records that are copied together share. Bytes
 * are copied on their way into the log and out of it: a publisher or handler that changes its Buffers must not change
 * the log. One block, because a Buffer for each part, or each record, costs more than the rest of a copy.
 */
export class LoggedRecord implements ConsumedRecord {
  readonly topic: string
  readonly partition: number
  readonly timestamp: number
  /** Set by the log that appends it. */
  offset = -1n
  readonly #bytes: Buffer
  /** Where the key begins in the block. */
  readonly #start: number
  readonly #parts: Parts
  #headers: readonly RawHeader[] | undefined

  private constructor ({ topic, partition, timestamp }: Place, bytes: Buffer, start: number, parts: Parts) {
    this.topic = topic
    this.partition = partition
    this.timestamp = timestamp
    this.#bytes = bytes
    this.#start = start
    this.#parts = parts
  }

  /** Records to append, with bytes of their own. */
  static of (records: readonly ProducedRecord[]): LoggedRecord[] {
    let names: HeaderNames = { list: [], bytes: 0 }
    let length = 0
    const parts = records.map((record) => {
      names = namesOf(record.headers, names)
      const part = partsOf(record, names)
      length += part.length
      return part
    })
    const bytes = Buffer.allocUnsafe(length)
    let end = 0
    return records.map((record, i) => {
      const start = end
      end = append(bytes, append(bytes, start, record.key), record.value)
      for (const [, header] of record.headers) end = append(bytes, end, header)
      return new LoggedRecord(record, bytes, start, parts[i] as Parts)
    })
  }

  /** The same records with bytes of their own. */
  static copies (records: readonly LoggedRecord[]): LoggedRecord[] {
    const bytes = Buffer.allocUnsafe(records.reduce((sum, record) => sum + record.#parts.length, 0))
    let end = 0
    return records.map((record) => {
      const copy = new LoggedRecord(record, bytes, end, record.#parts)
      copy.offset = record.offset
      end += record.#bytes.copy(bytes, end, record.#start, record.#start + record.#parts.length)
      return copy
    })
  }

  /** Bytes that the record takes in a batch. */
  get size (): number {
    return OVERHEAD + this.#parts.names.bytes + this.#parts.length
  }

  get key (): Buffer | null {
    return this.#part(this.#start, this.#parts.keyLength)
  }

  get value (): Buffer | null {
    return this.#part(this.#valueStart, this.#parts.valueLength)
  }

  get headers (): readonly RawHeader[] {
    this.#headers ??= this.#readHeaders()
    return this.#headers
  }

  get headerCount (): number {
    return this.#parts.lengths.length
  }

  valueText (): string | null | undefined {
    const { valueLength } = this.#parts
    return valueLength === NONE ? null : utf8(this.#bytes, this.#valueStart, this.#valueStart + valueLength)
  }

  keyLatin1 (): string | null {
    const { keyLength } = this.#parts
    return keyLength === NONE ? null : this.#bytes.toString('latin1', this.#start, this.#start + keyLength)
  }

  headerText (name: string): string | undefined {
    const { names, lengths } = this.#parts
    const last = names.list.lastIndexOf(name)
    const length = lengths[last] ?? NONE
    if (length === NONE) return undefined
    let start = this.#headersStart
    for (let i = 0; i < last; i++) start += held(lengths[i] as number)
    return this.#bytes.toString('utf8', start, start + length)
  }

  get #valueStart (): number {
    return this.#start + held(this.#parts.keyLength)
  }

  get #headersStart (): number {
    return this.#valueStart + held(this.#parts.valueLength)
  }

  #part (start: number, length: number): Buffer | null {
    return length === NONE ? null : this.#bytes.subarray(start, start + length)
  }

  #readHeaders (): RawHeader[] {
    let start = this.#headersStart
    return this.#parts.lengths.map((length, i) => {
      const value = this.#part(start, length)
      start += held(length)
      return [this.#parts.names.list[i] as string, value]
    })
  }
}

type Place = Pick<ProducedRecord, 'topic' | 'partition' | 'timestamp'>

interface Parts {
  readonly keyLength: number
  readonly valueLength: number
  readonly names: HeaderNames
  /** Of the values of the headers. */
  readonly lengths: readonly number[]
  /** Bytes of all parts. */
  readonly length: number
}

interface HeaderNames {
  readonly list: readonly string[]
  /** Their length on the wire. */
  readonly bytes: number
}

/** The names of headers: those of the record before where they are the same, which they mostly are. */
function namesOf (headers: readonly RawHeader[], before: HeaderNames): HeaderNames {
  const { list } = before
  if (headers.length === list.length && headers.every(([name], i) => name === list[i])) return before
  // A name is UTF-8 on the wire, and what cannot be written as such comes back as U+FFFD.
  const names = headers.map(([name]) => toUSVString(name))
  return { list: names, bytes: names.reduce((sum, name) => sum + Buffer.byteLength(name), 0) }
}

function partsOf ({ key, value, headers }: ProducedRecord, names: HeaderNames): Parts {
  const [keyLength, valueLength] = [lengthOf(key), lengthOf(value)]
  const lengths = headers.map(([, bytes]) => lengthOf(bytes))
  const length = lengths.reduce((sum, each) => sum + held(each), held(keyLength) + held(valueLength))
  return { keyLength, valueLength, names, lengths, length }
}

function lengthOf (bytes: Buffer | null): number {
  return bytes === null ? NONE : bytes.length
}

function held (length: number): number {
  return length === NONE ? 0 : length
}

function append (bytes: Buffer, start: number, part: Buffer | null): number {
  return part === null ? start : start + part.copy(bytes, start)
}
