/**
 * `connection`: it could not be made, or it broke; another try may work.
 * `authentication`: the broker refused the credentials of this client, or TLS cannot begin with its options.
 */
export class WireError extends Error {
  override readonly name = 'WireError'
  readonly reason: 'connection' | 'authentication'
  /** The option of the app that the failure points at. */
  readonly option: 'sasl' | 'ssl' | undefined

  constructor (message: string, reason: WireError['reason'], cause?: unknown, option?: WireError['option']) {
    super(message, { cause })
    this.reason = reason
    this.option = option
  }
}
