/**
 * Coverage of one subscriber; each case of a subscriber has one of its own.
 *
 * @example
 * const untested = ({ branches }: SubscriberCoverage) => branches.handled === 0
 */
export interface SubscriberCoverage {
  /** Name of the handler, or topics; with the case. */
  readonly name: string
  readonly topics: readonly string[]
  /**
   * Number of messages by branch: `handled`, `retry`, `dead letter`, `invalid` and `tombstone`, as far as the
   * subscriber has them. One without a schema has no `invalid`, one without a dead-letter topic no `dead letter`.
   */
  readonly branches: Readonly<Record<string, number>>
}

/**
 * Parts of the apps that the messages of a test have exercised.
 *
 * @example
 * t.same(broker.coverage().missed, ['onOrder: tombstone'])
 */
export interface MessageCoverage {
  readonly subscribers: readonly SubscriberCoverage[]
  /** Publishers, and the number of messages that were published to their topics. */
  readonly publishers: ReadonlyArray<{ readonly topic: string, readonly published: number }>
  /** Branches and publishers that no message has exercised, such as `onOrder: retry`. */
  readonly missed: readonly string[]
  /** Share of branches and publishers that were exercised, 0 to 100. */
  readonly percent: number
}

/**
 * Coverage part of a test broker.
 *
 * @example
 * t.teardown(() => { broker.assertCoverage(80) })
 */
export interface TestCoverage {
  /** Returns what the messages of this test broker have exercised so far. */
  coverage (this: void): MessageCoverage
  /**
   * Requires a share of the branches and publishers: for the last test of a file, to fail CI.
   *
   * @param least 0 to 100
   * @throws FASTSTREAM_ERR_ASSERTION with what no message has exercised
   * @example
   * broker.assertCoverage(80)
   */
  assertCoverage (this: void, least: number): void
}
