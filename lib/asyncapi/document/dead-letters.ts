import { describeDeadLetterHeaders } from '../../message/dead-letter-described.js'
import { CORRELATION_ID } from './messages.js'

/**
 * A message of a dead-letter topic. Its payload has no schema: the bytes are those of another message, which may be a
 * dead letter because they do not match its schema.
 */
export const DEAD_LETTER = {
  title: 'Dead letter',
  description: 'A message that could not be handled: its key, value and headers unchanged, ' +
    'with headers that say where, when and why it failed.',
  headers: describeDeadLetterHeaders(),
  correlationId: CORRELATION_ID
}
