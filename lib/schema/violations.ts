import type { Part } from './validator.js'

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

/**
 * The error for what a validator found, in Fastify's words: `value/total must be >= 0`, with Fastify's `validation` and
 * `validationContext`. A compiler set by hand may give an error of its own instead: it is the cause.
 */
export function invalid (part: Part, found: unknown, create: (reason: string, ...options: [options?: ErrorOptions]) => Error): Error {
  const validation: Violation[] = Array.isArray(found) ? found.slice(0, LIMIT).map(violation) : []
  const error = found instanceof Error ? create(found.message, { cause: found }) : create(describe(part, validation))
  return Object.assign(error, { validation, validationContext: part })
}

function describe (part: Part, violations: readonly Violation[]): string {
  if (violations.length === 0) return `${part} is not valid`
  return violations.map(({ instancePath, message }) => `${part}${instancePath} ${message ?? 'is not valid'}`).join(', ')
}

function violation ({ instancePath = '', keyword, message, params }: Partial<Violation>): Violation {
  return { instancePath, ...(keyword !== undefined && { keyword }), ...(message !== undefined && { message }), ...(params !== undefined && { params: withoutValues(params) }) }
}

/** Ajv's `discriminator` quotes what it found. */
function withoutValues (params: object & { tagValue?: unknown }): object {
  const { tagValue, ...rest } = params
  return rest
}
