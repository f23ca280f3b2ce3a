import type { PublishOptions, Response } from '../../types/index.js'
import { noSurplus } from '../options/assert.js'

class ValueWithOptions<V> implements Response<V> {
  readonly value: V
  readonly options: PublishOptions

  constructor (value: V, options: PublishOptions) {
    this.value = value
    this.options = options
  }
}

/**
 * Adds {@link PublishOptions} to the result of a handler, for each publisher of the subscriber. A value of `undefined`
 * publishes nothing, and `null` is a tombstone, which has the key of the handled message unless one is given.
 *
 * @param options @default {}; a wrong option makes the message a dead letter, with FASTSTREAM_ERR_INVALID_OPTION
 * @example
 * return response({ orderId: order.id, amount: 9 }, { headers: { tenant: 'a' } })
 */
export function response<V> (value: V, options: PublishOptions = {}): Response<V> {
  noSurplus('response(value, options)', arguments, 2)
  return new ValueWithOptions(value, options)
}

export function isResponse (result: unknown): result is Response<unknown> {
  return result instanceof ValueWithOptions
}
