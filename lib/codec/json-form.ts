import { types } from 'node:util'
import { textOf } from '../to-error.js'
import { isBytes } from './bytes.js'
import type { Violation } from './violations.js'
import { membersOf } from '../members.js'

/* JSON.stringify writes `{}` or `null` for what it cannot write, or leaves it out. This finds such values before. */

/** Deeper values overflow the stack of recursive validators, JSON.stringify and structuredClone. */
export const MAX_DEPTH = 64

/** A value is nested deeper than {@link MAX_DEPTH}, or in itself. */
export const DEEP = Symbol('deep')

/** The first value inside a payload for which JSON has no form, and how the sender mends it. */
export type Formless = Violation | typeof DEEP

interface Found {
  /** Keys from the value up to the root. */
  readonly path: Array<string | number>
  readonly message: string
}

/**
 * The native ones always give a form, for valid dates: to call them would cost more than the rest of the search. Null
 * stands for that form.
 */
const DATE_TO_JSON: unknown = Date.prototype.toJSON
const BUFFER_TO_JSON: unknown = Buffer.prototype.toJSON

const ENTRIES = 'write Object.fromEntries() of it'
const MEMBERS = 'write the members that readers need, such as { message: error.message }'
const BASE64 = "write it as text with Buffer.from(it).toString('base64'), or publish it as the whole value"
const ITEMS = 'write a list of its items: [...it]'

export function findFormless (value: unknown): Formless | undefined {
  const found = search(written(value, ''), MAX_DEPTH)
  if (found === undefined || found === DEEP) return found
  return { instancePath: pointerOf(found.path.reverse()), message: found.message }
}

/** The value that JSON.stringify writes in the place of this one. */
function written (value: unknown, key: string): unknown {
  if ((typeof value !== 'object' && typeof value !== 'bigint') || value === null) return value
  const { toJSON } = value as { readonly toJSON?: unknown }
  if (typeof toJSON !== 'function') return value
  if (toJSON === BUFFER_TO_JSON) return null
  if (toJSON === DATE_TO_JSON && types.isDate(value)) return Number.isNaN(value.getTime()) ? value : null
  return toJSON.call(value, key)
}

function search (value: unknown, levels: number): Found | typeof DEEP | undefined {
  switch (typeof value) {
    case 'string': case 'boolean': return undefined
    case 'number': return Number.isFinite(value) ? undefined : formless(`is ${value}`, 'write null, or leave it out')
    case 'object':
      if (value === null) return undefined
      if (levels === 0) return DEEP
      return Array.isArray(value) ? inList(value, levels) : inObject(value, levels)
    case 'undefined': return formless('is undefined', 'write null, or leave it out')
    case 'function': return formless('is a function', 'call it, or leave it out')
    case 'bigint': return formless('is a BigInt', 'write String() of it, since readers would lose digits of a number')
    default: return formless('is a symbol', 'write its description, or leave it out')
  }
}

/** An item that is undefined would become null; a member that is undefined is absent here as in JSON. */
function inList (list: readonly unknown[], levels: number): Found | typeof DEEP | undefined {
  for (let at = 0; at < list.length; at++) {
    const found = search(written(list[at], String(at)), levels - 1)
    if (found !== undefined) return below(found, at)
  }
  return undefined
}

function inObject (value: object, levels: number): Found | typeof DEEP | undefined {
  if (!isPlain(value)) {
    if (types.isBoxedPrimitive(value)) return search(value.valueOf(), levels)
    const found = inInstance(value)
    if (found !== undefined) return found
  }
  for (const key of Object.keys(value)) {
    const member = written(membersOf(value)[key], key)
    if (member === undefined) continue
    const found = search(member, levels - 1)
    if (found !== undefined) return below(found, key)
  }
  return undefined
}

/** True when the object is one that `{}` or `Object.create(null)` makes, also in another realm. */
export function isPlain (value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === null || Object.getPrototypeOf(prototype) === null
}

/** An instance is written as its own members: right for an entity, wrong for one that keeps its content elsewhere. */
function inInstance (value: object): Found | undefined {
  const { then, arrayBuffer, entries, [Symbol.iterator]: iterator } = membersOf(value)
  if (typeof then === 'function') {
    // The error about the promise tells of the bug. A rejection that only the promise knows would end the process.
    if (types.isPromise(value)) value.catch(() => {})
    return formless('is a promise', 'await it')
  }
  const what = `is an instance of ${nameOf(value)}`
  if (value instanceof Error || types.isNativeError(value)) return formless(what, MEMBERS)
  if (isBytes(value)) return formless(what, BASE64)
  if (types.isMap(value)) return formless(what, ENTRIES)
  if (types.isSet(value)) return formless(what, ITEMS)
  if (Object.keys(value).length > 0) return undefined
  if (types.isDate(value)) return formless('is an invalid Date', 'write null, or leave it out')
  if (typeof arrayBuffer === 'function') return formless(what, 'await its json(), text() or arrayBuffer()')
  if (typeof iterator === 'function') return formless(what, typeof entries === 'function' ? ENTRIES : ITEMS)
  return formless(`${what} and has no members of its own`, 'write a plain object, or give its class a toJSON()')
}

function formless (what: string, cure: string): Found {
  return { path: [], message: `${what}, for which JSON has no form: ${cure}` }
}

function below (found: Found | typeof DEEP, key: string | number): Found | typeof DEEP {
  if (found !== DEEP) found.path.push(key)
  return found
}

/** Returns the name of a native type, or of the object's class. */
function nameOf (value: object): string {
  const tag = Object.prototype.toString.call(value).slice('[object '.length, -1)
  return tag === 'Object' || tag === 'Error' ? textOf(() => value.constructor.name) : tag
}

/** The JSON pointer of a path from the root down. */
export function pointerOf (path: ReadonlyArray<string | number>): string {
  return path.map((key) => `/${String(key).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('')
}
