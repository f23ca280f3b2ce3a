import type { MessageStartedEvent } from './message-events.js'
import type { RecordMetadata } from './publish.js'

/**
 * The context of one attempt on `tracing:faststream.message.process:*`: one object for `start`, `end`, `asyncStart`,
 * `asyncEnd` and `error`. The attempt runs within the stores that are bound to `start`: decoding, dependencies, the
 * handler, the clean-up and the publishing of its result.
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
 * The context of one publish on `tracing:faststream.message.publish:*`: one object for `start`, `end`, `asyncStart`,
 * `asyncEnd` and `error`.
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
