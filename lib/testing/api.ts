import type {
  Dependency, Publisher, PublishOptions, RecordMetadata, Subscriber, TopicName, TopicValue
} from '../../types/index.js'
import type { TestBackground } from './background-types.js'
import type { TestClock } from './clock-types.js'
import type { TestCoverage } from './coverage-types.js'
import type { TestFaults } from './fault-types.js'
import type { PublishedRecord } from './published.js'
import type { TestTracking } from './session-types.js'
import type { ExpectedCall, ExpectedPublish, Fake, HandlerCall, HandlerSpy, Handling, TestFailure } from './types.js'

/**
 * Assertions and spies of a test broker. All read one record of what happened, so their order does not matter.
 *
 * @example
 * broker.assertPublished(invoices, { key: '1', value: { amount: 9 } })
 * broker.assertHandled(onOrder, { value: { id: '1' } })
 */
export interface TestAssertions {
  /**
   * Returns the handler of a subscriber, to see its calls.
   *
   * @param subscriber what `subscriber()` returned, or the handler itself
   * @throws FASTSTREAM_ERR_INVALID_OPTION for a handler that no subscriber has
   * @example
   * t.equal(broker.handler(onOrder).calls.length, 1)
   */
  handler<V>(this: void, subscriber: Subscriber<V> | Handling<V>): HandlerSpy<V>
  /**
   * Requires a published message. Partial: other members of the value, and other headers, may be there, too. Each
   * value may be a regular expression, a class, a function or a matcher of the test runner, see {@link Expected}.
   * FastStream: `assert_any_call`, `assert_called_with`, `assert_called_once_with`.
   *
   * @returns the first message that matches
   * @throws FASTSTREAM_ERR_ASSERTION with each candidate and its differences
   * @throws FASTSTREAM_ERR_UNKNOWN_TOPIC for a topic that no app declares
   * @example
   * const { headers } = broker.assertPublished(invoices, { value: { amount: 9 }, times: 1 })
   */
  assertPublished<V>(
    this: void, publisher: Publisher<V>, expected?: ExpectedPublish<NoInfer<V>>
  ): PublishedRecord
  assertPublished<T extends TopicName>(
    this: void, topic: T, expected?: ExpectedPublish<TopicValue<NoInfer<T>>>
  ): PublishedRecord
  /**
   * Requires that nothing was published: to a topic, or at all.
   *
   * @throws FASTSTREAM_ERR_ASSERTION with what was published
   * @throws FASTSTREAM_ERR_UNKNOWN_TOPIC for a topic that no app declares
   * @example
   * broker.assertNothingPublished(invoices)
   */
  assertNothingPublished (this: void, target?: Publisher<never> | string): void
  /**
   * Requires a call of a handler. Partial, as {@link TestAssertions.assertPublished}.
   *
   * @returns the first call that matches
   * @throws FASTSTREAM_ERR_ASSERTION with each call and its differences
   * @example
   * broker.assertHandled(onOrder, { value: { id: '1' }, outcome: 'returned' })
   */
  assertHandled<V>(
    this: void, subscriber: Subscriber<V> | Handling<V>, expected?: ExpectedCall<NoInfer<V>>
  ): HandlerCall<V>
  /**
   * Waits until an assertion holds: it runs after each change. Resolves to what it returns. FastKafka: `awaited_mocks`.
   *
   * @param options.timeout ms, @default 5000
   * @throws what the assertion has thrown last, after that time
   * @example
   * await broker.eventually(() => broker.assertPublished(invoices, { key: '1' }), { timeout: 1000 })
   */
  eventually<T>(this: void, assertion: () => T, options?: { timeout?: number | undefined }): Promise<T>
}

/**
 * Brokers of one or several apps, on one cluster. Made by {@link testBroker}.
 *
 * @example
 * await broker.publish('orders', { id: '1', total: 9 })
 * await broker.settled()
 * t.same(broker.errors, [])
 */
export interface TestBroker extends TestAssertions, TestTracking, TestFaults, TestCoverage, TestBackground {
  /**
   * Publishes as another program would. To a topic nothing is checked, so that a test can send wrong messages;
   * through a publisher its schema is checked. `null` is a tombstone.
   *
   * @throws FASTSTREAM_ERR_INVALID_OPTION when an option is unknown or impossible
   * @throws FASTSTREAM_ERR_UNKNOWN_TOPIC when no app declares such a topic
   * @example
   * await broker.publish('orders', { id: '1', total: 9 }, { key: '1' })
   */
  publish<V>(
    this: void, publisher: Publisher<V>, value: NoInfer<V> | null, options?: PublishOptions
  ): Promise<RecordMetadata>
  publish (this: void, topic: string, value: unknown, options?: PublishOptions): Promise<RecordMetadata>
  /**
   * Returns all records of a topic, oldest first, decoded by their content types.
   *
   * @throws FASTSTREAM_ERR_UNKNOWN_TOPIC when no app declares such a topic
   * @example
   * t.match(broker.published('invoices'), [{ key: '1', value: { orderId: '1', amount: 9 } }])
   */
  published (this: void, topic: string): PublishedRecord[]
  /**
   * Waits until every message, and every message that it caused, is settled.
   *
   * @param options.timeout ms, @default 5000
   * @throws FASTSTREAM_ERR_NOT_SETTLED after that time, naming what is not settled
   * @example
   * await broker.settled({ timeout: 20_000 })
   */
  settled (this: void, options?: { timeout?: number | undefined }): Promise<void>
  /**
   * Replaces a dependency in requests and messages that begin later, until the app closes.
   *
   * @throws FASTSTREAM_ERR_TEST_BROKER when no route or subscriber of the apps uses it
   * @example
   * broker.override(orders, () => new OrdersInMemory())
   */
  override<T>(this: void, dependency: Dependency<T>, fake: Fake<NoInfer<T>>): void
  /** Time of the brokers, see the option `clock`. */
  readonly clock: TestClock
  /** Failed attempts, oldest first: decoding, validation, handlers, publishing a result. */
  readonly errors: readonly TestFailure[]
  /**
   * Closes all apps of the test. `await using broker = await testBroker(app)` calls it, too.
   *
   * @throws FASTSTREAM_ERR_ASSERTION for failures that the test has not read, see `allowFailures`
   * @example
   * t.teardown(() => broker.close())
   */
  close (this: void): Promise<void>
  [Symbol.asyncDispose] (): Promise<void>
}
