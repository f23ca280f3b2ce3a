import type { SubscriberHealth } from './health.js'
import type { RecordMetadata } from './publish.js'
import type { OffsetResetEvent } from './subscribe.js'

/**
 * A message and the subscriber that handles it. Events name messages by their place: they carry no key, value or header.
 *
 * @example
 * function nameOf ({ subscriber, topic, partition, offset }: MessagePlace) { return `${subscriber} ${topic}[${partition}] ${offset}` }
 */
export interface MessagePlace {
  /** The plugin's option `name`. */
  readonly broker: string
  readonly groupId: string | null
  /** The name of the handler; the topics of a handler without a name. */
  readonly subscriber: string
  readonly topic: string
  readonly partition: number
  readonly offset: bigint
}

/**
 * The step at which an attempt failed: `deserialize`, `validate`, `handler` (it will run again), `retries-exhausted`, `rejected`
 * or `publish` (of the handler's result).
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
export interface MessageReceivedEvent {
  readonly broker: string
  readonly groupId: string | null
  readonly topic: string
  readonly partition: number
  readonly count: number
  /** The offset to read next. */
  readonly position: bigint
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
  /** As thrown: its text is the app's own. */
  readonly error: Error
}

/**
 * The handler will run again: after a failure, or because it asked for it.
 *
 * @example
 * subscribe('faststream.message.retried', (event) => { const { attempt, delay } = event as MessageRetriedEvent })
 */
export interface MessageRetriedEvent extends MessageStartedEvent {
  /** Until the next attempt, ms. */
  readonly delay: number
  readonly error: Error
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
 * subscribe('faststream.message.dead-lettered', (event) => { alert((event as MessageDeadLetteredEvent).deadLetterTopic) })
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
   * - `skipped`: its handler threw `SkipMessage`.
   * - `dead-lettered`: moved to the dead-letter topic.
   * - `forwarded`: moved to another topic, to be handled there.
   * - `discarded`: could not be handled, and there is no dead-letter topic.
   */
  readonly outcome: 'acknowledged' | 'skipped' | 'dead-lettered' | 'forwarded' | 'discarded'
  /** Since the message was received, ms. */
  readonly duration: number
}

/**
 * A started message stays unsettled and will be redelivered: its partition was revoked, the app closes, or its subscriber stops.
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
export interface MessagePublishedEvent extends RecordMetadata {
  readonly broker: string
  /** Since the publish was called, ms. */
  readonly duration: number
}

/**
 * A message that was checked and encoded could not be published. A result or a dead letter is published again after that.
 *
 * @example
 * subscribe('faststream.message.publish-failed', (event) => { const { topic, error } = event as MessagePublishFailedEvent })
 */
export interface MessagePublishFailedEvent {
  readonly broker: string
  readonly topic: string
  readonly error: Error
}

/**
 * A commit ended.
 *
 * @example
 * subscribe('faststream.group.committed', (event) => { const { offsets, error } = event as GroupCommittedEvent })
 */
export interface GroupCommittedEvent {
  readonly broker: string
  readonly groupId: string | null
  /** The offsets to read next. */
  readonly offsets: readonly RecordMetadata[]
  /** ms */
  readonly duration: number
  /** Why it failed; undefined when the offsets are stored. */
  readonly error: Error | undefined
}

/**
 * A rebalance ended: these partitions are assigned to this process now.
 *
 * @example
 * subscribe('faststream.group.rebalanced', (event) => { const { reason, duration } = event as GroupRebalancedEvent })
 */
export interface GroupRebalancedEvent {
  readonly broker: string
  readonly groupId: string | null
  /** `joined`: the first assignment. `revoked`: the group rebalanced. `lost`: this member was evicted, or its consumer broke. */
  readonly reason: 'joined' | 'revoked' | 'lost'
  /** Since the first notice of the rebalance, ms: its drain included. */
  readonly duration: number
  readonly partitions: ReadonlyArray<{ readonly topic: string, readonly partition: number }>
}

/**
 * Handlers did not end within the time of a drain. Their messages will be redelivered.
 *
 * @example
 * subscribe('faststream.group.drain-timed-out', (event) => { const { reason, unsettled } = event as GroupDrainTimedOutEvent })
 */
export interface GroupDrainTimedOutEvent {
  readonly broker: string
  readonly groupId: string | null
  readonly reason: 'rebalance' | 'close'
  /** ms */
  readonly timeout: number
  /** The first unsettled offset of each partition. */
  readonly unsettled: readonly RecordMetadata[]
}

/**
 * A handler threw `StopConsume`: its subscriber handles no further message in this process.
 *
 * @example
 * subscribe('faststream.subscriber.stopped', (event) => { const { topics } = event as SubscriberStoppedEvent })
 */
export interface SubscriberStoppedEvent {
  readonly broker: string
  readonly groupId: string | null
  readonly subscriber: string
  readonly topics: readonly string[]
}

/**
 * A partition is not read until {@link Subscriber.skipTo}: a batch is corrupt, or the group's offset is not in the log.
 *
 * @example
 * subscribe('faststream.partition.stopped', (event) => { const { topic, partition, offset } = event as PartitionStoppedEvent })
 */
export interface PartitionStoppedEvent extends RecordMetadata {
  readonly broker: string
  readonly groupId: string | null
  /** Where reading could go on; undefined when that is not known. */
  readonly nextOffset: bigint | undefined
  readonly error: Error
}

/**
 * The consumer of a group changed its state. A consumer that counts as failed because the cluster is silent is seen by
 * `app.broker.health()` only: nothing happens then that could be told.
 *
 * @example
 * subscribe('faststream.health.changed', (event) => { const { groupId, state } = event as HealthChangedEvent })
 */
export interface HealthChangedEvent {
  readonly broker: string
  readonly groupId: string | null
  readonly state: SubscriberHealth['state']
  readonly previous: SubscriberHealth['state']
  /** Of the state `failed`. */
  readonly error: Error | undefined
}

/**
 * The channels of `node:diagnostics_channel` and what is published on each. Listeners run synchronously: keep them short.
 * Nothing is created for a channel without subscribers.
 *
 * @example
 * import { subscribe } from 'node:diagnostics_channel'
 *
 * type Settled = FaststreamChannels['faststream.message.settled']
 * subscribe('faststream.message.settled', (event) => { settled.inc({ outcome: (event as Settled).outcome }) })
 */
export interface FaststreamChannels {
  'faststream.message.received': MessageReceivedEvent
  'faststream.message.started': MessageStartedEvent
  'faststream.message.failed': MessageFailedEvent
  'faststream.message.retried': MessageRetriedEvent
  'faststream.message.late': MessageLateEvent
  'faststream.message.dead-lettered': MessageDeadLetteredEvent
  'faststream.message.settled': MessageSettledEvent
  'faststream.message.unsettled': MessageUnsettledEvent
  'faststream.message.published': MessagePublishedEvent
  'faststream.message.publish-failed': MessagePublishFailedEvent
  'faststream.group.committed': GroupCommittedEvent
  'faststream.group.rebalanced': GroupRebalancedEvent
  'faststream.group.drain-timed-out': GroupDrainTimedOutEvent
  'faststream.subscriber.stopped': SubscriberStoppedEvent
  'faststream.partition.stopped': PartitionStoppedEvent
  'faststream.health.changed': HealthChangedEvent
  'fastify-faststream:offset-reset': OffsetResetEvent
}

/**
 * The context of one attempt on `tracing:faststream.message.process:*`: one object for `start`, `end`, `asyncStart`, `asyncEnd` and
 * `error`. The attempt runs within the stores that are bound to `start`: decoding, dependencies, the handler, the clean-up and the
 * publishing of its result.
 *
 * @example
 * tracingChannel('faststream.message.process').start.bindStore(storage, (context) => {
 *   const { subscriber, header } = context as MessageProcessContext
 *   return tracer.startSpan(`process ${subscriber}`, { parent: header('traceparent') })
 * })
 */
export interface MessageProcessContext extends MessageStartedEvent {
  /** The last value of a header, as text. */
  readonly header: (name: string) => string | undefined
  /** How the attempt ended; there from `asyncStart` on. `failed`: see `error`; a retry has a context of its own. */
  outcome?: 'settled' | 'unsettled' | 'stop' | 'failed'
  /** Why the attempt failed: there from `error` on. */
  error?: Error
}

/**
 * The context of one publish on `tracing:faststream.message.publish:*`: one object for `start`, `end`, `asyncStart`, `asyncEnd`
 * and `error`.
 *
 * @example
 * tracingChannel('faststream.message.publish').start.subscribe((context) => {
 *   (context as MessagePublishContext).headers.push(['traceparent', Buffer.from(traceparent())])
 * })
 */
export interface MessagePublishContext {
  readonly broker: string
  readonly topic: string
  /** As the call has it; undefined: chosen from the key. */
  readonly partition: number | undefined
  /** What is sent, with values. A subscriber of `start` may add headers of its own. */
  readonly headers: Array<readonly [name: string, value: Buffer | null]>
  /** Where the message is stored: there from `asyncStart` on. */
  result?: RecordMetadata
  /** Why the publish failed: there from `error` on. */
  error?: Error
}
