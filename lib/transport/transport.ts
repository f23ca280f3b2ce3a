import type { Log } from '../log.js'

export { SendError } from './send-error.js'

/**
 * What the core asks of a client library, and nothing more. A transport knows records, partitions and groups; it knows
 * no schema, no handler and no Fastify. `memory/` and `kafkajs/` implement it and pass one conformance suite.
 */
export interface Transport {
  readonly name: string
  /**
   * Reaches the cluster. Rejects with `FASTSTREAM_ERR_CONNECT` when no broker answers by `deadline`, ms by the clock's
   * `elapsed`; else within `connectTimeout`.
   */
  connect (deadline?: number): Promise<void>
  /** Partition counts of those of `topics` that exist; the others are left out. Always asks the cluster. */
  describeTopics (topics: readonly string[]): Promise<ReadonlyMap<string, number>>
  /** Creates topics and resolves once their partitions can be written; one that exists already is no error. */
  createTopics (topics: readonly NewTopic[]): Promise<void>
  consumer (options: ConsumerOptions, listener: ConsumerListener): TransportConsumer
  producer (): TransportProducer
  /** Lets go of every connection. Never rejects, may be called twice, also when `connect` never ended. */
  close (): Promise<void>
}

export interface TransportOptions {
  readonly brokers: readonly string[]
  readonly clientId: string
  readonly ssl?: unknown
  readonly sasl?: unknown
  /** ms */
  readonly connectTimeout: number
  /** Where the client library's own log goes. */
  readonly log: TransportLog
}

export type TransportLog = Log

export interface NewTopic {
  readonly topic: string
  readonly partitions: number
  /** −1: the cluster's default. */
  readonly replicas: number
}

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
  /** How many headers there are: for a record that can tell without making them. */
  readonly headerCount?: number
}

export interface ProducedRecord extends TopicPartition {
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly headers: readonly RawHeader[]
  /** ms since the epoch */
  readonly timestamp: number
}

export interface ConsumerOptions {
  /** `null`: no group. All partitions are owned, and offsets are kept for as long as the consumer lives. */
  readonly groupId: string | null
  /**
   * Names of topics, or a test of names. A topic that does not exist delays nothing and is read once it exists. A topic
   * that begins to match the test while the consumer runs is read from its start.
   */
  readonly topics: readonly string[] | ((topic: string) => boolean)
  /**
   * Partitions chosen by hand, of each of the topics: exactly these are owned, and rebalances of the group do not move
   * them. With a `groupId` offsets are read from and stored in that group, which must have no members.
   */
  readonly partitions?: readonly number[] | undefined
  /**
   * Where reading begins in these partitions, whatever the group has stored. A position counts until its partition is
   * committed or belongs to another member. One that the log does not hold is as a stored offset that it does not hold.
   */
  readonly positions?: readonly TopicPartitionOffset[] | undefined
  /**
   * Where a partition begins for which the group has no offset, or one that the log does not hold (any more).
   * A partition that was added to a topic which the group has offsets of begins at its start. `fail` stops a partition
   * whose offset the log does not hold, and is as `earliest` where there is none.
   */
  readonly offsetReset: 'earliest' | 'latest' | 'fail'
  /** ms; how long the group waits for a member's drain before it goes on without it. */
  readonly rebalanceTimeout: number
  /** ms; how long a silent member stays in the group. */
  readonly sessionTimeout: number
  /** KIP-345: the group knows the member by this name across restarts, which then make no rebalance. */
  readonly groupInstanceId?: string
  /** KIP-392: partitions are read from a replica in this rack, where the cluster offers one. */
  readonly rack?: string
  readonly fetch?: FetchOptions
  /** Whether a batch whose checksum is wrong is corrupt; true by default. */
  readonly checkCrcs?: boolean
}

/** How a consumer reads. Each one has a default. */
export interface FetchOptions {
  readonly minBytes?: number
  readonly maxBytes?: number
  readonly maxBytesPerPartition?: number
  /** ms that a node may wait for `minBytes` */
  readonly maxWait?: number
}

/** The core's side of a consumer. Every method but `revoking` returns at once and never throws. */
export interface ConsumerListener {
  /**
   * A generation began. The member owns exactly these partitions; what it owned before is void. Records are read from
   * the committed offsets.
   */
  assigned (partitions: readonly TopicPartition[]): void
  /**
   * The group rebalances and this member is still of the old generation: commits are still taken. The transport keeps
   * the membership alive and rejoins when the promise settles. Then it calls `assigned`. When the member is evicted
   * meanwhile, the transport calls `lost`, and may call `assigned` before the promise settles.
   */
  revoking (): Promise<void>
  /** Ownership ended without a warning (evicted, crashed): commits are refused. `assigned` is called later. */
  lost (): void
  /**
   * Records of one owned partition, in the order of their offsets, each offset at most once per generation.
   * `position` is the offset to read next: beyond the last record, and beyond control records, which are never handed
   * over (then `records` may be empty). The transport tells of a partition that does not begin at the group's stored
   * offset in the same way, with no records. That position is to be committed before the first record: from then on the
   * group notices when the log loses records that were not read.
   */
  records (topic: string, partition: number, records: readonly ConsumedRecord[], position: bigint): void
  /** Records will come from the offset that the group has stored, with this metadata. Called before they do. */
  stored (topic: string, partition: number, offset: bigint, metadata: string | null): void
  /**
   * A batch cannot be decoded. The transport has stopped reading that partition until `seek`, and has handed over
   * nothing of the batch.
   */
  corrupt (topic: string, partition: number, batch: CorruptBatch): void
  /**
   * The group's offset is not in the log. After it records are read from `reset.position`; without one the partition is
   * not read until `seek`.
   */
  reset (topic: string, partition: number, reset: OffsetReset): void
  /** The client broke and is being made anew, or cannot reach the cluster; it comes back by itself. */
  failed (error: Error): void
}

/** What a group stores of a partition: the offset to read next, and a text of its members, of 4096 bytes at most. */
export interface StoredOffset extends TopicPartitionOffset {
  /** Where the cluster takes no such text, it may be left out. */
  readonly metadata?: string
}

export interface CorruptBatch {
  readonly offset: bigint
  /** The offset behind the batch; −1 when it cannot be known. */
  readonly nextOffset: bigint
  readonly error: Error
}

export interface OffsetReset {
  /** What the group had stored. */
  readonly stored: bigint
  /** What the log holds: from here… */
  readonly start: bigint
  /** …to before here. */
  readonly end: bigint
  /** Where reading goes on; undefined: nowhere. */
  readonly position: bigint | undefined
}

/** How far reading has come, as far as the cluster has told. */
export interface Progress {
  /** The offset to read next. */
  readonly position: bigint | undefined
  /** The offset that the next record of the log will have. */
  readonly end: bigint | undefined
}

export interface TransportConsumer {
  /**
   * Joins the group. Resolves when the start of reading is known: messages that are published later are read. Rejects
   * when the cluster refuses for good (authentication, authorization).
   */
  start (): Promise<void>
  /** No further records of that partition until `resume`. Records that were handed over stay handed over. */
  pause (partition: TopicPartition): void
  resume (partition: TopicPartition): void
  /** Reads on from `offset` in an owned partition that `corrupt`, or `reset` without a position, has stopped. */
  seek (partition: TopicPartitionOffset): void
  /** The progress of an owned partition, without a request to the cluster. */
  progress (partition: TopicPartition): Progress
  /** Those of its topics that the cluster does not have, as far as it has told. */
  missing (): readonly string[]
  /**
   * When a request was last sent that the group's coordinator (without a group: the cluster) has answered, ms by the
   * clock's `elapsed`; 0 before the first one.
   */
  readonly lastContact: number
  /**
   * Why the group's coordinator (without a group: the cluster) is not reached, as long as that is so. A start that
   * lasts although it is reached waits for what the cluster does, such as for members of the group that died.
   */
  readonly unreached: Error | undefined
  /**
   * Stores the offsets to read next, for the generation in which it is called.
   * Rejects with a `GenerationLostError` when the group has moved on: then it must not be tried again.
   */
  commit (offsets: readonly StoredOffset[]): Promise<void>
  /** No further `records`; stays a member, so that commits go on being taken. */
  stop (): void
  /**
   * Leaves the group at once. Never rejects, may be called twice, also while `start` is under way; afterwards no
   * listener is called.
   */
  close (): Promise<void>
}

export interface TransportProducer {
  /**
   * How many partitions a topic has: at once where it is known, and kept fresh for partitions that are added.
   * Rejects with `FASTSTREAM_ERR_UNKNOWN_TOPIC` when the cluster does not have the topic.
   */
  partitionCount (topic: string): number | Promise<number>
  /**
   * Stores all records, once and in order per partition, and resolves with their offsets, in the order given.
   * The core never calls it again before the last call settled. It repeats a failed send exactly as it was until
   * `deadline` (ms by the clock's `elapsed`). Rejects with a `SendError` that tells which records were stored and
   * whether the others may have been.
   */
  send (records: readonly ProducedRecord[], deadline: number): Promise<readonly bigint[]>
  /** Never rejects, may be called twice. */
  close (): Promise<void>
}

/** The commit came from a generation that is over. */
export class GenerationLostError extends Error {
  override readonly name = 'GenerationLostError'
}
