import type { RebalanceListener } from '../../../types/index.js'
import type { Prepared } from '../../message/outgoing.js'
import type { InheritedSettings } from '../../options/inherited.js'
import type { Delivery } from './delivery.js'

/** Inherited options that the core reads for each subscriber. */
type ReadSettings = Pick<
  InheritedSettings,
  'ordering' | 'concurrency' | 'ackPolicy' | 'retry' | 'handlerTimeout' | 'bodyLimit' | 'messageLogLevel'
>

/** The settings of a subscriber, without the steps that know the type of its message. */
export interface SubscriberSettings extends ReadSettings {
  /** Named in logs, events and dead letters. */
  readonly name: string
  readonly topics: readonly string[]
  readonly groupId: string | null
  /** Calls about its partitions. */
  readonly listener?: RebalanceListener | undefined
  /** The dead-letter topic for messages of `topic`; undefined when there is none. */
  deadLetterTopic (topic: string): string | undefined
  /** True when dead letters of `origin` go to `topic`. Never throws, whatever `origin` holds. */
  isDeadLetterOf (topic: string, origin: string): boolean
}

/** Steps of a subscriber for each message, in this order. `Message` is the result of `decode`. */
export interface MessageSteps<Message> {
  /** Decodes and validates. Throws (or rejects) when the message can never be handled. */
  decode (delivery: Delivery): Message | PromiseLike<Message>
  handle (message: Message): unknown
  /**
   * Cleans up what was created for the message, before the handler's result is published.
   * Returns undefined when there is nothing to clean up; rejects when the clean-up fails.
   */
  release (message: Message, failure?: { readonly error: unknown }): Promise<void> | undefined
  /** Checks and encodes the handler's result. Throws when it cannot be published. */
  prepare (result: unknown, message: Message): readonly Prepared[]
}

/** Returns steps that run code around those it is given: the form that a middleware takes here. */
export type StepsWrapper<Message> = (inner: MessageSteps<Message>) => MessageSteps<Message>

/** A compiled subscriber: all that the pipeline needs to know of it. */
export interface SubscriberPlan<Message = unknown> extends SubscriberSettings, MessageSteps<Message> {
  /** Composed around the steps once, when the pipeline is created; the first one is outermost. */
  readonly middlewares?: ReadonlyArray<StepsWrapper<Message>>
}
