import { FASTSTREAM_ERR_INVALID_OPTION } from '../errors.js'
import type { Transport } from './transport.js'

const METHODS = ['connect', 'describeTopics', 'createTopics', 'consumer', 'producer', 'close'] as const

/**
 * Requires the methods of {@link Transport}: an app in JavaScript has no compiler that does it.
 *
 * @throws FASTSTREAM_ERR_INVALID_OPTION
 */
export function checkTransport (option: string, given: unknown): Transport {
  if (!isTransport(given)) {
    const missing = METHODS.filter((method) => typeof memberOf(given, method) !== 'function')
    const lack = missing.length === METHODS.length ? 'none of these' : `no ${missing.join(', no ')}`
    const cure = `must be an object with the methods ${METHODS.join(', ')} of the interface Transport: it has ${lack}`
    throw new FASTSTREAM_ERR_INVALID_OPTION(option, cure)
  }
  return given
}

function isTransport (given: unknown): given is Transport {
  return METHODS.every((method) => typeof memberOf(given, method) === 'function')
}

function memberOf (given: unknown, name: string): unknown {
  return typeof given === 'object' && given !== null ? Reflect.get(given, name) : undefined
}
