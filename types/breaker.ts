import type { BrokerIdentity } from './message-events.js'

/**
 * Storm breaker of a subscriber. It opens when most of the last `minimum` attempts end in errors of one class (name and
 * code): the database is away, say. Then the failed message is not dead-lettered, its partition stands still, and so
 * does each further partition whose next message fails alike. One message at a time is tried as a probe; the first one
 * that succeeds lets its partition go on. Attempts to decode and to validate do not count, for waiting would not mend
 * such a message; nor does `reject()`, which is the handler's own decision. Of the attempts at one message the first
 * and the last one count, so that one poison message never opens it. The last attempt at a batch counts once for each
 * message that would become a letter.
 *
 * @example
 * app.broker.subscriber('orders', { breaker: { window: 60_000, ratio: 0.8, minimum: 20 } }, saveOrder)
 */
export interface BreakerOptions {
  /** Age up to which an attempt counts, ms. @default 600_000 */
  window?: number | undefined
  /** Part of the attempts, 0.1 to 1, that must end alike. @default 0.5 */
  ratio?: number | undefined
  /** Number of attempts that are looked at: fewer never open it. @default 50 */
  minimum?: number | undefined
}

/**
 * Breaker that is open. As JSON its time is text.
 *
 * @example
 * const storms = app.broker.health().subscribers.flatMap(({ breaker }) => breaker ?? [])
 */
export interface BreakerHealth {
  /** Class of the errors: name and code, such as `Error ECONNREFUSED`. */
  readonly error: string
  /** Time at which it opened. */
  readonly since: Date
  /** Partitions that stand still. */
  readonly partitions: ReadonlyArray<{ readonly topic: string, readonly partition: number }>
}

/**
 * A breaker opened: most attempts of a subscriber fail alike, and it writes no further dead letter of them. Emitted
 * once, also when more partitions come to a standstill.
 *
 * @example
 * subscribe('faststream.breaker.opened', (event) => { alert((event as BreakerOpenedEvent).error) })
 */
export interface BreakerOpenedEvent extends BrokerIdentity {
  readonly groupId: string | null
  readonly subscriber: string
  /** Partition of the failed message. */
  readonly topic: string
  readonly partition: number
  /** Error of the last attempt: its text is the app's own. */
  readonly error: Error
  /** Class of the errors: name and code. */
  readonly errorClass: string
}

/**
 * A breaker closed: a probe succeeded in the last partition that stood still, or that partition belongs to another
 * process now.
 *
 * @example
 * subscribe('faststream.breaker.closed', (event) => { calm((event as BreakerClosedEvent).subscriber) })
 */
export interface BreakerClosedEvent extends BrokerIdentity {
  readonly groupId: string | null
  readonly subscriber: string
  /** Time since it opened, ms. */
  readonly duration: number
}
