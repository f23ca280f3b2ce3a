import type { Publisher, RecordMetadata, Subscriber, TopicName } from '../../types/index.js'
import type { PublishedRecord } from './published.js'
import type { HandlerCall, Handling, TestFailure } from './types.js'

/**
 * Message that became a dead letter, with the place of the original.
 *
 * @example
 * t.match(session.deadLettered(), [{ topic: 'orders', deadLetterTopic: 'orders.dlq', stage: 'validate' }])
 */
export interface DeadLettered extends RecordMetadata {
  readonly deadLetterTopic: string
  readonly groupId: string | null
  /** Name of the subscriber that could not handle it. */
  readonly subscriber: string
  readonly stage: TestFailure['stage']
  /** Error of the last attempt. */
  readonly error: Error
  /** Value of the original, decoded by its content type. */
  readonly value: unknown
}

/**
 * Call, and everything that it has caused: handlers, replies, retries, dead letters and further messages, in all apps
 * of the test. Made by {@link TestTracking.track}. What other calls cause at the same time is no part of it.
 *
 * @example
 * const session = await broker.track(() => app.inject({ method: 'POST', url: '/orders', payload }))
 * t.equal(session.response.statusCode, 202)
 * t.match(session.published('invoices'), [{ key: '1' }])
 */
export interface TrackedSession<R> {
  /** What the call resolved to. */
  readonly response: R
  /**
   * Returns the calls of handlers that have returned, oldest first.
   *
   * @param target a topic, what `subscriber()` returned, or a handler; @default all of them
   * @example
   * t.equal(session.handled('orders').length, 1)
   */
  handled<V>(this: void, target: Subscriber<V> | Handling<V>): ReadonlyArray<HandlerCall<V>>
  handled (this: void, topic?: TopicName): readonly HandlerCall[]
  /**
   * Returns the messages that were published, oldest first.
   *
   * @param target a topic or a publisher; @default all of them
   * @throws FASTSTREAM_ERR_UNKNOWN_TOPIC for a topic that no app declares
   * @example
   * const [invoice] = session.published('invoices')
   */
  published (this: void, target?: Publisher<never> | TopicName): readonly PublishedRecord[]
  /** Returns the messages that became dead letters. Reading them asserts their failures. */
  deadLettered (this: void): readonly DeadLettered[]
  /** Returns the attempts that failed, also those that a retry has mended. Reading them asserts these failures. */
  failed (this: void): readonly TestFailure[]
  /**
   * Returns the causal chain as an indented text, for a failing test.
   *
   * @example
   * t.comment(session.story())
   */
  story (this: void): string
}

/**
 * Tracking part of a test broker.
 *
 * @example
 * const { response, story } = await broker.track(() => broker.publish('orders', order))
 */
export interface TestTracking {
  /**
   * Runs a call, and waits until everything that it causes has an outcome. Messages are followed through the async
   * context, so the call must be in this process: `app.inject()` or a publish, and no `fetch()`. Calls that run at the
   * same time do not see each other's messages.
   *
   * @param options.timeout ms for the call and the waiting together, @default 5000
   * @throws FASTSTREAM_ERR_NOT_SETTLED after that time, with a table of every message, its state and what it waits for
   * @throws what the call has thrown
   * @example
   * const session = await broker.track(() => app.inject({ method: 'POST', url: '/orders', payload }))
   * t.match(session.handled('orders'), [{ value: { id: '1' } }])
   */
  track<R>(this: void, call: () => R, options?: { timeout?: number | undefined }): Promise<TrackedSession<Awaited<R>>>
}
