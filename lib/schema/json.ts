import secureJson from 'secure-json-parse'
import { FASTSTREAM_ERR_DECODE, FASTSTREAM_ERR_ENCODE } from '../errors.js'
import { utf8 } from './utf8.js'

/** Deeper values make recursive validators, JSON.stringify and structuredClone overflow the stack. JSON.parse does not mind. */
const MAX_DEPTH = 64
const TOO_DEEP = `it is nested deeper than ${MAX_DEPTH} levels`
const BOM = 0xfeff

/** As Fastify reads a JSON body; and what Fastify lets pass is refused: bytes that are not UTF-8, and depth. */
export function parseJson (bytes: Buffer, part: string): unknown {
  const text = utf8(bytes)
  if (text === undefined) throw new FASTSTREAM_ERR_DECODE(part, 'it is not valid UTF-8')
  let value: unknown
  try {
    value = JSON.parse(text.charCodeAt(0) === BOM ? text.slice(1) : text)
  } catch {
    // The parser's own words quote the payload, which has no place in logs.
    throw new FASTSTREAM_ERR_DECODE(part, 'it is not valid JSON')
  }
  if (brackets(text) > MAX_DEPTH && isDeeper(value, MAX_DEPTH)) throw new FASTSTREAM_ERR_DECODE(part, TOO_DEEP)
  if (mayPoison(text) && isPoisoned(value)) throw new FASTSTREAM_ERR_DECODE(part, "it has a key that could change a prototype ('__proto__' or 'constructor.prototype')")
  return value
}

export function toJson (value: unknown, part: string, topic: string): string {
  let json: string | undefined
  try {
    json = JSON.stringify(value)
  } catch (error) {
    const [reason] = (error instanceof Error ? error.message : String(error)).split('\n', 1)
    throw new FASTSTREAM_ERR_ENCODE(part, topic, reason as string, { cause: error })
  }
  if (json === undefined) throw new FASTSTREAM_ERR_ENCODE(part, topic, `JSON has no form for ${typeof value}`)
  return json
}

/** What a reader will find: without undefined members, and with whatever `toJSON` makes of dates and instances. */
export function jsonImage (value: unknown, part: string, topic: string): unknown {
  const image: unknown = JSON.parse(toJson(value, part, topic))
  if (isDeeper(image, MAX_DEPTH)) throw new FASTSTREAM_ERR_ENCODE(part, topic, TOO_DEEP)
  return image
}

/** Whether a value is its own image. */
export function isJson (value: unknown, levels = MAX_DEPTH): boolean {
  if (typeof value === 'string' || typeof value === 'boolean' || value === null) return true
  if (typeof value === 'number') return Number.isFinite(value)
  if (typeof value !== 'object' || levels === 0) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  if ((prototype !== Object.prototype && prototype !== Array.prototype && prototype !== null) || 'toJSON' in value) return false
  // A hole in an array is undefined here, and null in JSON.
  const members: unknown[] = Array.isArray(value) ? value : Object.values(value)
  for (const member of members) {
    if (!isJson(member, levels - 1)) return false
  }
  return true
}

/** Of a text, strings and all: hardly any message has enough of them to be deep, and these are found natively. */
function brackets (text: string): number {
  let found = 0
  for (const bracket of ['{', '[']) {
    for (let at = text.indexOf(bracket); at !== -1 && found <= MAX_DEPTH; at = text.indexOf(bracket, at + 1)) found++
  }
  return found
}

/** Of what JSON.parse made. Goes down no further than it must, so that it cannot overflow the stack itself. */
function isDeeper (value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false
  if (levels === 0) return true
  if (Array.isArray(value)) return value.some((item) => isDeeper(item, levels - 1))
  // Object.values would cost twice as much.
  for (const name in value) {
    if (isDeeper((value as Record<string, unknown>)[name], levels - 1)) return true
  }
  return false
}

/** A key that poisons is written out, or with an escape; so hardly any message needs the second look. */
function mayPoison (text: string): boolean {
  return text.includes('__') || text.includes('uctor"') || text.includes('\\u')
}

function isPoisoned (value: unknown): boolean {
  return typeof value === 'object' && value !== null && secureJson.scan(value, { safe: true }) === null
}
