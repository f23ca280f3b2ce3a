import { DEAD_LETTER_HEADERS, DEAD_LETTER_PREFIX } from './dead-letter-headers.js'

/* The headers of dead letters in the AsyncAPI document and in docs/dead-letters.md. */

/** A header as the documentation shows it. */
export interface DeadLetterHeaderRow {
  readonly name: string
  readonly required: boolean
  readonly description: string
}

/** The headers in the order of the wire, for the documentation. */
export function deadLetterHeaderRows (): DeadLetterHeaderRow[] {
  return DEAD_LETTER_HEADERS.map(({ name, required, schema: { description, enum: values } }) => {
    const among = values === undefined ? '' : `: ${values.join(', ')}`
    return { name: DEAD_LETTER_PREFIX + name, required, description: description + among }
  })
}

/** JSON Schema of the headers, for the AsyncAPI document. */
export function describeDeadLetterHeaders (): Record<string, unknown> {
  return {
    type: 'object',
    required: DEAD_LETTER_HEADERS.filter(({ required }) => required).map(({ name }) => DEAD_LETTER_PREFIX + name),
    properties: Object.fromEntries(DEAD_LETTER_HEADERS.map(({ name, schema }) => {
      return [DEAD_LETTER_PREFIX + name, { type: 'string', ...schema }]
    }))
  }
}
