/**
 * `connection`: it could not be made, or it broke; another try may work.
 * `tls`: the two sides certainly do not agree on TLS. At start that is a mistake in the options; later a certificate
 * may have been replaced, and another try may work.
 * `authentication`: the broker refused the credentials of this client, or TLS cannot begin with its options.
 */
export class WireError extends Error {
  override readonly name = 'WireError'
  readonly reason: 'connection' | 'tls' | 'authentication'
  /** The option of the app that the failure points at. */
  readonly option: 'sasl' | 'ssl' | undefined

  constructor (message: string, reason: WireError['reason'], cause?: unknown, option?: WireError['option']) {
    super(message, { cause })
    this.reason = reason
    this.option = option
  }
}

/** True for a failure that an option of the app may have caused. */
export function pointsAtOption (error: unknown): error is WireError {
  return error instanceof WireError && error.option !== undefined
}
