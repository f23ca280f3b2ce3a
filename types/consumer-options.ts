import type { FetchOptions } from './transport-consumer.js'

/**
 * Options of the Kafka consumer, which a subscriber inherits from the plugin. Subscribers that share a group share one
 * consumer, so they need the same values.
 *
 * The in-memory broker honours `offsetReset` and `rebalanceTimeout`. It has no transactions, nodes, racks, sessions and
 * checksums, and ignores the other options.
 *
 * @throws FASTSTREAM_ERR_INVALID_OPTION for values that are impossible, alone or together, and for an option of groups
 *   beside `groupId: null`
 * @throws FASTSTREAM_ERR_GROUP_CLASH when another subscriber of the group has another value
 * @example
 * const options: InheritedConsumerOptions = { offsetReset: 'latest', fetch: { maxWait: 100 } }
 * app.broker.subscriber('prices', { groupId: 'board', ...options }, showPrice)
 */
export interface InheritedConsumerOptions {
  /**
   * Position in a partition for which the group has no offset, or an offset that is not in the log: retention has
   * removed the records, or the topic was deleted and created again. Records that are left out are logged, with the
   * size of the gap.
   *
   * - `'earliest'`: the first record.
   * - `'latest'`: new records only. Records from before the first start are left out.
   * - `'fail'`: such a partition is not read before `skipTo`; without an offset it is as `'earliest'`.
   * - `{ timestamp }`: the first record whose timestamp is this time or later; new records only if there is none. A
   *   `Date`, or ms since the epoch.
   *
   * A partition that is added to a topic later is always read from its first record. FastStream and FastKafka:
   * `auto_offset_reset`.
   *
   * @default 'earliest'
   */
  offsetReset?: 'earliest' | 'latest' | 'fail' | { readonly timestamp: Date | number } | undefined
  /**
   * Records of transactions (KIP-98). `'read_committed'`: a record is read once its transaction is committed, and never
   * when that is aborted; the records behind it wait. `'read_uncommitted'`: records are read at once, also those of
   * transactions that are aborted later. FastStream and FastKafka: `isolation_level`, whose default differs.
   *
   * @default 'read_committed'
   */
  isolationLevel?: 'read_committed' | 'read_uncommitted' | undefined
  /**
   * Bounds of one fetch, see {@link FetchOptions}. Each member that is left out is inherited. FastStream and FastKafka:
   * `fetch_min_bytes`, `fetch_max_bytes`, `max_partition_fetch_bytes`, `fetch_max_wait_ms`.
   *
   * @default { minBytes: 1, maxBytes: 10 MiB, maxBytesPerPartition: 1 MiB, maxWait: 250 }
   */
  fetch?: FetchOptions | undefined
  /**
   * Check of the checksum of each batch. `false`: a batch that was damaged on its way or on a disk is read if it can be
   * decoded. FastStream and FastKafka: `check_crcs`.
   *
   * @default true
   */
  checkCrcs?: boolean | undefined
  /**
   * Rack or zone of this process (KIP-392): partitions are read from a replica there, where the cluster has a
   * `replica.selector.class` for it. FastStream: `client_rack`.
   *
   * @default none
   */
  clientRack?: string | undefined
  /**
   * Time after which the group evicts a member from which it has heard nothing, ms. The cluster refuses values outside
   * of its own bounds, by default 6 s and 30 min. FastStream and FastKafka: `session_timeout_ms`.
   *
   * @default 30_000
   */
  sessionTimeout?: number | undefined
  /**
   * Time from one heartbeat to the next, ms. A rebalance is noticed by a heartbeat. At most a third of
   * `sessionTimeout`. FastStream and FastKafka: `heartbeat_interval_ms`.
   *
   * @default a third of `sessionTimeout`, at most 1000
   */
  heartbeatInterval?: number | undefined
  /**
   * Time that the group waits in a rebalance for a member that drains, ms. After it the group evicts the member.
   * FastStream and FastKafka: `rebalance_timeout_ms`.
   *
   * @default 60_000
   */
  rebalanceTimeout?: number | undefined
  /**
   * Name of this process as a static member of its groups (KIP-345): a restart within `sessionTimeout` makes no
   * rebalance. Each running process needs a name of its own, for example the name of its pod in a StatefulSet.
   * FastStream: `group_instance_id`.
   *
   * @default none
   */
  groupInstanceId?: string | undefined
}
