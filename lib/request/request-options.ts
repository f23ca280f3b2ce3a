import type { RequestOptions } from '../../types/index.js'
import { LONGEST_TIMER } from '../clock.js'
import { FASTSTREAM_ERR_INVALID_OPTION } from '../errors.js'
import { isPlainObject } from '../message/headers.js'
import { isObject, notKnown, number } from '../options/assert.js'

/** Options of a request, which a caller without types may have written in any way. */
export interface GivenOptions extends RequestOptions {
  readonly schema?: object | undefined
}

const KNOWN: { readonly [_ in keyof Required<GivenOptions>]: true } = {
  key: true, headers: true, timeout: true, signal: true, schema: true
}

/** ms */
const TIMEOUT = 5000

/** Returns the time-out, ms. @throws FASTSTREAM_ERR_INVALID_OPTION */
export function checkRequestOptions (options: GivenOptions): number {
  if (!isObject(options)) throw new FASTSTREAM_ERR_INVALID_OPTION('options', 'must be an object')
  for (const name of Object.keys(options)) {
    if (!Object.hasOwn(KNOWN, name)) throw notKnown('', name, Object.keys(KNOWN))
  }
  const { headers, timeout = TIMEOUT, signal, schema } = options
  if (headers !== undefined && !isPlainObject(headers)) {
    throw new FASTSTREAM_ERR_INVALID_OPTION('headers', 'must be a plain object')
  }
  if (signal !== undefined && !(signal instanceof AbortSignal)) {
    throw new FASTSTREAM_ERR_INVALID_OPTION('signal', 'must be an AbortSignal')
  }
  if (schema !== undefined && typeof schema !== 'function' && !isObject(schema)) {
    throw new FASTSTREAM_ERR_INVALID_OPTION('schema', "must be the schema of the reply's value")
  }
  return number('timeout', timeout, 1, LONGEST_TIMER)
}
