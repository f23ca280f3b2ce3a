import type { DeadLetterCause } from '../../types/index.js'
import { boundedJson } from '../bounded-value.js'
import { parseJson } from '../codec/json.js'
import { failedDependency } from '../deps/failed-dependency.js'
import { MESSAGE_LIMIT, NAME_LIMIT, oneLine, visibleLines } from '../foreign-text.js'
import { textOf } from '../to-error.js'

/* Description of an error for a dead letter, bounded, because a handler's error may hold anything. */

/** Causes of causes. */
const MAX_CAUSES = 4
/** Bytes of one cause's message, and of a header with details. */
const CAUSE_MESSAGE_LIMIT = 512
const DETAIL_LIMIT = 4096
const MAX_VIOLATIONS = 50
/** Bytes of JSON that are read: more than are written. */
const MAX_JSON = 2 ** 16

type Fields = Readonly<Partial<Record<'name' | 'message' | 'code' | 'cause' | 'errors', unknown>>>

export function nameOf (error: Error): string {
  return oneLine(textOf(() => error.name), NAME_LIMIT)
}

export function messageOf (error: Error): string {
  return oneLine(textOf(() => error.message), MESSAGE_LIMIT)
}

/** The beginning of the message. */
export function briefMessageOf (error: Error): string {
  return oneLine(textOf(() => error.message), NAME_LIMIT)
}

/** Undefined in production. */
export function stackOf (error: Error): string | undefined {
  if (process.env.NODE_ENV === 'production') return undefined
  return visibleLines(textOf(() => error.stack), DETAIL_LIMIT)
}

/** The violations of a schema as JSON. One that is left out is left out as a whole. */
export function violationsOf (error: Error): string | undefined {
  return boundedJson(() => 'validation' in error ? error.validation : undefined, MAX_VIOLATIONS * 10, DETAIL_LIMIT)
}

/** The name of the dependency that threw the error. */
export function dependencyOf (error: Error): string | undefined {
  const name = failedDependency(error)
  return name === undefined ? undefined : oneLine(name, NAME_LIMIT)
}

/** The `code` of an error, as text; undefined where it is neither a text nor a number. */
export function codeOf (error: object): string | undefined {
  const code = memberOf(error, 'code')
  return typeof code === 'string' || typeof code === 'number' ? oneLine(String(code), NAME_LIMIT) : undefined
}

/** The causes of an error as JSON, one in the other, as many as fit; undefined: there is none. */
export function causesOf (error: object): string | undefined {
  const causes: Array<Omit<DeadLetterCause, 'cause'>> = []
  for (let at = causeOf(error); at !== undefined && causes.length < MAX_CAUSES; at = causeOf(at)) {
    causes.push(described(at))
  }
  for (; causes.length > 0; causes.pop()) {
    const nested = causes.reduceRight<object | undefined>((cause, each) => ({ ...each, cause }), undefined)
    const json = JSON.stringify(nested)
    if (Buffer.byteLength(json) <= DETAIL_LIMIT) return json
  }
  return undefined
}

/** Reads what {@link causesOf} wrote. Any sender may have written the text: what is no cause is left out. */
export function readCauses (json: string | undefined): DeadLetterCause | undefined {
  if (json === undefined || json.length > MAX_JSON) return undefined
  try {
    return causeIn(parseJson(Buffer.from(json), 'header'), MAX_CAUSES)
  } catch {
    return undefined
  }
}

function causeIn (value: unknown, left: number): DeadLetterCause | undefined {
  if (left === 0 || typeof value !== 'object' || value === null) return undefined
  const { name, message, code, cause }: Fields = value
  if (typeof name !== 'string' || typeof message !== 'string') return undefined
  return { name, message, code: typeof code === 'string' ? code : undefined, cause: causeIn(cause, left - 1) }
}

/** The cause; of an `AggregateError` without a cause its first error. */
function causeOf (error: object): object | undefined {
  const errors = memberOf(error, 'errors')
  const cause = memberOf(error, 'cause') ?? (Array.isArray(errors) ? errors[0] as unknown : undefined)
  if (cause === undefined || cause === null) return undefined
  return typeof cause === 'object' ? cause : { name: typeof cause, message: textOf(() => cause) }
}

function described (cause: object): Omit<DeadLetterCause, 'cause'> {
  const text = (name: 'name' | 'message', limit: number): string => oneLine(textOf(() => memberOf(cause, name)), limit)
  return { name: text('name', NAME_LIMIT), message: text('message', CAUSE_MESSAGE_LIMIT), code: codeOf(cause) }
}

/** One that throws when it is read is none. */
function memberOf (error: Fields, name: keyof Fields): unknown {
  try {
    return error[name]
  } catch {
    return undefined
  }
}
