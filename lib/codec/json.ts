import secureJson from 'secure-json-parse'
import { FASTSTREAM_ERR_DECODE, FASTSTREAM_ERR_ENCODE } from '../errors.js'
import { membersOf } from '../members.js'
import { reasonOf } from '../to-error.js'
import { DEEP, findFormless, MAX_DEPTH, type Formless } from './json-form.js'
import { utf8 } from '../utf8.js'
import { invalid, type Part } from './violations.js'

const TOO_DEEP = `it is nested deeper than ${MAX_DEPTH} levels`
const UNSTEADY = 'its toJSON() returned a value at first, and then none'
const BOM = 0xfeff
const QUOTE = 0x22
const BACKSLASH = 0x5c
const OPENING = 0x7b
const CLOSING = 0x7d

/**
 * Reads JSON as Fastify reads a body, and refuses what Fastify lets pass: bytes that are not UTF-8, and depth.
 *
 * @param parse parser of the text, which throws where it is not valid
 */
export function parseJson (bytes: Buffer, part: string, parse?: (text: string) => unknown): unknown {
  return parseJsonText(utf8(bytes), part, parse)
}

/** The same for bytes that were read already; `text` is undefined when they are not UTF-8. */
export function parseJsonText (
  text: string | undefined, part: string, parse: (text: string) => unknown = JSON.parse
): unknown {
  if (text === undefined) throw new FASTSTREAM_ERR_DECODE(part, 'it is not valid UTF-8')
  if (isTooDeep(text)) throw new FASTSTREAM_ERR_DECODE(part, TOO_DEEP)
  let value: unknown
  try {
    value = parse(text.charCodeAt(0) === BOM ? text.slice(1) : text)
  } catch {
    // The parser's own words quote the payload, which has no place in logs.
    throw new FASTSTREAM_ERR_DECODE(part, 'it is not valid JSON')
  }
  if (mayPoison(text) && isPoisoned(value)) {
    const reason = "it has a key that could change a prototype ('__proto__' or 'constructor.prototype')"
    throw new FASTSTREAM_ERR_DECODE(part, reason)
  }
  return value
}

/** A value as JSON. @throws FASTSTREAM_ERR_ENCODE with the JSON pointer of what JSON has no form for */
export function toJson (value: unknown, part: Part, topic: string): string {
  let formless: Formless | undefined
  try {
    formless = findFormless(value)
  } catch (error) {
    throw unwritable(error, part, topic)
  }
  if (formless !== undefined && formless !== DEEP) {
    throw invalid(part, [formless], (...args) => new FASTSTREAM_ERR_ENCODE(part, topic, ...args))
  }
  // A value that is nested in itself has an error that says so.
  const json = provenToJson(value, part, topic)
  if (formless === DEEP) throw new FASTSTREAM_ERR_ENCODE(part, topic, TOO_DEEP)
  return json
}

/** The same for a value whose form was checked before: see {@link isJson} and {@link jsonImage}. */
export function provenToJson (value: unknown, part: Part, topic: string): string {
  let json: string | undefined
  try {
    json = JSON.stringify(value)
  } catch (error) {
    throw unwritable(error, part, topic)
  }
  if (json === undefined) throw new FASTSTREAM_ERR_ENCODE(part, topic, UNSTEADY)
  return json
}

function unwritable (error: unknown, part: Part, topic: string): Error {
  const [reason = ''] = reasonOf(error).split('\n', 1)
  return new FASTSTREAM_ERR_ENCODE(part, topic, reason, { cause: error })
}

/** Value that a reader finds: without undefined members, and with what `toJSON` makes of dates and instances. */
export function jsonImage (value: unknown, part: Part, topic: string): unknown {
  return JSON.parse(toJson(value, part, topic))
}

/** True when a value is its own image. */
export function isJson (value: unknown, levels = MAX_DEPTH): boolean {
  if (typeof value === 'string' || typeof value === 'boolean' || value === null) return true
  if (typeof value === 'number') return Number.isFinite(value)
  if (typeof value !== 'object' || levels === 0) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  const isBare = prototype === Object.prototype || prototype === Array.prototype || prototype === null
  if (!isBare || 'toJSON' in value) return false
  if (Array.isArray(value)) {
    // A hole in an array is undefined here, and null in JSON.
    for (const member of value as unknown[]) {
      if (!isJson(member, levels - 1)) return false
    }
    return true
  }
  // `Object.values` makes a list of each object: the check of an order takes 0.3 µs with it, and 0.19 without.
  const members = membersOf(value)
  for (const name in members) {
    if (!isJson(members[name], levels - 1) && Object.hasOwn(members, name)) return false
  }
  return true
}

/**
 * True when a text is nested too deep; undecided for a text that is no JSON. The caller asks before it parses: a
 * megabyte of brackets takes the parser, and then the garbage collector, longer than other work may wait.
 */
function isTooDeep (text: string): boolean {
  if (brackets(text) <= MAX_DEPTH) return false
  let depth = 0
  for (let at = 0; at < text.length; at++) {
    const char = text.charCodeAt(at)
    if (char === QUOTE) at = endOfString(text, at)
    // '[' and '{' differ in one bit, and so do ']' and '}'.
    else if ((char | 0x20) === OPENING && ++depth > MAX_DEPTH) return true
    else if ((char | 0x20) === CLOSING) depth--
  }
  return false
}

/** Strings and all: hardly any message has enough of them to be deep, and these are found natively. */
function brackets (text: string): number {
  let found = 0
  for (const bracket of ['{', '[']) {
    for (let at = text.indexOf(bracket); at !== -1 && found <= MAX_DEPTH; at = text.indexOf(bracket, at + 1)) found++
  }
  return found
}

export function endOfString (text: string, start: number): number {
  let end = text.indexOf('"', start + 1)
  while (end !== -1 && isEscaped(text, end)) end = text.indexOf('"', end + 1)
  return end === -1 ? text.length : end
}

function isEscaped (text: string, at: number): boolean {
  let start = at
  while (text.charCodeAt(start - 1) === BACKSLASH) start--
  return (at - start) % 2 === 1
}

/**
 * A key that poisons, `__proto__` or `prototype`, is written out, or with an escape; so hardly any message needs the
 * second look.
 */
function mayPoison (text: string): boolean {
  return text.includes('proto') || text.includes('\\u')
}

function isPoisoned (value: unknown): boolean {
  return typeof value === 'object' && value !== null && secureJson.scan(value, { safe: true }) === null
}
