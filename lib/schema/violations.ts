import type { About } from './validator.js'

/** One way in which a part does not match its schema. Names and places, never values: it is logged and kept in dead letters. */
export interface Violation {
  /** JSON pointer into the part. */
  readonly instancePath: string
  readonly keyword?: string
  readonly message?: string
  readonly params?: object
}

/** A list of thousands, for one long array, helps nobody. */
const LIMIT = 50

/** What a validator found, in the form of Fastify's `error.validation`; empty when it speaks another language. */
export function violationsOf (errors: unknown): Violation[] {
  return Array.isArray(errors) ? errors.slice(0, LIMIT).map(violation) : []
}

/** In Fastify's words: `value/total must be >= 0`. */
export function describe (part: About['part'], errors: unknown, violations: readonly Violation[]): string {
  if (violations.length > 0) return violations.map(({ instancePath, message }) => `${part}${instancePath} ${message ?? 'is not valid'}`).join(', ')
  return errors instanceof Error ? errors.message : `${part} is not valid`
}

function violation ({ instancePath = '', keyword, message, params }: Partial<Violation>): Violation {
  return { instancePath, ...(keyword !== undefined && { keyword }), ...(message !== undefined && { message }), ...(params !== undefined && { params: withoutValues(params) }) }
}

/** Ajv's `discriminator` quotes what it found. */
function withoutValues (params: object & { tagValue?: unknown }): object {
  const { tagValue, ...rest } = params
  return rest
}
