import type { BatchOptions } from '../../types/index.js'
import { FASTSTREAM_ERR_INVALID_OPTION } from '../errors.js'
import { integer, isObject } from './assert.js'
import { milliseconds, wholeNumber } from './checks.js'
import { optionsOf } from './option.js'
import type { BatchSettings, Ordering } from './settings.js'

/** Bounds of batches as a subscriber writes them; `maxSize` undefined: as many as the buffer holds, up to a default. */
export interface WrittenBatch extends Omit<BatchSettings, 'maxSize'> {
  readonly maxSize: number | undefined
}

/** As Kafka's `max.poll.records`. */
const MAX_SIZE = 500
const DEFAULTS: WrittenBatch = Object.freeze({ maxSize: undefined, maxBytes: 1024 * 1024, timeout: 200 })

const checkBounds = optionsOf<BatchOptions, WrittenBatch>({
  maxSize: (option, given = MAX_SIZE) => integer(option, given, 1),
  maxBytes: wholeNumber(1),
  timeout: milliseconds(0)
})

/** @throws FASTSTREAM_ERR_INVALID_OPTION */
export function checkBatch (option: string, given: true | BatchOptions): WrittenBatch {
  if (given === true) return DEFAULTS
  if (isObject(given)) return checkBounds(option, given, DEFAULTS)
  throw new FASTSTREAM_ERR_INVALID_OPTION(option, 'must be true, or { maxSize, maxBytes, timeout }')
}

/** The parts of a subscriber that its batches must agree with. */
interface Surroundings {
  readonly ordering: Ordering
  /** `messages`: how many a partition may hold in memory. */
  readonly buffer: { readonly messages: number }
}

/**
 * Completes the bounds of a subscriber's batches.
 *
 * @param where the subscriber, for the error
 * @throws FASTSTREAM_ERR_INVALID_OPTION
 */
export function resolveBatch (
  { maxSize, ...bounds }: WrittenBatch, { ordering, buffer: { messages } }: Surroundings, where: string
): BatchSettings {
  if (ordering !== 'partition') {
    const cure = `must be 'partition' with 'batch', and is '${ordering}' (${where}): batches keep the order`
    throw new FASTSTREAM_ERR_INVALID_OPTION('ordering', cure)
  }
  if (maxSize !== undefined && maxSize > messages) {
    const cure = `must be at most 'buffer.messages', which is ${messages} (${where}): a larger batch is never full`
    throw new FASTSTREAM_ERR_INVALID_OPTION('batch.maxSize', cure)
  }
  return Object.freeze({ ...bounds, maxSize: maxSize ?? Math.min(MAX_SIZE, messages) })
}
