import { Budget, boundedValue } from '../bounded-value.js'
import { MESSAGE_LIMIT, NAME_LIMIT, oneLine, PATH_LIMIT, visible } from '../foreign-text.js'

export type Part = 'value' | 'key' | 'headers'

/** One mismatch of a part and its schema. Has no values: it is logged and kept in dead letters. */
export interface Violation {
  /** JSON pointer into the part. */
  readonly instancePath: string
  readonly keyword?: string
  readonly message?: string
  readonly params?: object
}

/** Most violations that an error lists: one long array may have thousands. */
const LIMIT = 50
/** Bytes of JSON that all violations of an error have. */
const TOTAL_LIMIT = 16_384
const TEXT_LIMIT = 512

/**
 * The error for what a validator found, in Fastify's words: `value/total must be >= 0`, with Fastify's `validation` and
 * `validationContext`. A compiler set by hand may give an error of its own instead: it is the cause. The text is
 * bounded, because its names and places come from the sender.
 */
export function invalid (
  part: Part, found: unknown, create: (reason: string, ...options: [options?: ErrorOptions]) => Error
): Error {
  const validation = Array.isArray(found) ? violations(found) : []
  const error = found instanceof Error ? create(found.message, { cause: found }) : create(describe(part, validation))
  return Object.assign(error, { validation, validationContext: part })
}

function describe (part: Part, violations: readonly Violation[]): string {
  if (violations.length === 0) return `${part} is not valid`
  return violations.map(({ instancePath, message }) => `${part}${instancePath} ${message ?? 'is not valid'}`).join(', ')
}

function violations (found: ReadonlyArray<Partial<Violation>>): Violation[] {
  const list: Violation[] = []
  let bytes = 2
  for (const each of found.slice(0, LIMIT)) {
    const next = violation(each)
    bytes += Buffer.byteLength(JSON.stringify(next)) + 1
    if (bytes > TOTAL_LIMIT) break
    list.push(next)
  }
  return list
}

function violation ({ instancePath = '', keyword, message, params }: Partial<Violation>): Violation {
  return {
    instancePath: visible(instancePath, PATH_LIMIT),
    ...(keyword !== undefined && { keyword: visible(keyword, NAME_LIMIT) }),
    ...(message !== undefined && { message: oneLine(message, TEXT_LIMIT) }),
    ...(params !== undefined && { params: boundedParams(params) })
  }
}

function boundedParams (params: object): object {
  return boundedValue(withoutValues(params), new Budget(LIMIT, MESSAGE_LIMIT)) as object
}

/** Ajv's `discriminator` quotes what it found. */
function withoutValues (params: object & { tagValue?: unknown }): object {
  const { tagValue, ...rest } = params
  return rest
}
