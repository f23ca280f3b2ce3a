import {
  FASTSTREAM_ERR_DECODE, FASTSTREAM_ERR_ENCODE, FASTSTREAM_ERR_INVALID_MESSAGE, FASTSTREAM_ERR_VALIDATION
} from '../../errors.js'
import type { Part, Violation } from '../../codec/violations.js'

const REFUSALS = [
  FASTSTREAM_ERR_DECODE, FASTSTREAM_ERR_ENCODE, FASTSTREAM_ERR_INVALID_MESSAGE, FASTSTREAM_ERR_VALIDATION
]

/** The answer to the page for an invalid message: the form of Fastify's own error handler, with the violations. */
export interface Refusal {
  readonly statusCode: 400
  readonly code: string
  readonly error: 'Bad Request'
  readonly message: string
  readonly violations: ReadonlyArray<{ readonly part: Part, readonly path: string, readonly message: string }>
}

interface InvalidMessage extends Error {
  readonly code: string
  readonly validation?: readonly Violation[]
  readonly validationContext?: Part
}

/** Returns undefined when the error does not say that the message is invalid. */
export function refusalOf (error: unknown): Refusal | undefined {
  if (!REFUSALS.some((Refused) => error instanceof Refused)) return undefined
  const { code, message, validation, validationContext: part } = error as InvalidMessage
  const violations = part === undefined ? [] : violationsOf(part, validation, message)
  return { statusCode: 400, code, error: 'Bad Request', message, violations }
}

/** A compiler set by hand may say only that something is wrong. */
function violationsOf (part: Part, validation: readonly Violation[] = [], otherwise: string): Refusal['violations'] {
  if (validation.length === 0) return [{ part, path: '', message: otherwise }]
  return validation.map(({ instancePath, message = 'is not valid' }) => ({ part, path: instancePath, message }))
}
