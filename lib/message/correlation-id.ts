import { randomUUID } from 'node:crypto'
import { isVisible, PATH_LIMIT, visible } from '../foreign-text.js'
import type { Log } from '../log.js'
import type { ConsumedRecord } from '../transport/transport.js'
import { CORRELATION_ID, headerText } from './headers.js'

/** Characters. */
const MAX_LENGTH = 256

/**
 * The correlation id to pass on: the given one, or a fresh one if the given one is too long or has invisible
 * characters. The given one comes from a header or a request, so it may be anything; it is logged when it is replaced.
 *
 * @param about what the log line says beside the ids
 */
export function acceptCorrelationId (given: string, fresh: () => string, log: Log, about: object = {}): string {
  if (isAcceptable(given)) return given
  const correlationId = fresh()
  const message = 'a correlation id is longer than 256 characters or not visible: a fresh one replaces it'
  log.warn({ ...about, correlationId, given: visible(given, PATH_LIMIT) }, message)
  return correlationId
}

/** The correlation id of a received record: that of its header, or a new one. `at` is read for a warning alone. */
export function receivedCorrelationId (record: ConsumedRecord, log: Log, at: { readonly place: object }): string {
  const given = headerText(record, CORRELATION_ID)
  if (given === undefined) return randomUUID()
  return isAcceptable(given) ? given : acceptCorrelationId(given, randomUUID, log, at.place)
}

function isAcceptable (given: string): boolean {
  return given.length <= MAX_LENGTH && isVisible(given)
}
