import type { OutgoingHeaders } from '../../types/index.js'
import { FASTSTREAM_ERR_DECODE } from '../errors.js'
import { utf8 } from '../utf8.js'
import type { ConsumedRecord, RawHeader } from '../transport/transport.js'

/** FastStream's names on the wire. */
export const CONTENT_TYPE = 'content-type'
export const CORRELATION_ID = 'correlation_id'
export const REPLY_TO = 'reply_to'
/** Ours: the partition of the reply, and the code of an error that answers a request. */
export const REPLY_PARTITION = 'reply_partition'
export const REPLY_ERROR = 'reply_error'

/** Half a character, which UTF-8 cannot write: it is replaced. */
const LONE_SURROGATE = /\p{Surrogate}/u

/** The last value of a name, as text: what Kafka's own clients call the last header. */
export function lastHeader (headers: readonly RawHeader[], name: string): string | undefined {
  for (let i = headers.length - 1; i >= 0; i--) {
    const header = headers[i] as RawHeader
    if (header[0] === name) return header[1]?.toString()
  }
  return undefined
}

/** The same of a record, which may know a shorter way. */
export function headerText (record: Pick<ConsumedRecord, 'headers' | 'headerText'>, name: string): string | undefined {
  return record.headerText === undefined ? lastHeader(record.headers, name) : record.headerText(name)
}

/** The most headers that are decoded, as many as Node accepts in a request. More would delay all other messages. */
const MAX_HEADERS = 2000

/**
 * Decodes headers as text by name. The last header of a name counts, as with Kafka's `lastHeader`; if it is null or not
 * UTF-8, the name is left out.
 */
export function decodeHeaders (headers: readonly RawHeader[]): Record<string, string> {
  if (headers.length > MAX_HEADERS) throw new FASTSTREAM_ERR_DECODE('headers', `there are more than ${MAX_HEADERS}`)
  // Without a prototype `__proto__` is a name like any other.
  const decoded: Record<string, string> = Object.create(null)
  for (const [name, value] of headers) {
    const text = value === null ? undefined : utf8(value)
    if (text === undefined) delete decoded[name]
    else decoded[name] = text
  }
  return decoded
}

type HeaderValues = ReadonlyMap<string, OutgoingHeaders[string]>
type Source = Readonly<Record<string, OutgoingHeaders[string] | undefined>>

/** Merges headers by name: later sources replace names of earlier ones, and `undefined` is left out. */
export function mergeHeaders (...sources: ReadonlyArray<Source | undefined>): HeaderValues {
  const byName = new Map<string, OutgoingHeaders[string]>()
  for (const source of sources) {
    if (source === undefined) continue
    if (!isPlainObject(source)) throw new TypeError('headers must be a plain object')
    for (const [name, value] of Object.entries(source)) {
      if (value !== undefined) byName.set(name, value)
    }
  }
  return byName
}

/** Headers as bytes on the wire. A list becomes several headers of one name. */
export function encodeHeaders (merged: HeaderValues): RawHeader[] {
  const headers: RawHeader[] = []
  for (const [name, value] of merged) {
    if (Array.isArray(value)) for (const each of value) headers.push([name, bytes(name, each)])
    else headers.push([name, bytes(name, value)])
  }
  return headers
}

/** The texts that a reader of the encoded headers finds: those of {@link decodeHeaders}. */
export function headerTexts (merged: HeaderValues): Record<string, string> {
  // Without a prototype `__proto__` is a name like any other.
  const texts: Record<string, string> = Object.create(null)
  for (const [name, value] of merged) {
    const last = Array.isArray(value) ? value.at(-1) : value
    const text = Buffer.isBuffer(last) ? utf8(last) : last
    if (typeof text === 'string') texts[name] = LONE_SURROGATE.test(text) ? Buffer.from(text).toString() : text
  }
  return texts
}

/** A Map or a list would pass as an object without members. Objects of other realms are plain, too. */
export function isPlainObject (value: unknown): value is object {
  if (typeof value !== 'object' || value === null) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === null || Object.getPrototypeOf(prototype) === null
}

function bytes (name: string, value: unknown): Buffer | null {
  if (value === null || Buffer.isBuffer(value)) return value
  if (typeof value === 'string') return Buffer.from(value)
  const form = 'must be a string, a Buffer, null or a list of those'
  throw new TypeError(`header '${name}' ${form}, and is of type ${typeof value}`)
}
