import type { RebalanceListener } from '../../../types/index.js'
import type { Prepared } from '../../message/outgoing.js'
import type { InheritedSettings } from '../../options/inherited.js'
import type { BatchSettings } from '../../options/settings.js'
import type { Failure } from './dead-letter.js'
import type { Delivery } from './delivery.js'
import type { FailureAnswer } from './failure-policy.js'

/** Inherited options that the core reads for each subscriber. */
type ReadSettings = Pick<
  InheritedSettings,
  'ordering' | 'concurrency' | 'ackPolicy' | 'retry' | 'breaker' | 'handlerTimeout' | 'bodyLimit' | 'messageLogLevel'
>

/** What a queue tells the reader of a subscriber without a handler. */
export interface ReadingCode {
  /** `resize`: told how many attempts may run at once. */
  connect (resize: (places: number) => void): void
  /** Gives up what is not settled, but for what a loop is busy with, until {@link resume}. */
  drain (reason: string): void
  resume (): void
  /** Gives up all that is not settled. */
  giveUp (reason: string): void
  /** Nothing more comes. `error`: why, if it is a failure. */
  end (error?: Error): void
}

/** The settings of a subscriber, without the steps that know the type of its message. */
export interface SubscriberSettings extends ReadSettings {
  /** Named in logs, events and dead letters. */
  readonly name: string
  /** Names, and the texts of patterns. */
  readonly topics: readonly string[]
  /** Test of the topics that its patterns find; undefined: it has none. */
  readonly findsTopic?: ((topic: string) => boolean) | undefined
  readonly groupId: string | null
  /** Undefined: one message at a time. */
  readonly batch?: BatchSettings | undefined
  /**
   * True: the next message of a lane is handled while the results of this one are being stored. Only for a plan with
   * nothing that comes after the results: no code of `around`, no `replies` and no `onFailure`, each of which may run
   * the handler again. That of a queue counts: subscribers that share one wait for each other. @default false
   */
  readonly overlaps?: boolean
  /** Code that asks for its messages, in place of a handler that gets them. */
  readonly reader?: ReadingCode | undefined
  /** Calls about its partitions. */
  readonly listener?: RebalanceListener | undefined
  /** The dead-letter topic for messages of `topic`; undefined when there is none. */
  deadLetterTopic (topic: string): string | undefined
  /** True when dead letters of `origin` go to `topic`. Never throws, whatever `origin` holds. */
  isDeadLetterOf (topic: string, origin: string): boolean
  /** Topics that the app has declared to write: those of its publishers, and dead-letter topics. */
  writtenTopics (): readonly string[]
}

/** Code of the app around one attempt. */
export interface AttemptMoments {
  /** Called before the message is decoded. */
  received (): Promise<void>
  /** Called when the attempt has ended, before its message is settled; `error` is that of the attempt. */
  processed (error: Error | undefined): Promise<void>
}

/** The results of one message, and code of the app that runs until they are published. */
export interface ResultsInScope {
  readonly prepared: readonly Prepared[]
  /** Lets that code go on. Rejects when it fails, or when a result could not be published. */
  end (): Promise<void>
}

/** Answers to the senders of messages that ask for a reply. Each returns undefined where there is nothing to answer. */
export interface Replies {
  /**
   * Answers with the handler's result. Resolves when the reply has its place in the queue; rejects when it has no form
   * on the wire or does not match its schema.
   */
  reply (result: unknown, delivery: Delivery): Promise<void> | undefined
  /** Answers with the code of an error. Never rejects. */
  refuse (error: Error, delivery: Delivery): Promise<void> | undefined
}

/** Steps of a subscriber for each message, in this order. `Message` is the result of `decode`. */
export interface MessageSteps<Message> extends Pick<SubscriberSettings, 'overlaps'> {
  /** Returns the code around one attempt. Undefined where there is none, so that nothing is added per message. */
  readonly around?: ((delivery: Delivery) => AttemptMoments) | undefined
  /** Decodes and validates. Throws (or rejects) when the message can never be handled. */
  decode (delivery: Delivery): Message | PromiseLike<Message>
  handle (message: Message): unknown
  /**
   * Cleans up what was created for the message, before the handler's result is published.
   * Returns undefined when there is nothing to clean up; rejects when the clean-up fails.
   */
  release (message: Message, failure?: { readonly error: unknown }): Promise<void> | undefined
  /** Checks and encodes the handler's result. Throws (or rejects) when it cannot be published. */
  prepare (result: unknown, message: Message): readonly Prepared[] | Promise<ResultsInScope>
  /** Undefined where the subscriber does not answer, so that nothing is added per message. */
  readonly replies?: Replies | undefined
  /**
   * Asks the app about a failure. Resolves to undefined when it leaves the decision to the policy. Undefined where the
   * app has no error handler. `message` is undefined when it was not decoded.
   */
  readonly onFailure?: ((
    failure: Failure, delivery: Delivery, message: Message | undefined
  ) => Promise<FailureAnswer | undefined>) | undefined
}

/** A compiled subscriber: all that the pipeline needs to know of it. */
export interface SubscriberPlan<Message = unknown> extends SubscriberSettings, MessageSteps<Message> {}
