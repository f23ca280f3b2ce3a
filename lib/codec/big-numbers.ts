import { randomUUID } from 'node:crypto'
import { membersOf } from '../members.js'
import { endOfString } from './json.js'
import { isPlain, MAX_DEPTH } from './json-form.js'

/* JSON.parse rounds whole numbers beyond 2^53: they are quoted before it reads them. */

/** No shorter number is beyond 2^53. */
const LONG = /\d{16}/
const NUMBER = /-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?(?!\s*:)/g
const WHOLE = /^-?[1-9]\d{15,}$/
/** A BigInt of more digits takes long to make: they stay text. */
const MAX_DIGITS = 1000

/** Stands before the digits of a BigInt, in a text. No sender can know it. */
const MARK = `${randomUUID()} `
const MARKED = new RegExp(`"${MARK}(-?\\d+)"`, 'g')

/** Parses JSON, of which each whole number that a JavaScript number cannot hold becomes text, or a BigInt. */
export function parseBigNumbers (text: string, form: 'text' | 'bigint'): unknown {
  if (!LONG.test(text)) return JSON.parse(text)
  if (form === 'text') return JSON.parse(quoteBig(text, ''))
  return JSON.parse(quoteBig(text, MARK), (_, value: unknown) => {
    return typeof value === 'string' && value.startsWith(MARK) ? BigInt(value.slice(MARK.length)) : value
  })
}

/** Gives `write` the value without BigInts, and puts them as numbers into the JSON that it returns. */
export function writeBigNumbers (value: unknown, write: (value: unknown) => string): string {
  let marked = value
  try {
    marked = withMarks(value, MAX_DEPTH)
  } catch {
    // It is too deep, or a getter of it throws: `write` says so.
  }
  return marked === value ? write(value) : write(marked).replaceAll(MARKED, '$1')
}

/** Quotes numbers between the strings of a text. */
function quoteBig (text: string, mark: string): string {
  let written = ''
  let at = 0
  for (;;) {
    const quote = text.indexOf('"', at)
    const between = quote === -1 ? text.slice(at) : text.slice(at, quote)
    written += between.replaceAll(NUMBER, (number) => isBig(number) ? quoted(number, mark) : number)
    if (quote === -1) return written
    at = endOfString(text, quote) + 1
    written += text.slice(quote, at)
  }
}

function isBig (number: string): boolean {
  return WHOLE.test(number) && !Number.isSafeInteger(Number(number))
}

function quoted (number: string, mark: string): string {
  return number.length > MAX_DIGITS ? `"${number}"` : `"${mark}${number}"`
}

/** The value itself where it holds no BigInt. Instances stay as they are. */
function withMarks (value: unknown, levels: number): unknown {
  if (typeof value === 'bigint') return `${MARK}${value}`
  if (typeof value !== 'object' || value === null || (!Array.isArray(value) && !isPlain(value))) return value
  if (levels === 0) throw new RangeError('too deep')
  const members = Object.entries(membersOf(value))
  const marked = members.map(([name, member]) => [name, withMarks(member, levels - 1)] as const)
  if (marked.every(([, member], at) => Object.is(member, members[at]?.[1]))) return value
  return Array.isArray(value) ? marked.map(([, member]) => member) : Object.fromEntries(marked)
}
