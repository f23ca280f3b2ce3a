import type { RecordMetadata } from './publish.js'

/**
 * The broker of an event.
 *
 * @example
 * const isOurs = ({ brokerId }: BrokerIdentity) => brokerId === app.broker.id
 */
export interface BrokerIdentity {
  /** Name of the broker, as the option `name` of the plugin. */
  readonly broker: string
  /** Id of the broker, as `app.broker.id`: brokers of several apps in one process may have one name. */
  readonly brokerId: string
}

/**
 * A message and the subscriber that handles it. Events name messages by their place: they carry no key, value or
 * header.
 *
 * @example
 * const nameOf = ({ topic, partition, offset }: MessagePlace) => `${topic}[${partition}] ${offset}`
 */
export interface MessagePlace extends BrokerIdentity {
  readonly groupId: string | null
  /** Name of the handler, or the topics of a handler without a name. */
  readonly subscriber: string
  readonly topic: string
  readonly partition: number
  readonly offset: bigint
}

/**
 * The step at which an attempt failed: `deserialize`, `validate`, `handler` (it will run again), `retries-exhausted`,
 * `rejected` or `publish` (of the handler's result).
 *
 * @example
 * const stages: FailureStage[] = ['deserialize', 'validate']
 */
export type FailureStage = 'deserialize' | 'validate' | 'handler' | 'retries-exhausted' | 'rejected' | 'publish'

/**
 * Records arrived from the cluster and were queued.
 *
 * @example
 * subscribe('faststream.message.received', (event) => { received.inc((event as MessageReceivedEvent).count) })
 */
export interface MessageReceivedEvent extends BrokerIdentity {
  readonly groupId: string | null
  readonly topic: string
  readonly partition: number
  readonly count: number
  /** The offset to read next. */
  readonly position: bigint
}

/**
 * Messages behind the committed offset are not handled: the metadata of the commit says that an earlier owner of the
 * partition has settled them. Told once for each partition that is assigned.
 *
 * @example
 * subscribe('faststream.message.left-out', (event) => { leftOut.inc((event as MessageLeftOutEvent).count) })
 */
export interface MessageLeftOutEvent {
  readonly broker: string
  readonly groupId: string | null
  readonly topic: string
  readonly partition: number
  /** The committed offset. */
  readonly offset: bigint
  readonly count: number
}

/**
 * An attempt to handle a message began.
 *
 * @example
 * subscribe('faststream.message.started', (event) => { const { topic, attempt } = event as MessageStartedEvent })
 */
export interface MessageStartedEvent extends MessagePlace {
  /** 1, then one more with each retry. */
  readonly attempt: number
}

/**
 * An attempt failed, or the handler rejected its message. A nack is no failure.
 *
 * @example
 * subscribe('faststream.message.failed', (event) => { const { stage, error } = event as MessageFailedEvent })
 */
export interface MessageFailedEvent extends MessageStartedEvent {
  readonly stage: FailureStage
  /** Error as it was thrown: its text is the app's own. */
  readonly error: Error
}

/**
 * The handler will run again: after a failure, or because it asked for it.
 *
 * @example
 * subscribe('faststream.message.retried', (event) => { const { attempt, delay } = event as MessageRetriedEvent })
 */
export interface MessageRetriedEvent extends MessageStartedEvent {
  /** Pause before the next attempt, ms. */
  readonly delay: number
  readonly error: Error
}

/**
 * An attempt ended.
 *
 * @example
 * subscribe('faststream.message.ended', (event) => { const { topic, duration } = event as MessageEndedEvent })
 */
export interface MessageEndedEvent extends MessageStartedEvent {
  /** End of the attempt. `failed`: see `error`; after a `stop` the subscriber handles no further message. */
  readonly outcome: 'settled' | 'unsettled' | 'stop' | 'failed'
  /** Time from decoding to the publishing of the result, ms. */
  readonly duration: number
  /**
   * Part of it until the attempt waited for the first time, ms: decoding, validation, and what a handler does before
   * its first `await`. The event loop stood still meanwhile. Of a batch its first message has it, and the others 0.
   */
  readonly blocked: number
  /** Reason of an outcome that is no success. */
  readonly error: Error | undefined
}

/**
 * All attempts for a message have ended. Emitted once for each message that was started, also when it is not settled.
 *
 * @example
 * subscribe('faststream.message.completed', (event) => { const { outcome } = event as MessageCompletedEvent })
 */
export interface MessageCompletedEvent extends MessagePlace {
  /** Way in which the message was settled; `unsettled`: it will be redelivered. */
  readonly outcome: MessageSettledEvent['outcome'] | 'unsettled'
  readonly attempts: number
  /** Time since the first attempt began, ms, with the pauses between attempts. */
  readonly duration: number
  /** Error of a handler that failed, when the policies `ACK` and `ACK_FIRST` settle its message all the same. */
  readonly error: Error | undefined
}

/**
 * A handler exceeded its `handlerTimeout` and still runs; the messages behind it in its lane wait.
 *
 * @example
 * subscribe('faststream.message.late', (event) => { const { subscriber, timeout } = event as MessageLateEvent })
 */
export interface MessageLateEvent extends MessageStartedEvent {
  /** ms */
  readonly timeout: number
}

/**
 * The cluster has stored the dead letter of a message.
 *
 * @example
 * subscribe('faststream.message.dead-lettered', (event) => { alert(event as MessageDeadLetteredEvent) })
 */
export interface MessageDeadLetteredEvent extends MessageFailedEvent {
  readonly deadLetterTopic: string
}

/**
 * A message is settled: its offset may be committed. Emitted once per message and generation.
 *
 * @example
 * subscribe('faststream.message.settled', (event) => { const { outcome, duration } = event as MessageSettledEvent })
 */
export interface MessageSettledEvent extends MessagePlace {
  /**
   * - `acknowledged`: handled, or failed under the policies `ACK` and `ACK_FIRST`.
   * - `skipped`: its handler threw `SkipMessage`, or it was redriven for another group.
   * - `dead-lettered`: moved to the dead-letter topic.
   * - `forwarded`: moved to another topic, to be handled there.
   * - `discarded`: could not be handled, and there is no dead-letter topic.
   */
  readonly outcome: 'acknowledged' | 'skipped' | 'dead-lettered' | 'forwarded' | 'discarded'
  /** Time since the message was received, ms. */
  readonly duration: number
}

/**
 * A started message stays unsettled and will be redelivered: its partition was revoked, the app closes, or its
 * subscriber stops.
 *
 * @example
 * subscribe('faststream.message.unsettled', (event) => { const { topic, offset } = event as MessageUnsettledEvent })
 */
export interface MessageUnsettledEvent extends MessagePlace {}

/**
 * The cluster has stored a published message: also a handler's result or a dead letter.
 *
 * @example
 * subscribe('faststream.message.published', (event) => { const { topic, duration } = event as MessagePublishedEvent })
 */
export interface MessagePublishedEvent extends BrokerIdentity, RecordMetadata {
  /** Time since the publish was called, ms. */
  readonly duration: number
}

/**
 * A message that was checked and encoded could not be published. A result or a dead letter is published again after
 * that.
 *
 * @example
 * subscribe('faststream.message.publish-failed', (event) => { alert((event as MessagePublishFailedEvent).error) })
 */
export interface MessagePublishFailedEvent extends BrokerIdentity {
  readonly topic: string
  /** Time since the publish was called, ms. */
  readonly duration: number
  readonly error: Error
}
