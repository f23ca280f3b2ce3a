import { integer } from '../options/assert.js'

/**
 * Error that a handler of batches throws when it has failed at one message: the messages before it are done and are
 * settled. That one is handled again by itself as `retry` says, and becomes a dead letter when no retry is left. Those
 * behind it are handled again, in a further call. A `cause` that is a decision (`RejectMessage`, `NackMessage`,
 * `SkipMessage`, …) is the decision about that one message.
 *
 * Dependencies are cleaned up as after a failure. So throw any other error where a transaction of a dependency spans
 * the batch: then the whole batch is handled again.
 *
 * @example
 * for (const [i, order] of orders.entries()) {
 *   await save(order).catch((cause) => { throw new BatchError(i, cause) })
 * }
 */
export class BatchError extends Error {
  override readonly name = 'BatchError'
  /** Index of the message that failed, among the values of the call. */
  readonly index: number

  /**
   * @param index of the message that failed, counted from 0
   * @param cause error of that message: its dead letter has it, and `retry.retryOn` decides by it, @default this error
   * @throws FASTSTREAM_ERR_INVALID_OPTION for an index that is no whole number of at least 0
   */
  constructor (index: number, cause?: unknown) {
    integer('index', index, 0)
    super(`message ${index} of the batch failed`, cause === undefined ? undefined : { cause })
    this.index = index
  }
}
