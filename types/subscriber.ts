import type { RecordMetadata } from './publish.js'

/**
 * Place at which a subscriber reads on: the start or the end of all partitions that this process owns, the first
 * record of a time (a `Date`, or ms since the epoch) in each of them, or an offset of one partition, such as that of a
 * message.
 *
 * @example
 * const hourAgo: SeekTarget = { timestamp: new Date(Date.now() - 3_600_000) }
 */
export type SeekTarget = 'start' | 'end' | { readonly timestamp: Date | number } | RecordMetadata

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
  /**
   * Starts a subscriber that was declared after `ready()`. Resolves to the subscriber when its messages are read. Its
   * group is its own option `groupId`; without one it has no group, so that no other subscriber rebalances. A second
   * call does nothing; after {@link Subscriber.stop} it starts again. FastStream: `start`, `persistent`.
   *
   * @throws FASTSTREAM_ERR_SUBSCRIBER_CALL for a subscriber that was declared before `ready()`
   * @throws FASTSTREAM_ERR_NOT_READY while the broker is not connected, and when the app closes
   * @throws FASTSTREAM_ERR_DUPLICATE_SUBSCRIBER, FASTSTREAM_ERR_GROUP_CLASH when its group has a subscriber of its
   *   topic, or of other options
   * @throws FASTSTREAM_ERR_TOPICS, FASTSTREAM_ERR_NOT_AUTHORIZED when the cluster lacks or refuses its topics
   * @example
   * await using prices = await app.broker.subscriber('prices', showPrice).start()
   */
  start (this: void): Promise<this>
  /**
   * Stops a subscriber that was declared after `ready()`: running handlers end within `drainTimeout`, what is settled
   * is committed, and nothing more is read. A message that was read by hand and is not settled stays so, and a loop
   * ends. A second call does nothing. The end of `await using` calls it. FastStream: `stop`.
   *
   * @throws FASTSTREAM_ERR_SUBSCRIBER_CALL for a subscriber that was declared before `ready()`
   * @example
   * await prices.stop()
   */
  stop (this: void): Promise<void>
  /**
   * Reads on elsewhere, in a subscriber that was declared after `ready()` and runs. Resolves when that place is read.
   * Its consumer begins a new generation: running handlers end first, so do not await it in a handler; what was read by
   * hand and is not settled is given up. With a group the place is committed, and the other members rebalance.
   *
   * @throws FASTSTREAM_ERR_SUBSCRIBER_CALL for a subscriber that was declared before `ready()` or does not run
   * @throws FASTSTREAM_ERR_SEEK for a partition that this process does not own
   * @throws FASTSTREAM_ERR_INVALID_OPTION, FASTSTREAM_ERR_INVALID_ARGUMENTS for a place that is none
   * @example
   * await prices.seek({ timestamp: new Date(Date.now() - 3_600_000) })
   */
  seek (this: void, to: SeekTarget): Promise<void>
  /** Stops the subscriber, see {@link Subscriber.stop}. */
  [Symbol.asyncDispose] (): Promise<void>
}

/**
 * Subscriber without a handler, declared after `ready()`: code asks for its messages. `M` is the type of a message. A
 * message is settled by its `ack()` or `reject()`, also after others were read, and by nothing else; `nack()` gives it
 * once more. One that is not settled is given again after `handlerTimeout`, and after a restart. With
 * `ackPolicy: 'ACK_FIRST'` each is settled when it is handed over.
 *
 * @example
 * await using orders = await app.broker.subscriber('orders', { schema: { value: OrderSchema } }).start()
 * for await (const { value, ack } of orders) {
 *   await save(value)
 *   ack()
 * }
 */
export interface SubscriberWithoutHandler<M> extends Subscriber, AsyncIterable<M> {
  /**
   * Resolves to the next message; to null when none comes in time. FastStream: `get_one`.
   *
   * @param options.timeout ms, @default 5000
   * @throws FASTSTREAM_ERR_SUBSCRIBER_CALL when the subscriber has a handler, or does not run
   * @throws FASTSTREAM_ERR_INVALID_OPTION for an option that is unknown or impossible
   * @example
   * const message = await orders.getOne({ timeout: 1000 })
   * message?.ack()
   */
  getOne (this: void, options?: { timeout?: number | undefined }): Promise<M | null>
  /**
   * Yields the messages until the subscriber stops. While the code in the loop is busy with a message, a rebalance and
   * a close wait for its decision. FastStream: `async for`.
   *
   * @throws FASTSTREAM_ERR_SUBSCRIBER_CALL when the subscriber has a handler, or does not run
   */
  [Symbol.asyncIterator] (): AsyncIterator<M, void, undefined>
}
