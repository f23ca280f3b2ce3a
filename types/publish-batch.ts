import type { FastifyError } from 'fastify'
import type { Publisher, PublishOptions, RecordMetadata } from './publish.js'
import type { TopicName, TopicValue } from './topics.js'

/**
 * Message of {@link BatchPublishing.publishBatch}: a value, and options of its publish. FastStream:
 * `KafkaPublishMessage`.
 *
 * @example
 * const entries: Array<BatchEntry<Order>> = orders.map((order) => ({ value: order, key: order.id }))
 */
export interface BatchEntry<V = unknown> extends Pick<PublishOptions, 'key' | 'headers' | 'partition'> {
  /** Value that is published. `null` is a tombstone. */
  value: V | null
}

/**
 * Error of a {@link BatchPublishing.publishBatch} of which not every message is in the log. Its `cause` is the first of
 * the failures, and its `statusCode` is that of the cause.
 *
 * @example
 * const { published } = error as PublishBatchError
 * const missing = entries.filter((_, i) => published[i] === undefined)
 */
export interface PublishBatchError extends FastifyError {
  code: 'FASTSTREAM_ERR_PUBLISH_BATCH'
  /** Place of each message in the log, side by side with the messages; undefined for one that is not in the log. */
  readonly published: ReadonlyArray<RecordMetadata | undefined>
  /**
   * Error of each message, side by side with the messages; undefined for one without an error of its own. With
   * `outcome: 'unknown'` the message may be in the log, although `published` does not have it.
   */
  readonly failures: ReadonlyArray<Error | undefined>
}

/**
 * Publishing of several messages in one call.
 *
 * @example
 * const publishAll: BatchPublishing['publishBatch'] = app.broker.publishBatch
 */
export interface BatchPublishing {
  /**
   * Publishes messages of one topic, in their order. Each passes middlewares, schema and codec as with `publish`; the
   * first one is sent when all of them have passed. Resolves, when all are in the log of all in-sync replicas, to the
   * place of each. A queue that is full at the call refuses all of them; a batch that is larger than the room in the
   * queue waits for room. An empty list resolves to an empty list. FastStream: `publish_batch`.
   *
   * @param messages typed by the schema of the publisher, or by {@link Topics}
   * @throws FASTSTREAM_ERR_PUBLISH_BATCH, see {@link PublishBatchError}: nothing was sent when a message is refused by
   *   its schema, its codec or a middleware, or when the queue is full
   * @throws FASTSTREAM_ERR_INVALID_OPTION for what is no list, and for a member that is unknown; nothing is sent
   * @throws FASTSTREAM_ERR_DUPLICATE_PUBLISHER when the scope knows several publishers of that topic
   * @example
   * const places = await request.broker.publishBatch(placed, orders.map((order) => ({ value: order, key: order.id })))
   */
  publishBatch<V>(
    this: void, publisher: Publisher<V>, messages: ReadonlyArray<BatchEntry<NoInfer<V>>>
  ): Promise<readonly RecordMetadata[]>
  publishBatch<T extends TopicName>(
    this: void, topic: T, messages: ReadonlyArray<BatchEntry<NoInfer<TopicValue<T>>>>
  ): Promise<readonly RecordMetadata[]>
}
