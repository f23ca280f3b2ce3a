import type { FaststreamChannels } from './events.js'
import type { MessagePlace } from './message-events.js'
import type { RecordMetadata } from './publish.js'

/**
 * One thing that happened to a message.
 *
 * @example
 * const failures = story.steps.filter(({ channel }) => channel === 'faststream.message.failed')
 */
export interface StoryStep {
  readonly at: Date
  /** Channel of the event that told it, see {@link FaststreamChannels}. */
  readonly channel: keyof FaststreamChannels
  /** Group and subscriber that it happened in; undefined for a publish. */
  readonly groupId?: string | null
  readonly subscriber?: string
  /** One line for people. */
  readonly text: string
}

/**
 * Story of one message in this process, see {@link BrokerObservation.explain}. `String(story)` is text for people.
 *
 * @example
 * console.log(String(app.broker.explain('orders', 0, 7n)))
 */
export interface MessageStory extends RecordMetadata {
  /** Message whose handler, or whose failure, published this one; undefined for one of a route or another process. */
  readonly cause: Pick<MessagePlace, 'topic' | 'partition' | 'offset'> | undefined
  /** Correlation id, where the message was published in this process. */
  readonly correlationId: string | undefined
  readonly steps: readonly StoryStep[]
  /** Messages that its handlers published, and its dead letter. */
  readonly published: readonly RecordMetadata[]
  toString (): string
}
