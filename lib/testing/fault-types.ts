/**
 * Fault that a test causes, in memory and on a real Kafka. It has one of `error`, `delay`, `redeliver`, `rebalance` and
 * `crash`.
 *
 * @example
 * broker.fault({ on: 'publish', topic: 'orders.dlq', times: 2, error: new Error('the cluster is down') })
 */
export interface Fault {
  /**
   * Step at which it happens: a record is sent, offsets are committed, records are handed over, or a handler is called.
   */
  on: 'publish' | 'commit' | 'fetch' | 'handler'
  /** Topic of the record or message. @default every topic */
  topic?: string | undefined
  /** How often it happens. @default 1 */
  times?: number | undefined
  /**
   * Error of the step. A publish rejects as when no broker answers in time, and a commit is repeated, as in production.
   * A handler throws it without being called.
   */
  error?: Error | undefined
  /** Time that passes before the step: ms, or text such as `'10 s'`. */
  delay?: number | string | undefined
  /**
   * Of a handler: when it has ended, its member is evicted from the group before the message is settled, so that the
   * message is redelivered.
   */
  redeliver?: true | undefined
  /** The group rebalances, as when another process joins it. Not for a publish. */
  rebalance?: true | undefined
  /**
   * The consumer dies, for ever: what it has not committed goes to another app of its group, at once. A handler has
   * ended by then. Not for a publish.
   */
  crash?: true | undefined
}

/**
 * Fault that was declared.
 *
 * @example
 * t.equal(fault.happened, 2)
 */
export interface ActiveFault {
  /** How often it has happened. */
  readonly happened: number
  /** Ends it. */
  end (this: void): void
}

/**
 * Faults of a test broker.
 *
 * @example
 * const fault = broker.fault({ on: 'handler', topic: 'orders', redeliver: true })
 */
export interface TestFaults {
  /**
   * Causes a fault, from now on and until it has happened so often.
   *
   * @throws FASTSTREAM_ERR_INVALID_OPTION for an action that the step does not have, or for none or several of them
   * @example
   * broker.fault({ on: 'publish', topic: 'orders.dlq', error: new Error('the cluster is down') })
   * const session = await broker.track(() => broker.publish('orders', wrong))
   * t.equal(session.deadLettered().length, 1)
   */
  fault (this: void, fault: Fault): ActiveFault
  /**
   * Shows that handlers are idempotent: runs a call twice, the second time with each message delivered twice to its
   * handler, and compares what was published. The call must begin with a clean state of the app each time. Its first
   * run is repeated, up to two times, when the group redelivers a message in it by itself.
   *
   * @throws FASTSTREAM_ERR_ASSERTION with the messages that are missing or surplus the second time, or with those that
   * the group has redelivered by itself in three runs
   * @throws FASTSTREAM_ERR_NOT_SETTLED as `track()`
   * @example
   * await broker.redeliverEverything(async () => {
   *   await database.clear()
   *   await broker.publish('orders', { id: '1', total: 9 })
   * })
   */
  redeliverEverything (this: void, call: () => unknown): Promise<void>
}
