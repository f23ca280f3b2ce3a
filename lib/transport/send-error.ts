/** A send that was given up, in whole or in part. */
export class SendError extends Error {
  override readonly name = 'SendError'
  /** Of what has no offset. `not-sent`: certainly not in the log. `unknown`: it may be, or may still get there. */
  readonly outcome: 'not-sent' | 'unknown'
  /**
   * `refused`: the cluster said no, and would again; `too-large`: that is why. `timeout`: the deadline came first.
   * `closed`: the producer was closed.
   */
  readonly reason: 'refused' | 'too-large' | 'timeout' | 'closed'
  /** Of each record in the order given: its offset where it is in the log all the same. */
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
