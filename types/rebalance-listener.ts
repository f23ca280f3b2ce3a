import type { TopicPartition } from './transport.js'

/**
 * Calls about the partitions of one subscriber, for apps that keep state for each partition. The calls come one after
 * the other, each in an async context of its own. They hear only of the subscriber's own topics.
 *
 * In each rebalance of the group all partitions of a member are revoked, and then its new ones are assigned; most of
 * them are usually the same. An error is logged and changes nothing else.
 *
 * FastStream: `listener`, a `ConsumerRebalanceListener` of aiokafka; also the names of the Java client's
 * `ConsumerRebalanceListener`: `onPartitionsAssigned`, `onPartitionsRevoked`, `onPartitionsLost`.
 *
 * @example
 * const totals = new Map<number, Totals>()
 * const listener: RebalanceListener = {
 *   onAssigned (partitions) { for (const { partition } of partitions) totals.set(partition, new Totals()) },
 *   async onRevoked (partitions) { for (const { partition } of partitions) await store(totals.get(partition)) },
 *   onLost () { totals.clear() }
 * }
 * app.broker.subscriber('orders', { listener }, addToTotal)
 */
export interface RebalanceListener {
  /**
   * Begins a generation: these partitions are assigned, perhaps none. Their messages are handled when the returned
   * promise has settled, at the latest after `handlerTimeout`. Called first when the app is ready.
   */
  onAssigned? (partitions: readonly TopicPartition[]): void | Promise<void>
  /**
   * Ends the ownership of these partitions: in a rebalance, and when the app closes. No handler of the subscriber runs
   * any more, and the partitions still belong to this process. When the returned promise has settled, the offsets of
   * all settled messages are committed, also of those that were acknowledged in this call (`ackPolicy: 'MANUAL'`), and
   * the partitions are given up. The rebalance waits until `revokeDrain` is over, a close until `drainTimeout` is over.
   */
  onRevoked? (partitions: readonly TopicPartition[]): void | Promise<void>
  /**
   * Reports partitions that were lost without a warning: the group has evicted this member, or its connection broke.
   * Another process may already read them, so nothing that belongs to them may be written any more. Nothing waits for
   * the returned promise but the next call.
   *
   * @default `onRevoked` is called, as by the Java client
   */
  onLost? (partitions: readonly TopicPartition[]): void | Promise<void>
}
