export interface TopicPartition {
  readonly topic: string
  readonly partition: number
}

export interface TopicPartitionOffset extends TopicPartition {
  readonly offset: bigint
}

/** Kept in the order of the wire: a name may come twice, a value may be null or any bytes. */
export type RawHeader = readonly [name: string, value: Buffer | null]

/** A record as the log holds it. Its members may be decoded lazily, but reading them never throws. */
export interface ConsumedRecord {
  readonly offset: bigint
  /** ms since the epoch */
  readonly timestamp: number
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly headers: readonly RawHeader[]
  /** Bytes that it holds in memory, about. */
  readonly size: number
  /** The last value of a name, as text: for a record that can tell without making all of its headers. */
  headerText? (name: string): string | undefined
  /** Number of headers, where a record can tell it without making them. */
  readonly headerCount?: number
}

export interface ProducedRecord extends TopicPartition {
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly headers: readonly RawHeader[]
  /** ms since the epoch */
  readonly timestamp: number
}
