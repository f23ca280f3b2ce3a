import type { RebalanceListener } from '../../types/index.js'
import { FASTSTREAM_ERR_INVALID_OPTION } from '../errors.js'
import { callable, isObject, onlyKnown } from './assert.js'

const CALLS = ['onAssigned', 'onRevoked', 'onLost'] as const

/** An object with some of the calls; an instance of a class may have other members, too. */
export function checkListener (option: string, listener: RebalanceListener): RebalanceListener {
  if (!isObject(listener)) {
    throw new FASTSTREAM_ERR_INVALID_OPTION(option, `must be an object with ${CALLS.join(', ')}, or some of them`)
  }
  if (Object.getPrototypeOf(listener) === Object.prototype) onlyKnown(`${option}.`, listener, CALLS)
  const calls: RebalanceListener = listener
  const given = CALLS.filter((name) => calls[name] !== undefined)
  for (const name of given) callable(`${option}.${name}`, calls[name], 'must be a function of the partitions')
  if (given.length > 0) return listener
  throw new FASTSTREAM_ERR_INVALID_OPTION(option, `must have one of ${CALLS.join(', ')}`)
}
