import { FASTSTREAM_ERR_CONNECT, FASTSTREAM_ERR_SASL, FASTSTREAM_ERR_SSL } from '../../../errors.js'
import { reasonOf } from '../../../to-error.js'
import { pointsAtOption, WireError } from '../wire.js'
import { InterruptedError, isCoded } from './protocol-errors.js'

/** The error of the catalogue for a failure that points at the option `sasl` or `ssl`; undefined for any other. */
export function securityError (error: unknown, brokers: readonly string[]): Error | undefined {
  const failure = error instanceof InterruptedError ? error.cause : error
  if (!pointsAtOption(failure)) return undefined
  const FaststreamError = failure.option === 'sasl' ? FASTSTREAM_ERR_SASL : FASTSTREAM_ERR_SSL
  return new FaststreamError(brokers.join(', '), reasonOf(failure), { cause: error })
}

/** Why no broker can be used, as an error of the catalogue. */
export function unreachable (error: unknown, brokers: readonly string[]): Error {
  if (isCoded(error)) return error as Error
  const security = securityError(error, brokers)
  return security ?? new FASTSTREAM_ERR_CONNECT(brokers.join(', '), reasonOf(error), { cause: error })
}

/** True when TLS failed for certain: before anything has worked, another try would fail alike. */
export function isTlsMistake (error: unknown): boolean {
  return error instanceof WireError && error.reason === 'tls'
}
