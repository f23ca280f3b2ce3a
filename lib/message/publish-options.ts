import { types } from 'node:util'
import type { BatchEntry, PublishOptions, UnconfirmedOptions } from '../../types/index.js'
import { FASTSTREAM_ERR_INVALID_OPTION } from '../errors.js'
import { isObject, list, notKnown, yesOrNo } from '../options/assert.js'
import { isPlainObject } from './headers.js'

/* The code reads only the names of the two tables. */

const KNOWN: { readonly [_ in keyof Required<UnconfirmedOptions>]: null } = {
  key: null,
  headers: null,
  partition: null,
  timestamp: null,
  correlationId: null,
  wait: null,
  noConfirm: null
}

/**
 * Checks the options of a call that publishes; the key is checked together with the publisher's own. Runs for each
 * message, so it allocates nothing.
 */
export function checkPublishOptions (options: PublishOptions | UnconfirmedOptions): void {
  if (typeof options !== 'object' || options === null || Array.isArray(options)) {
    throw new FASTSTREAM_ERR_INVALID_OPTION('options', 'must be an object')
  }
  for (const name in options) {
    if (Object.hasOwn(KNOWN, name)) continue
    throw notKnown('', name, Object.keys(KNOWN))
  }
  const { headers, partition, timestamp, correlationId, wait, noConfirm } = options
  if (headers !== undefined && !isPlainObject(headers)) {
    throw new FASTSTREAM_ERR_INVALID_OPTION('headers', 'must be a plain object')
  }
  if (partition !== undefined && !(Number.isInteger(partition) && partition >= 0)) {
    throw new FASTSTREAM_ERR_INVALID_OPTION('partition', 'must be a whole number of at least 0')
  }
  if (timestamp !== undefined && !(types.isDate(timestamp) && timestamp.getTime() >= 0)) {
    throw new FASTSTREAM_ERR_INVALID_OPTION('timestamp', 'must be a valid Date, not before 1970')
  }
  if (correlationId !== undefined && typeof correlationId !== 'string') {
    throw new FASTSTREAM_ERR_INVALID_OPTION('correlationId', 'must be a string')
  }
  if (wait !== undefined) yesOrNo('wait', wait)
  if (noConfirm !== undefined) yesOrNo('noConfirm', noConfirm)
}

const OF_ENTRIES: { readonly [_ in keyof Required<BatchEntry>]: null } = {
  value: null,
  key: null,
  headers: null,
  partition: null
}

/** Checks the messages of publishBatch(); their options are checked with those of each publish. */
export function checkBatch (messages: readonly BatchEntry[]): void {
  list('messages', messages)
  for (const [i, entry] of messages.entries()) {
    if (!isObject(entry)) throw new FASTSTREAM_ERR_INVALID_OPTION(`messages[${i}]`, 'must be an object with a value')
    for (const name in entry) {
      if (!Object.hasOwn(OF_ENTRIES, name)) throw notKnown(`messages[${i}].`, name, Object.keys(OF_ENTRIES))
    }
  }
}
