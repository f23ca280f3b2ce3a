import type { ConsumedRecord, ProducedRecord, RawHeader } from '../transport.js'

export interface LoggedRecord extends ConsumedRecord {
  readonly partition: number
}

type Content = Pick<ProducedRecord, 'key' | 'value' | 'headers'>

// One read is one batch for the core. Kafka's clients bound it by bytes, 1 MiB per partition; the bound of records
// keeps a turn of the event loop short.
const maxReadRecords = 500
const maxReadBytes = 1024 * 1024

/** Bytes of a record in Kafka's format beside key, value and headers, with a batch around it, about. */
const overhead = 72

/** The records of one partition; the offset of a record is its place among them. */
export class PartitionLog {
  readonly topic: string
  readonly partition: number
  readonly #records: LoggedRecord[] = []
  /** All records of the topic as they arrive: its partitions share the list. */
  readonly #arrivals: LoggedRecord[]
  readonly #watchers = new Set<() => void>()
  #start = 0n

  constructor (topic: string, partition: number, arrivals: LoggedRecord[]) {
    this.topic = topic
    this.partition = partition
    this.#arrivals = arrivals
  }

  /** The offset of the first record that can be read. */
  get start (): bigint {
    return this.#start
  }

  /** The offset that the next record gets. */
  get end (): bigint {
    return BigInt(this.#records.length)
  }

  /** True when reading can go on at `offset`: else it is what Kafka calls out of range. */
  holds (offset: bigint): boolean {
    return offset >= this.start && offset <= this.end
  }

  /** The offset of the first record with this timestamp (ms since the epoch) or a later one; the end without one. */
  since (timestamp: number): bigint {
    const start = this.start
    return this.#records.find((record) => record.offset >= start && record.timestamp >= timestamp)?.offset ?? this.end
  }

  /** Deletes what is before `offset`, as Kafka's DeleteRecords. The start never moves back, nor beyond the end. */
  deleteBefore (offset: bigint): void {
    if (this.holds(offset)) this.#start = offset
  }

  /** Returns the offset. The log keeps the record's Buffers: the caller must not. */
  append (record: ProducedRecord): bigint {
    const { partition, timestamp, key, value, headers } = record
    const logged = { partition, offset: this.end, timestamp, key, value, headers, size: sizeOf(record) }
    this.#records.push(logged)
    this.#arrivals.push(logged)
    for (const wake of this.#watchers) wake()
    return logged.offset
  }

  /** A bounded batch from `position` on, which the log holds: at least one record, if there is one. */
  read (position: bigint): LoggedRecord[] {
    const from = Number(position)
    const batch: LoggedRecord[] = []
    let bytes = 0
    for (const record of this.#records.slice(from, from + maxReadRecords)) {
      bytes += record.size
      if (bytes > maxReadBytes && batch.length > 0) break
      batch.push(copyBytesOf(record))
    }
    return batch
  }

  /** Calls `wake` after every append, until the function that it returns is called. */
  watch (wake: () => void): () => void {
    this.#watchers.add(wake)
    return () => { this.#watchers.delete(wake) }
  }
}

export function sizeOf ({ key, value, headers }: Content): number {
  const headerBytes = headers.reduce((sum, [name, bytes]) => sum + Buffer.byteLength(name) + lengthOf(bytes), 0)
  return overhead + lengthOf(key) + lengthOf(value) + headerBytes
}

/** Copies bytes on their way in and out: a publisher or handler that changes its Buffers must not change the log. */
export function copyBytesOf<R extends Content> (record: R): R {
  const { key, value, headers } = record
  return { ...record, key: copy(key), value: copy(value), headers: headers.map(copyHeader) }
}

/** A name is UTF-8 on the wire, and what cannot be written as such comes back as U+FFFD. */
function copyHeader ([name, bytes]: RawHeader): RawHeader {
  return [Buffer.from(name).toString(), copy(bytes)]
}

function copy (bytes: Buffer | null): Buffer | null {
  return bytes === null ? null : Buffer.from(bytes)
}

function lengthOf (bytes: Buffer | null): number {
  return bytes === null ? 0 : bytes.length
}
