import { CORRELATION_ID } from './messages.js'

const text = { type: 'string' }

/**
 * What lies in a dead-letter topic. Its payload is the bytes of another message, of which nothing can be promised:
 * it may be there because it is not what its schema says.
 */
export const DEAD_LETTER = {
  title: 'Dead letter',
  description: 'A message that could not be handled: its key, value and headers unchanged, with headers that say where, when and why it failed.',
  headers: {
    type: 'object',
    required: ['x-dlq-topic', 'x-dlq-partition', 'x-dlq-offset', 'x-dlq-stage'],
    properties: {
      'x-dlq-topic': { ...text, description: 'Where the message was' },
      'x-dlq-partition': { ...text, pattern: '^[0-9]+$' },
      'x-dlq-offset': { ...text, pattern: '^[0-9]+$' },
      'x-dlq-timestamp': { ...text, description: 'Of the message, ms since 1970', pattern: '^[0-9]+$' },
      'x-dlq-group': { ...text, description: 'Whose offsets are past it' },
      'x-dlq-subscriber': { ...text, description: 'Who could not handle it' },
      'x-dlq-stage': { ...text, enum: ['deserialize', 'validate', 'handler', 'retries-exhausted', 'publish'] },
      'x-dlq-error-class': text,
      'x-dlq-error-message': text,
      'x-dlq-error-stack': { ...text, description: 'Left out in production' },
      'x-dlq-errors': { ...text, description: 'JSON: where it did not match its schema' },
      'x-dlq-attempts': { ...text, description: 'How often it was tried', pattern: '^[0-9]+$' },
      'x-dlq-first-failure-at': { ...text, format: 'date-time' },
      'x-dlq-failed-at': { ...text, format: 'date-time' },
      'x-dlq-value-omitted': { ...text, description: 'The message was too large to be a dead letter with its value', const: 'true' }
    }
  },
  correlationId: CORRELATION_ID
}
