import { PATH_LIMIT, visible } from '../foreign-text.js'
import type { Log } from '../log.js'

/** Characters. */
const MAX_LENGTH = 256

/**
 * The correlation id to pass on: the given one, or a fresh one if the given one is too long or has invisible
 * characters. The given one comes from a header or a request, so it may be anything; it is logged when it is replaced.
 */
export function acceptCorrelationId (given: string, fresh: () => string, log: Log): string {
  if (given.length <= MAX_LENGTH && visible(given, given.length * 3) === given) return given
  const correlationId = fresh()
  const message = 'a correlation id is longer than 256 characters or not visible: a fresh one replaces it'
  log.warn({ correlationId, given: visible(given, PATH_LIMIT) }, message)
  return correlationId
}
