import { LoggedRecord } from './logged-record.js'

// One read is one batch for the core. Kafka's clients bound it by bytes, 1 MiB per partition; the bound of records
// keeps a turn of the event loop short.
const maxReadRecords = 500
const maxReadBytes = 1024 * 1024

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

  /** Returns the offset. The log keeps the record: the caller must not. */
  append (record: LoggedRecord): bigint {
    record.offset = this.end
    this.#records.push(record)
    this.#arrivals.push(record)
    for (const wake of this.#watchers) wake()
    return record.offset
  }

  /** A bounded batch from `position` on, which the log holds: at least one record, if there is one. */
  read (position: bigint): LoggedRecord[] {
    const from = Number(position)
    let to = from
    let bytes = 0
    for (; to < this.#records.length && to - from < maxReadRecords; to++) {
      bytes += (this.#records[to] as LoggedRecord).size
      if (bytes > maxReadBytes && to > from) break
    }
    return LoggedRecord.copies(this.#records.slice(from, to))
  }

  /** Calls `wake` after every append, until the function that it returns is called. */
  watch (wake: () => void): () => void {
    this.#watchers.add(wake)
    return () => { this.#watchers.delete(wake) }
  }
}
