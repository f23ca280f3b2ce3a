import { FASTSTREAM_ERR_DECODE, FASTSTREAM_ERR_ENCODE, FASTSTREAM_ERR_INVALID_MESSAGE, FASTSTREAM_ERR_VALIDATION } from '../../errors.js'
import type { Part, Violation } from '../../codec/violations.js'

const REFUSALS = [FASTSTREAM_ERR_DECODE, FASTSTREAM_ERR_ENCODE, FASTSTREAM_ERR_INVALID_MESSAGE, FASTSTREAM_ERR_VALIDATION]

/** What the page is told of a message that is not what it should be: as Fastify's own error handler says it, and where. */
export interface Refusal {
  readonly statusCode: 400
  readonly code: string
  readonly error: 'Bad Request'
  readonly message: string
  readonly violations: ReadonlyArray<{ readonly part: Part, readonly path: string, readonly message: string }>
}

/** undefined: it is not the message that is wrong. */
export function refusalOf (error: unknown): Refusal | undefined {
  if (!REFUSALS.some((Refused) => error instanceof Refused)) return undefined
  const { code, message, validation, validationContext: part } = error as Error & { code: string, validation?: readonly Violation[], validationContext?: Part }
  return { statusCode: 400, code, error: 'Bad Request', message, violations: part === undefined ? [] : violationsOf(part, validation, message) }
}

/** A compiler set by hand may say only that something is wrong. */
function violationsOf (part: Part, validation: readonly Violation[] = [], otherwise: string): Refusal['violations'] {
  if (validation.length === 0) return [{ part, path: '', message: otherwise }]
  return validation.map(({ instancePath, message = 'is not valid' }) => ({ part, path: instancePath, message }))
}
