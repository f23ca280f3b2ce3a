import { FASTSTREAM_ERR_DECODE } from '../errors.js'
import type { RawHeader } from '../transport/transport.js'
import { isBytes, toBuffer } from './bytes.js'
import { parseJson, provenToJson, toJson } from './json.js'
import { utf8 } from './utf8.js'

const JSON_TYPE = 'application/json'
const TEXT_TYPE = 'text/plain'
const BYTES_TYPE = 'application/octet-stream'

export interface Encoded {
  readonly bytes: Buffer | null
  /** Undefined for a tombstone, which has nothing to describe. */
  readonly contentType: string | undefined
}

/**
 * By its content type: JSON, which is also meant by none, text, or the bytes as they are. Bytes that are not what they say
 * (empty ones are no JSON) are an error, never something else instead: a handler can rely on the type of what it gets.
 */
export function decodeValue (bytes: Buffer | null, contentType: string | undefined): unknown {
  if (bytes === null) return null
  if (contentType === undefined || contentType === JSON_TYPE) return parseJson(bytes, 'value')
  const mediaType = mediaTypeOf(contentType)
  if (mediaType === JSON_TYPE || mediaType.endsWith('+json')) return parseJson(bytes, 'value')
  return mediaType.startsWith('text/') ? decodeText(bytes, 'value') : bytes
}

/** Keys are text where a schema asks for one. */
export function decodeKey (key: Buffer | null): string | null {
  return key === null ? null : decodeText(key, 'key')
}

/** As many as Node takes for a request. A hundred thousand would keep everybody else waiting. */
const MAX_HEADERS = 2000

/** As text, by name. The last one of a name decides, as Kafka's `lastHeader`; one that is null or no UTF-8 has no text, so there is no such member. */
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

/** How a value is encoded. */
export interface Encoding {
  readonly topic: string
  readonly schema: boolean
  /** Whether a check has seen already that JSON has a form for all of the value. @default false */
  readonly proven?: boolean
}

/**
 * Bytes are sent as they are and null is a tombstone. Everything else is JSON when there is a schema, also a string, because
 * JSON is what the schema describes; without one a string is text, as FastStream sends it.
 */
export function encodeValue (value: unknown, { topic, schema, proven = false }: Encoding): Encoded {
  if (value === null) return { bytes: null, contentType: undefined }
  if (isBytes(value)) return { bytes: toBuffer(value), contentType: BYTES_TYPE }
  if (typeof value === 'string' && !schema) return { bytes: Buffer.from(value), contentType: TEXT_TYPE }
  const json = proven ? provenToJson(value, 'value', topic) : toJson(value, 'value', topic)
  return { bytes: Buffer.from(json), contentType: JSON_TYPE }
}

function mediaTypeOf (contentType: string): string {
  const end = contentType.indexOf(';')
  return (end === -1 ? contentType : contentType.slice(0, end)).trim().toLowerCase()
}

function decodeText (bytes: Buffer, part: string): string {
  const text = utf8(bytes)
  if (text === undefined) throw new FASTSTREAM_ERR_DECODE(part, 'it is not valid UTF-8')
  return text
}
