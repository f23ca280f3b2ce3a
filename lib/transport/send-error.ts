/**
 * Failure of a send, in whole or in part: the `send` of a transport's producer rejects with it.
 *
 * @example
 * throw new SendError(`partition ${partition} does not exist`, 'not-sent', 'refused')
 */
export class SendError extends Error {
  override readonly name = 'SendError'
  /**
   * Fate of the records without an offset. `not-sent`: they are certainly not in the log. `unknown`: they may be in
   * it, or may still get there.
   */
  readonly outcome: 'not-sent' | 'unknown'
  /**
   * Cause. `refused`: the cluster said no, and would again. `too-large`: it refused the size. `timeout`: the deadline
   * came first. `closed`: the producer was closed.
   */
  readonly reason: 'refused' | 'too-large' | 'timeout' | 'closed'
  /** Offset of each record in the order given; undefined for a record that is not known to be in the log. */
  readonly offsets: ReadonlyArray<bigint | undefined>

  /** HTTP clients read the `message` of a refusal: it names no host. What the connection said is the `cause`. */
  constructor (
    message: string,
    outcome: SendError['outcome'],
    reason: SendError['reason'],
    { offsets = [], cause }: { offsets?: SendError['offsets'], cause?: unknown } = {}
  ) {
    super(message, { cause })
    this.outcome = outcome
    this.reason = reason
    this.offsets = offsets
  }
}
