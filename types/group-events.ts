import type { SubscriberHealth } from './health.js'
import type { BrokerIdentity } from './message-events.js'
import type { RecordMetadata } from './publish.js'

/**
 * A commit ended.
 *
 * @example
 * subscribe('faststream.group.committed', (event) => { const { offsets, error } = event as GroupCommittedEvent })
 */
export interface GroupCommittedEvent extends BrokerIdentity {
  readonly groupId: string | null
  /** The offsets to read next. */
  readonly offsets: readonly RecordMetadata[]
  /** ms */
  readonly duration: number
  /** Error of a failed commit; undefined when the offsets are stored. */
  readonly error: Error | undefined
}

/**
 * A rebalance ended: these partitions are assigned to this process now.
 *
 * @example
 * subscribe('faststream.group.rebalanced', (event) => { const { reason, duration } = event as GroupRebalancedEvent })
 */
export interface GroupRebalancedEvent extends BrokerIdentity {
  readonly groupId: string | null
  /**
   * `joined`: the first assignment. `revoked`: the group rebalanced. `lost`: this member was evicted, or its consumer
   * broke.
   */
  readonly reason: 'joined' | 'revoked' | 'lost'
  /** Time since the first notice of the rebalance, ms, including its drain. */
  readonly duration: number
  readonly partitions: ReadonlyArray<{ readonly topic: string, readonly partition: number }>
}

/**
 * Handlers did not end within the time of a drain. Their messages will be redelivered.
 *
 * @example
 * subscribe('faststream.group.drain-timed-out', (event) => { alert((event as GroupDrainTimedOutEvent).unsettled) })
 */
export interface GroupDrainTimedOutEvent extends BrokerIdentity {
  readonly groupId: string | null
  readonly reason: 'rebalance' | 'close'
  /** ms */
  readonly timeout: number
  /** The first unsettled offset of each partition. */
  readonly unsettled: readonly RecordMetadata[]
}

/**
 * A handler threw `StopConsume`, or the cluster refuses the subscriber for good: it handles no further message in this
 * process.
 *
 * @example
 * subscribe('faststream.subscriber.stopped', (event) => { const { topics } = event as SubscriberStoppedEvent })
 */
export interface SubscriberStoppedEvent extends BrokerIdentity {
  readonly groupId: string | null
  readonly subscriber: string
  readonly topics: readonly string[]
}

/**
 * A partition is not read until {@link Subscriber.skipTo}: a batch is corrupt, or the group's offset is not in the log.
 *
 * @example
 * subscribe('faststream.partition.stopped', (event) => { alert((event as PartitionStoppedEvent).error) })
 */
export interface PartitionStoppedEvent extends BrokerIdentity, RecordMetadata {
  readonly groupId: string | null
  /** Offset at which reading could go on; undefined when that is not known. */
  readonly nextOffset: bigint | undefined
  readonly error: Error
}

/**
 * The consumer of a group changed its state. A consumer that counts as failed because the cluster is silent is seen by
 * `app.broker.health()` only, because no event of the consumer marks that moment.
 *
 * @example
 * subscribe('faststream.health.changed', (event) => { const { groupId, state } = event as HealthChangedEvent })
 */
export interface HealthChangedEvent extends BrokerIdentity {
  readonly groupId: string | null
  readonly state: Exclude<SubscriberHealth['state'], 'paused'>
  readonly previous: Exclude<SubscriberHealth['state'], 'paused'>
  /** Error of the state `failed`. */
  readonly error: Error | undefined
}

/**
 * Event on the channel `fastify-faststream:offset-reset` of `node:diagnostics_channel`: the group's offset is not in
 * the log, because retention removed unread records, or the topic was deleted and created again.
 *
 * @example
 * subscribe('fastify-faststream:offset-reset', (event) => { alert(event as OffsetResetEvent) })
 */
export interface OffsetResetEvent extends BrokerIdentity {
  readonly groupId: string | null
  readonly topic: string
  readonly partition: number
  /** Offset that the group had committed. */
  readonly stored: bigint
  /** First offset of the log. */
  readonly start: bigint
  /** End of the log: the offset that the next record gets. */
  readonly end: bigint
  /** Offset at which reading goes on; undefined with `offsetReset: 'fail'`. */
  readonly position: bigint | undefined
}
