import secureJson from 'secure-json-parse'
import { FASTSTREAM_ERR_DECODE, FASTSTREAM_ERR_ENCODE } from '../errors.js'
import { utf8 } from './utf8.js'

/** Deeper values make recursive validators, JSON.stringify and structuredClone overflow the stack. */
const MAX_DEPTH = 64
const TOO_DEEP = `it is nested deeper than ${MAX_DEPTH} levels`

const BOM = 0xfeff
const QUOTE = 0x22
const BACKSLASH = 0x5c
const OPEN_OBJECT = 0x7b
const CLOSE_OBJECT = 0x7d
const OPEN_ARRAY = 0x5b
const CLOSE_ARRAY = 0x5d

/** As Fastify reads a JSON body, and what Fastify leaves open is refused: bytes that are not UTF-8, and depth. */
export function parseJson (bytes: Buffer, part: string): unknown {
  const text = utf8(bytes)
  if (text === undefined) throw new FASTSTREAM_ERR_DECODE(part, 'it is not valid UTF-8')
  if (isTooDeep(text)) throw new FASTSTREAM_ERR_DECODE(part, TOO_DEEP)
  let value: unknown
  try {
    value = JSON.parse(text.charCodeAt(0) === BOM ? text.slice(1) : text)
  } catch {
    // The parser's own words quote the payload, which has no place in logs.
    throw new FASTSTREAM_ERR_DECODE(part, 'it is not valid JSON')
  }
  if (mayPoison(text) && isPoisoned(value)) throw new FASTSTREAM_ERR_DECODE(part, "it has a key that could change a prototype ('__proto__' or 'constructor.prototype')")
  return value
}

/** What JSON makes of a value; nothing that {@link parseJson} would refuse to read for its depth. */
export function toJson (value: unknown, part: string, topic: string): string {
  let json: string | undefined
  try {
    json = JSON.stringify(value)
  } catch (error) {
    const [reason] = (error instanceof Error ? error.message : String(error)).split('\n', 1)
    throw new FASTSTREAM_ERR_ENCODE(part, topic, reason as string, { cause: error })
  }
  if (json === undefined) throw new FASTSTREAM_ERR_ENCODE(part, topic, `JSON has no form for ${typeof value}`)
  if (isTooDeep(json)) throw new FASTSTREAM_ERR_ENCODE(part, topic, TOO_DEEP)
  return json
}

/** Whether JSON would give the value back as it is: nothing left out, replaced or made by a `toJSON`. */
export function isJson (value: unknown, depth = MAX_DEPTH): boolean {
  if (typeof value === 'string' || typeof value === 'boolean' || value === null) return true
  if (typeof value === 'number') return Number.isFinite(value)
  if (typeof value !== 'object' || depth === 0) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  if ((prototype !== Object.prototype && prototype !== Array.prototype && prototype !== null) || 'toJSON' in value) return false
  // A hole in an array is undefined here, and null in JSON.
  const members: unknown[] = Array.isArray(value) ? value : Object.values(value)
  for (const member of members) {
    if (!isJson(member, depth - 1)) return false
  }
  return true
}

/** Counts brackets natively first: hardly any message has enough of them to be deep. */
function isTooDeep (text: string): boolean {
  if (text.length <= 2 * MAX_DEPTH) return false
  return count(text, '{', MAX_DEPTH) + count(text, '[', MAX_DEPTH) > MAX_DEPTH && depthOf(text) > MAX_DEPTH
}

function count (text: string, character: string, enough: number): number {
  let found = 0
  for (let at = text.indexOf(character); at !== -1 && found <= enough; at = text.indexOf(character, at + 1)) found++
  return found
}

/** Of valid JSON; anything else will not be parsed anyhow. Stops one level beyond the limit. */
function depthOf (text: string): number {
  let depth = 0
  let deepest = 0
  for (let at = 0; at < text.length && deepest <= MAX_DEPTH; at++) {
    switch (text.charCodeAt(at)) {
      case QUOTE:
        at = endOfString(text, at)
        break
      case OPEN_OBJECT:
      case OPEN_ARRAY:
        deepest = Math.max(deepest, ++depth)
        break
      case CLOSE_OBJECT:
      case CLOSE_ARRAY:
        depth--
    }
  }
  return deepest
}

function endOfString (text: string, start: number): number {
  for (let at = start + 1; at < text.length; at++) {
    const code = text.charCodeAt(at)
    if (code === BACKSLASH) at++
    else if (code === QUOTE) return at
  }
  return text.length
}

/** A key that poisons is written out, or with an escape; so most messages need no second look. */
function mayPoison (text: string): boolean {
  return text.includes('__') || text.includes('uctor"') || text.includes('\\u')
}

function isPoisoned (value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return false
  return secureJson.scan(value, { safe: true }) === null
}
