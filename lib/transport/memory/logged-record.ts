import { toUSVString } from 'node:util'
import { utf8 } from '../../utf8.js'
import type { ConsumedRecord, ProducedRecord, RawHeader } from '../transport.js'

/** Bytes of a record in Kafka's format beside key, value and headers, with a batch around it, about. */
const OVERHEAD = 72
/** Length of what is null. */
const NONE = -1

/**
 * A record with key, value and headers in one block of bytes. The block is copied on its way into the log and out of
 * it: a publisher or handler that changes its Buffers must not change the log. One block, because a Buffer for each
 * part costs more than all other work on a small message.
 */
export class LoggedRecord implements ConsumedRecord {
  readonly topic: string
  readonly partition: number
  readonly timestamp: number
  /** Set by the log that appends it. */
  offset = -1n
  /** Bytes that the record takes in a batch. */
  readonly size: number
  readonly #bytes: Buffer
  readonly #parts: Parts
  #headers: readonly RawHeader[] | undefined

  private constructor ({ topic, partition, timestamp }: Place, bytes: Buffer, parts: Parts, size: number) {
    this.topic = topic
    this.partition = partition
    this.timestamp = timestamp
    this.size = size
    this.#bytes = bytes
    this.#parts = parts
  }

  static of (record: ProducedRecord): LoggedRecord {
    const { key, value, headers } = record
    const parts: Parts = {
      keyLength: lengthOf(key),
      valueLength: lengthOf(value),
      // A name is UTF-8 on the wire, and what cannot be written as such comes back as U+FFFD.
      names: headers.map(([name]) => toUSVString(name)),
      lengths: headers.map(([, bytes]) => lengthOf(bytes))
    }
    let length = held(parts.keyLength) + held(parts.valueLength)
    let size = OVERHEAD
    for (const [i, name] of parts.names.entries()) {
      length += held(parts.lengths[i] as number)
      size += Buffer.byteLength(name)
    }
    const bytes = Buffer.allocUnsafe(length)
    let end = append(bytes, append(bytes, 0, key), value)
    for (const [, header] of headers) end = append(bytes, end, header)
    return new LoggedRecord(record, bytes, parts, size + length)
  }

  /** The same record with bytes of its own. */
  copy (): LoggedRecord {
    const bytes = Buffer.allocUnsafe(this.#bytes.length)
    this.#bytes.copy(bytes)
    const copy = new LoggedRecord(this, bytes, this.#parts, this.size)
    copy.offset = this.offset
    return copy
  }

  get key (): Buffer | null {
    return this.#part(0, this.#parts.keyLength)
  }

  get value (): Buffer | null {
    return this.#part(this.#valueStart, this.#parts.valueLength)
  }

  get headers (): readonly RawHeader[] {
    this.#headers ??= this.#readHeaders()
    return this.#headers
  }

  get headerCount (): number {
    return this.#parts.names.length
  }

  valueText (): string | null | undefined {
    const { valueLength } = this.#parts
    return valueLength === NONE ? null : utf8(this.#bytes, this.#valueStart, this.#valueStart + valueLength)
  }

  headerText (name: string): string | undefined {
    const { names, lengths } = this.#parts
    const last = names.lastIndexOf(name)
    const length = lengths[last] ?? NONE
    if (length === NONE) return undefined
    let start = this.#headersStart
    for (let i = 0; i < last; i++) start += held(lengths[i] as number)
    return this.#bytes.toString('utf8', start, start + length)
  }

  get #valueStart (): number {
    return held(this.#parts.keyLength)
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
      return [this.#parts.names[i] as string, value]
    })
  }
}

type Place = Pick<ProducedRecord, 'topic' | 'partition' | 'timestamp'>

interface Parts {
  readonly keyLength: number
  readonly valueLength: number
  readonly names: readonly string[]
  readonly lengths: readonly number[]
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
