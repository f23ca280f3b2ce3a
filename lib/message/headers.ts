import type { OutgoingHeaders } from '../../types/index.js'
import type { ConsumedRecord, RawHeader } from '../transport/transport.js'

/** FastStream's names on the wire. */
export const CONTENT_TYPE = 'content-type'
export const CORRELATION_ID = 'correlation_id'

/** The last value of a name, as text: what Kafka's own clients call the last header. */
export function lastHeader (headers: readonly RawHeader[], name: string): string | undefined {
  for (let i = headers.length - 1; i >= 0; i--) {
    const header = headers[i] as RawHeader
    if (header[0] === name) return header[1]?.toString()
  }
  return undefined
}

/** The same of a record, which may know a shorter way. */
export function headerText (record: ConsumedRecord, name: string): string | undefined {
  return record.headerText === undefined ? lastHeader(record.headers, name) : record.headerText(name)
}

/** As bytes on the wire. Later ones replace earlier ones of the same name; `undefined` is left out. */
export function encodeHeaders (...sources: ReadonlyArray<OutgoingHeaders | undefined>): RawHeader[] {
  const byName = new Map<string, OutgoingHeaders[string]>()
  for (const source of sources) {
    if (source === undefined) continue
    if (!isPlainObject(source)) throw new TypeError('headers must be a plain object')
    for (const [name, value] of Object.entries(source)) {
      if (value !== undefined) byName.set(name, value)
    }
  }
  const headers: RawHeader[] = []
  for (const [name, value] of byName) {
    if (Array.isArray(value)) for (const each of value) headers.push([name, bytes(name, each)])
    else headers.push([name, bytes(name, value)])
  }
  return headers
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
  throw new TypeError(`header '${name}' must be a string, a Buffer, null or a list of those, and is of type ${typeof value}`)
}
