import type { ConsumedRecord, TopicPartition, TopicPartitionOffset } from './transport.js'

/**
 * Test of the names of topics.
 *
 * @example
 * const isOfOrders: TopicTest = (topic) => topic.startsWith('orders.')
 */
export type TopicTest = (topic: string) => boolean

/**
 * Options of a consumer.
 *
 * @example
 * const consumer = transport.consumer({
 *   groupId: 'shop', topics: ['orders'], offsetReset: 'earliest', sessionTimeout: 30_000, rebalanceTimeout: 60_000
 * }, listener)
 */
export interface ConsumerOptions {
  /** Name of the group. `null`: no group; all partitions are owned, and offsets are kept while the consumer lives. */
  readonly groupId: string | null
  /**
   * Names of topics, and tests of names. A topic that does not exist delays nothing, and is read once it exists. A
   * topic that begins to match a test while the consumer runs is read from its start.
   */
  readonly topics: ReadonlyArray<string | TopicTest> | TopicTest
  /**
   * Partitions chosen by hand, of each of the topics: exactly these are owned, and rebalances of the group do not move
   * them. With a `groupId`, offsets are read from and stored in that group, which must have no members.
   */
  readonly partitions?: readonly number[] | undefined
  /**
   * Positions at which reading begins, whatever the group has stored. A position counts until its partition is
   * committed or belongs to another member. A position that the log does not hold is treated as such a stored offset.
   */
  readonly positions?: readonly TopicPartitionOffset[] | undefined
  /**
   * Beginning of a partition for which the group has no offset, or an offset that the log does not hold. A partition
   * that was added to a topic which the group has offsets of begins at its start. `fail` stops a partition whose offset
   * the log does not hold, and is as `earliest` without an offset. With `timestamp` (ms since the epoch) it begins at
   * the first record whose timestamp is not smaller, and as `latest` where there is none.
   */
  readonly offsetReset: 'earliest' | 'latest' | 'fail' | { readonly timestamp: number }
  /** `read_uncommitted`: records are read before their transaction has ended. @default 'read_committed' */
  readonly isolationLevel?: 'read_committed' | 'read_uncommitted'
  /** Time that the group waits for a member's drain before it goes on without the member, ms. */
  readonly rebalanceTimeout: number
  /** Time that a silent member stays in the group, ms. */
  readonly sessionTimeout: number
  /** Time from one heartbeat to the next, ms. @default a third of `sessionTimeout`, at most 1000 */
  readonly heartbeatInterval?: number
  /** Name of a static member (KIP-345): the group knows it across restarts, which then make no rebalance. */
  readonly groupInstanceId?: string
  /** Rack of the consumer (KIP-392): partitions are read from a replica in it, where the cluster offers one. */
  readonly rack?: string
  readonly fetch?: FetchOptions
  /** True when a batch with a wrong checksum is corrupt. @default true */
  readonly checkCrcs?: boolean
}

/**
 * Bounds of one fetch, a request that asks one node for records of all its partitions. A record that is larger than the
 * bounds is fetched all the same.
 *
 * @example
 * const fetch: FetchOptions = { minBytes: 64 * 1024, maxWait: 1000 }
 * app.broker.subscriber('clicks', { fetch }, countClick)
 */
export interface FetchOptions {
  /** Size for which the node waits, bytes. @default 1 */
  readonly minBytes?: number | undefined
  /** Largest answer, bytes. @default 10 MiB */
  readonly maxBytes?: number | undefined
  /** Largest part of an answer that is of one partition, bytes. @default 1 MiB */
  readonly maxBytesPerPartition?: number | undefined
  /** Time that the node may wait for `minBytes`, ms; at most 60 s. @default 250 */
  readonly maxWait?: number | undefined
}

/**
 * Plugin's side of a consumer. A transport calls it. Every method but `revoking` returns at once and never throws.
 *
 * @example
 * listener.assigned([{ topic: 'orders', partition: 0 }])
 * listener.records('orders', 0, records, position)
 */
export interface ConsumerListener {
  /**
   * Begins a generation. The member owns exactly these partitions, and what it owned before is void. Records are read
   * from the committed offsets.
   */
  assigned (partitions: readonly TopicPartition[]): void
  /**
   * Announces a rebalance. The member is still of the old generation: commits are still taken. The transport keeps the
   * membership alive, rejoins when the promise settles, and calls `assigned`. When the member is evicted meanwhile, the
   * transport calls `lost`, and may call `assigned` before the promise settles.
   */
  revoking (): Promise<void>
  /** Ends ownership without a warning (evicted, crashed): commits are refused. `assigned` is called later. */
  lost (): void
  /**
   * Takes records of one owned partition, in the order of their offsets, each offset at most once per generation, and
   * at most 100 000 at once. `position` is the offset to read next: beyond the last record, and beyond control records,
   * which are never handed over (then `records` may be empty). A partition that does not begin at the group's stored
   * offset is announced in the same way, with no records. That position is to be committed before the first record:
   * from then on the group notices when the log loses records that were not read.
   */
  records (topic: string, partition: number, records: readonly ConsumedRecord[], position: bigint): void
  /** Announces records from the offset that the group has stored, with its metadata. Called before they come. */
  stored (topic: string, partition: number, offset: bigint, metadata: string | null): void
  /**
   * Reports a batch that cannot be decoded. The transport has stopped reading that partition until `seek`, and has
   * handed over nothing of the batch.
   */
  corrupt (topic: string, partition: number, batch: CorruptBatch): void
  /**
   * Reports that the group's offset is not in the log. After it records are read from `reset.position`; without a
   * position the partition is not read until `seek`.
   */
  reset (topic: string, partition: number, reset: OffsetReset): void
  /**
   * Reports that the client broke, or cannot reach the cluster. The transport replaces it by itself. `again` is false
   * when it has ended for good, because the cluster would refuse it again.
   */
  failed (error: Error, again?: boolean): void
}

/**
 * Place in a log: its start, its end, or a time, ms since the epoch.
 *
 * @example
 * const offsets = await consumer.offsets({ timestamp: Date.now() - 60_000 })
 */
export type LogPlace = 'start' | 'end' | { readonly timestamp: number }

/**
 * Offset that a group stores for a partition: the offset to read next, and a text of its members.
 *
 * @example
 * await consumer.commit([{ topic: 'orders', partition: 0, offset: 42n }])
 */
export interface StoredOffset extends TopicPartitionOffset {
  /** Text of at most 4096 bytes. A cluster that takes no such text may drop it. */
  readonly metadata?: string
}

/**
 * Batch that cannot be decoded.
 *
 * @example
 * listener.corrupt('orders', 0, { offset: 42n, nextOffset: -1n, error: new Error('wrong checksum') })
 */
export interface CorruptBatch {
  readonly offset: bigint
  /** Offset behind the batch; −1 when it cannot be known. */
  readonly nextOffset: bigint
  readonly error: Error
}

/**
 * Stored offset that is not in the log.
 *
 * @example
 * listener.reset('orders', 0, { stored: 3n, start: 10n, end: 20n, position: 10n })
 */
export interface OffsetReset {
  readonly stored: bigint
  /** First offset that the log holds. */
  readonly start: bigint
  /** Offset behind the last one that the log holds. */
  readonly end: bigint
  /** Position at which reading goes on; undefined: the partition is not read. */
  readonly position: bigint | undefined
}

/**
 * Progress of reading, as far as the cluster has told.
 *
 * @example
 * const { position, end } = consumer.progress({ topic: 'orders', partition: 0 })
 */
export interface PartitionProgress {
  /** Offset to read next. */
  readonly position: bigint | undefined
  /** Offset that the next record of the log will have. */
  readonly end: bigint | undefined
  /**
   * Time at which the cluster told of records that are not handed over yet, ms of `performance.now()`; undefined when
   * there are none, and where the transport does not tell.
   */
  readonly behindSince?: number | undefined
}

/**
 * Consumer: one member of a group, or a reader without one.
 *
 * @example
 * const consumer = transport.consumer(options, listener)
 * await consumer.start()
 */
export interface TransportConsumer {
  /**
   * Joins the group. Resolves when the beginning of reading is known: messages that are published later are read.
   * Rejects when the cluster refuses for good (authentication, authorization).
   */
  start (): Promise<void>
  /**
   * Replaces the topics of a consumer that was started; there must be at least one. A new generation begins, also when
   * the topics are the same: `revoking` and `assigned` are called as in every rebalance. Resolves when the new topics
   * are read, as `start` does. Added topics begin as at a start. It may be called again before it has resolved: the
   * last call counts. Rejects, and keeps the earlier topics, when the cluster refuses one of the new ones for good.
   * Rejects, too, when the consumer is closed meanwhile. `positions`: where the new generation begins to read its
   * partitions, as `ConsumerOptions.positions`; other partitions go on.
   */
  subscribe (topics: ConsumerOptions['topics'], positions?: ConsumerOptions['positions']): Promise<void>
  /**
   * Asks the cluster for an offset of each owned partition: the start or the end of its log, or the first record of a
   * time or later, and the end where there is none. Rejects when a partition has no leader that answers.
   */
  offsets (at: LogPlace): Promise<readonly TopicPartitionOffset[]>
  /** Stops the records of a partition until `resume`. Records that were handed over stay handed over. */
  pause (partition: TopicPartition): void
  resume (partition: TopicPartition): void
  /** Reads on from `offset` in an owned partition that `corrupt`, or `reset` without a position, has stopped. */
  seek (partition: TopicPartitionOffset): void
  /** Returns the progress of an owned partition, without a request to the cluster. */
  progress (partition: TopicPartition): PartitionProgress
  /** Returns those of its topics that it names and the cluster does not have, as far as it has told. */
  missing (): readonly string[]
  /**
   * Time at which the last request was sent that the group's coordinator (without a group: the cluster) has answered,
   * ms of `performance.now()`; 0 before the first one.
   */
  readonly lastContact: number
  /**
   * Reason why the group's coordinator (without a group: the cluster) is not reached, as long as that is so: a start
   * that times out meanwhile has failed. Without one, the start waits for what the cluster does, such as for members of
   * the group that died, and goes on in the background.
   */
  readonly unreached?: Error | undefined
  /**
   * Stores the offsets to read next, for the generation in which it is called. Rejects with a `GenerationLostError`
   * when the group has moved on: then it is not tried again.
   */
  commit (offsets: readonly StoredOffset[]): Promise<void>
  /** Stops reading; the consumer stays a member, so that commits are still taken. */
  stop (): void
  /**
   * Leaves the group at once. Never rejects, may be called twice, also while `start` is under way; afterwards no
   * listener is called.
   */
  close (): Promise<void>
}
