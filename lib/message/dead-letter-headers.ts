import type { DeadLetter, FailureStage } from '../../types/index.js'
import { parseJson } from '../codec/json.js'
import type { RawHeader } from '../transport/transport.js'
import {
  briefMessageOf, causesOf, codeOf, dependencyOf, messageOf, nameOf, readCauses, stackOf, violationsOf
} from './dead-letter-error.js'
import { dateOf, validDate } from './timestamp.js'

/*
 * The headers of a dead letter: ONE list says how each is written, read and described, in the AsyncAPI document and in
 * docs/dead-letters.md.
 */

export const DEAD_LETTER_PREFIX = 'x-dlq-'

/** Stage at which a message failed for the last time. */
export const DEAD_LETTER_STAGES = [
  'deserialize', 'validate', 'retries-exhausted', 'rejected', 'publish'
] as const satisfies readonly FailureStage[]

/** Facts that the headers of a dead letter state. */
export interface DeadLetterFacts {
  readonly topic: string
  readonly partition: number
  readonly offset: bigint
  /** ms since the epoch; −1 where the record has none. */
  readonly timestamp: number
  readonly groupId: string | null
  readonly subscriber: string
  readonly stage: string
  readonly error: Error
  readonly attempts: number
  /** How often it was redriven. */
  readonly trips: number
  /** ms since the epoch */
  readonly firstFailureAt: number
  readonly failedAt: number
  /** Everything about the error; false: only its class and the beginning of its message. */
  readonly detailed: boolean
  readonly valueOmitted: boolean
  readonly keyOmitted: boolean
  readonly headersOmitted: boolean
}

/** JSON Schema of a header's text. */
interface HeaderSchema {
  readonly description: string
  readonly pattern?: string
  readonly format?: string
  readonly enum?: readonly string[]
  readonly const?: string
}

/** One header. `Value` is what a handler finds. */
interface Header<Value> {
  /** Name without the prefix. */
  readonly name: string
  readonly schema: HeaderSchema
  /** True when every dead letter has the header. */
  readonly required: boolean
  /** Undefined: the header is left out. */
  write (facts: DeadLetterFacts): string | undefined
  /** The text may come from any sender: reading it never throws. */
  read (text: string | undefined): Value
}

type Write = Header<unknown>['write']
type Read<Value> = Header<Value>['read']

function always<Value> (name: string, schema: HeaderSchema, write: Write, read: Read<Value>): Header<Value> {
  return { name, schema, required: true, write, read }
}

function maybe<Value> (name: string, schema: HeaderSchema, write: Write, read: Read<Value>): Header<Value> {
  return { name, schema, required: false, write, read }
}

function omitted (part: string, isSet: (facts: DeadLetterFacts) => boolean): Header<boolean> {
  const schema = { description: `The message was too large to be a dead letter with its ${part}`, const: 'true' }
  return maybe(`${part}-omitted`, schema, (facts) => isSet(facts) ? 'true' : undefined, (text) => text === 'true')
}

/** Bytes of JSON that are read as violations: more than are written. */
const MAX_JSON = 2 ** 16

const DIGITS = '^[0-9]+$'

/**
 * Headers in the order of the wire. The members are those of {@link DeadLetter}, those of its error without their
 * object.
 */
const HEADERS = {
  topic: always('topic', { description: 'Topic of the message' }, ({ topic }) => topic, asText),
  partition: always('partition', { description: 'Partition of the message', pattern: DIGITS },
    ({ partition }) => String(partition), Number),
  offset: always('offset', { description: 'Offset of the message', pattern: '^[0-9]{1,19}$' },
    ({ offset }) => String(offset), asOffset),
  timestamp: always('timestamp',
    { description: 'Timestamp of the message, ms since 1970; -1: it has none', pattern: '^-?[0-9]+$' },
    ({ timestamp }) => String(timestamp), asTimestamp),
  groupId: maybe('group', { description: 'Consumer group of the subscriber' },
    ({ groupId }) => groupId ?? undefined, asText),
  subscriber: always('subscriber', { description: 'Subscriber that could not handle the message' },
    ({ subscriber }) => subscriber, asText),
  stage: always('stage', { description: 'Step that failed', enum: DEAD_LETTER_STAGES }, ({ stage }) => stage, asText),
  errorName: always('error-class', { description: 'Name of the error' },
    ({ error }) => nameOf(error), (text = '') => text),
  errorMessage: always('error-message', { description: 'Message of the error' },
    ({ error, detailed }) => detailed ? messageOf(error) : briefMessageOf(error), (text = '') => text),
  errorCode: maybe('error-code', { description: 'Code of the error' }, ({ error }) => codeOf(error), asText),
  errorCause: maybe('error-cause', { description: 'JSON: name, message, code and cause of the error that caused it' },
    ({ error, detailed }) => detailed ? causesOf(error) : undefined, readCauses),
  errorDependency: maybe('error-dependency', { description: 'Dependency that threw the error' },
    ({ error }) => dependencyOf(error), asText),
  errorStack: maybe('error-stack', { description: 'Stack of the error. Left out in production' },
    ({ error, detailed }) => detailed ? stackOf(error) : undefined, asText),
  validation: maybe('errors', { description: 'JSON: where the message does not match its schema' },
    ({ error, detailed }) => detailed ? violationsOf(error) : undefined, asJson),
  attempts: always('attempts', { description: 'Number of attempts', pattern: DIGITS },
    ({ attempts }) => String(attempts), Number),
  trips: maybe('trips', { description: 'Number of times that it was redriven', pattern: DIGITS },
    ({ trips }) => trips > 0 ? String(trips) : undefined, (text = '') => /^\d{1,3}$/.test(text) ? Number(text) : 0),
  firstFailureAt: always('first-failure-at', { description: 'Time of the first failure', format: 'date-time' },
    ({ firstFailureAt }) => new Date(firstFailureAt).toISOString(), asDate),
  failedAt: always('failed-at', { description: 'Time of the last failure', format: 'date-time' },
    ({ failedAt }) => new Date(failedAt).toISOString(), asDate),
  valueOmitted: omitted('value', (facts) => facts.valueOmitted),
  keyOmitted: omitted('key', (facts) => facts.keyOmitted),
  headersOmitted: omitted('headers', (facts) => facts.headersOmitted)
}

/** All of them, in the order of the wire. */
export const DEAD_LETTER_HEADERS: ReadonlyArray<Header<unknown>> = Object.values(HEADERS)

/** The headers that name the place of the original message. */
const ORIGIN = [HEADERS.topic, HEADERS.partition, HEADERS.offset, HEADERS.timestamp].map(({ name, schema }) => {
  return { name: DEAD_LETTER_PREFIX + name, pattern: new RegExp(schema.pattern ?? '.') }
})
export const ORIGIN_NAMES = ORIGIN.map(({ name }) => name)

/**
 * Writes the list behind the headers of the original, of which those with the prefix are dropped. Never throws.
 *
 * @param keepsOrigin whether the original is a dead letter itself, whose origin stays
 */
export function writeDeadLetterHeaders (
  original: readonly RawHeader[], facts: DeadLetterFacts, keepsOrigin: boolean
): RawHeader[] {
  const kept = keepsOrigin ? ORIGIN_NAMES : []
  const headers: RawHeader[] = original.filter(([name]) => !name.startsWith(DEAD_LETTER_PREFIX) || kept.includes(name))
  for (const header of DEAD_LETTER_HEADERS) {
    const name = DEAD_LETTER_PREFIX + header.name
    const value = kept.includes(name) ? undefined : header.write(facts)
    if (value !== undefined) headers.push([name, Buffer.from(value)])
  }
  return headers
}

/**
 * Reads the headers of a dead letter; returns undefined if the message is no dead letter. Never throws: any sender may
 * have written the headers.
 */
export function readDeadLetterHeaders (headers: readonly RawHeader[]): DeadLetter | undefined {
  const texts = new Map<string, string>()
  for (const [name, value] of headers) if (name.startsWith(DEAD_LETTER_PREFIX)) texts.set(name, value?.toString() ?? '')
  const read = <Value>({ name, read }: Header<Value>): Value => read(texts.get(DEAD_LETTER_PREFIX + name))
  const [topic, offset, stage] = [read(HEADERS.topic), read(HEADERS.offset), read(HEADERS.stage)]
  if (topic === undefined || offset === undefined || stage === undefined) return undefined
  return {
    topic,
    partition: read(HEADERS.partition),
    offset,
    timestamp: read(HEADERS.timestamp),
    groupId: read(HEADERS.groupId),
    subscriber: read(HEADERS.subscriber),
    stage,
    error: {
      name: read(HEADERS.errorName),
      message: read(HEADERS.errorMessage),
      code: read(HEADERS.errorCode),
      cause: read(HEADERS.errorCause),
      dependency: read(HEADERS.errorDependency),
      stack: read(HEADERS.errorStack)
    },
    validation: read(HEADERS.validation),
    attempts: read(HEADERS.attempts),
    trips: read(HEADERS.trips),
    firstFailureAt: read(HEADERS.firstFailureAt),
    failedAt: read(HEADERS.failedAt),
    valueOmitted: read(HEADERS.valueOmitted),
    keyOmitted: read(HEADERS.keyOmitted),
    headersOmitted: read(HEADERS.headersOmitted)
  }
}

/** The original's topic, where the headers name a complete place. Any sender may have written them. */
export function originOf (headers: readonly RawHeader[]): string | undefined {
  const place = ORIGIN.map(({ name, pattern }) => {
    const text = headers.findLast((header) => header[0] === name)?.[1]?.toString() ?? ''
    return pattern.test(text) ? text : undefined
  })
  return place.includes(undefined) ? undefined : place[0]
}

function asText (text: string | undefined): string | undefined {
  return text
}

function asOffset (text = ''): bigint | undefined {
  return /^\d{1,19}$/.test(text) ? BigInt(text) : undefined
}

function asTimestamp (text = ''): Date | undefined {
  return /^-?\d+$/.test(text) ? dateOf(Number(text)) : undefined
}

function asDate (text = ''): Date | undefined {
  return validDate(text)
}

/** Parses as strictly as a value: any producer may have written the header. */
function asJson (json: string | undefined): unknown {
  if (json === undefined || json.length > MAX_JSON) return undefined
  try {
    return parseJson(Buffer.from(json), 'header')
  } catch {
    return undefined
  }
}
