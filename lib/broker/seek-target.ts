import type { SeekTarget } from '../../types/index.js'
import type { SeekTo } from '../consume/group/topic-changes.js'
import { FASTSTREAM_ERR_INVALID_ARGUMENTS, FASTSTREAM_ERR_INVALID_OPTION } from '../errors.js'
import { integer, isObject } from '../options/assert.js'
import { checkTimestamp } from '../options/consumer-options.js'

export const SEEK = "seek('start' | 'end' | { timestamp } | { topic, partition, offset })"

/** @throws FASTSTREAM_ERR_INVALID_ARGUMENTS, FASTSTREAM_ERR_INVALID_OPTION */
export function checkSeek (to: SeekTarget): SeekTo {
  if (to === 'start' || to === 'end') return to
  if (!isObject(to)) throw new FASTSTREAM_ERR_INVALID_ARGUMENTS(SEEK, "it takes 'start', 'end' or an object")
  // A message has a timestamp, too, and names a place.
  if (!('offset' in to)) return { timestamp: checkTimestamp('timestamp', to.timestamp) }
  const { topic, partition, offset } = to
  integer('partition', partition, 0)
  checkOffset(offset)
  return { topic, partition, offset }
}

/** @throws FASTSTREAM_ERR_INVALID_OPTION */
export function checkOffset (offset: unknown): void {
  if (typeof offset === 'bigint' && offset >= 0n) return
  throw new FASTSTREAM_ERR_INVALID_OPTION('offset', 'must be a bigint of at least 0')
}
