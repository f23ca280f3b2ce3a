import type { FailureStage } from './message-events.js'
import type { AnyMessage, UndecodedMessage } from './middleware.js'
import type { OutgoingHeaders } from './publish.js'

/**
 * Message of a failed attempt, for an {@link ErrorHandler}.
 *
 * @example
 * const isLast = ({ stage }: FailedMessage) => stage !== 'handler'
 */
export interface FailedMessage extends UndecodedMessage {
  /**
   * Step that failed: `'deserialize'`, `'validate'`, `'publish'` (of a result), `'handler'` where the policy runs it
   * again, or `'retries-exhausted'` where it does not. The handler includes middlewares, dependencies and their
   * clean-up.
   */
  readonly stage: FailureStage
  /** Message as the handler got it, its dependencies cleaned up; undefined where it was not decoded. */
  readonly message: AnyMessage | undefined
}

/**
 * Decision of an {@link ErrorHandler} about a message whose attempt has failed.
 *
 * - `retry`: the message is handled again after `delay` ms (default: as `retry` says), without a limit.
 * - `forward`: its bytes and headers go to another topic, with `headers` in the place of those of the same name; then
 *   it is settled. If the cluster refuses that, the message becomes a dead letter.
 * - `dead-letter`: it goes to the dead-letter topic at once; with `deadLetter: false` it is logged and skipped.
 * - `acknowledge`: it is settled.
 * - `reply`: `value`, also a {@link Response}, is published as the result of the handler; then it is settled.
 *
 * @example
 * const later: ErrorDecision = { action: 'forward', topic: 'orders.later', headers: { reason: 'closed' } }
 */
export type ErrorDecision =
  | { readonly action: 'retry', readonly delay?: number | undefined }
  | { readonly action: 'forward', readonly topic: string, readonly headers?: OutgoingHeaders | undefined }
  | { readonly action: 'dead-letter' }
  | { readonly action: 'acknowledge' }
  | { readonly action: 'reply', readonly value: unknown }

/**
 * Handler of errors of a scope, the sibling of Fastify's: it is called for each failed attempt of the subscribers in
 * the scope and its children, that of the nearest scope first. An error that it throws goes to the handler of the scope
 * around it. Returning nothing leaves the decision to `ackPolicy`, `retry` and `deadLetter`; so does a handler that
 * fails, returns no decision, or takes longer than `handlerTimeout`. FastStream: `ExceptionMiddleware`.
 *
 * @example
 * const onError: ErrorHandler<FastifyInstance> = (error, { attempt }) => {
 *   if (error instanceof RangeError) return { action: 'dead-letter' }
 *   if (attempt > 10) return { action: 'forward', topic: 'orders.later' }
 * }
 */
export type ErrorHandler<This> = (
  this: This, error: Error, failed: FailedMessage
) => ErrorDecision | undefined | void | Promise<ErrorDecision | undefined | void>
