import type { RecordMetadata } from './publish.js'

/**
 * Subscriber that was declared, of values of type `V`.
 *
 * @example
 * const { topics, groupId } = app.broker.subscriber('orders', saveOrder)
 */
export interface Subscriber<out V = unknown> {
  /** Type of the values, at compile time only. */
  readonly '~value'?: V
  /** Topics with their prefixes; a pattern as text. Final after `ready()`: a scope may get a `topicPrefix` before. */
  readonly topics: readonly string[]
  /** Consumer group; `null`: none. An inherited group is final after `ready()`. */
  readonly groupId: string | null
  /** True from `pause()` to `resume()`. */
  readonly isPaused: boolean
  /**
   * Pauses the subscriber in this process: nothing more is read, and no attempt of a handler begins, before `resume()`.
   * An attempt that runs may end, and its message is settled as always; a message that waits for a retry waits on. The
   * process stays in its group and keeps its partitions, so that they stand still and their lag grows; partitions that
   * it is assigned meanwhile are paused, too. Nothing is lost, and the order stays. Other subscribers go on, also those
   * of the same group. Before `ready()`: the subscriber starts paused. A second call does nothing.
   *
   * `app.broker.health()` has the state `paused`, which is healthy. Subscribers that share its topic in its group, by
   * `filter`, stand still with it, until none of them is paused. A subscriber of a router is paused wherever its
   * router is included.
   *
   * @throws FASTSTREAM_ERR_ROUTER_HANDLE when its router is not included
   * @example
   * const orders = app.broker.subscriber('orders', saveOrder)
   * app.post('/orders/pause', async () => { orders.pause() })
   * app.post('/orders/resume', async () => { orders.resume() })
   */
  pause (this: void): void
  /** Ends {@link Subscriber.pause}: the subscriber goes on where it was. Without a pause it does nothing. */
  resume (this: void): void
  /**
   * Continues a stopped partition at `offset`. `app.broker.health()` names the partition, and the offset at which
   * reading could go on. Records before `offset` are never handled. Call it in the process that owns the partition.
   *
   * @throws FASTSTREAM_ERR_SKIP when this process does not own the partition, or is reading it
   * @throws FASTSTREAM_ERR_INVALID_OPTION for a topic that the subscriber does not read
   * @throws FASTSTREAM_ERR_NOT_READY before the groups are joined
   * @example
   * orders.skipTo({ topic: 'orders', partition: 0, offset: 1200n })
   */
  skipTo (this: void, to: RecordMetadata): void
}
