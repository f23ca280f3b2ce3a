import { PATH_LIMIT, visible } from '../foreign-text.js'
import type { Log } from '../log.js'

/** Characters. */
const MAX_LENGTH = 256

/**
 * The correlation id that travels on: the given one, or a fresh one where that is too long or has characters that cannot be
 * seen. A header or a request carries it, so it may be anything; the first one is kept in the log.
 */
export function acceptCorrelationId (given: string, fresh: () => string, log: Log): string {
  // Plain JavaScript may give no text at all: the encoding says that.
  if (typeof given !== 'string' || (given.length <= MAX_LENGTH && visible(given, given.length * 3) === given)) return given
  const correlationId = fresh()
  log.warn({ correlationId, given: visible(given, PATH_LIMIT) }, 'a correlation id is longer than 256 characters or not visible: a fresh one replaces it')
  return correlationId
}
