import type { OutgoingHeaders } from '../../types/index.js'
import { isBytes, toBuffer } from './bytes.js'
import { parseJson, provenToJson, toJson } from './json.js'
import { isJsonType, parseMediaType } from './media-type.js'
import { decodeText } from './text.js'

export const JSON_TYPE = 'application/json'
export const TEXT_TYPE = 'text/plain'
export const BYTES_TYPE = 'application/octet-stream'

export interface Encoded {
  readonly bytes: Buffer | null
  /** Undefined for a tombstone, which has nothing to describe. */
  readonly contentType: string | undefined
  /** Headers that a codec adds. */
  readonly headers?: OutgoingHeaders | undefined
}

/**
 * Decodes a value by its content type: JSON, also without a content type, then text, else the bytes as they are. Bytes
 * that do not match their content type are an error (empty bytes are no JSON), so that a handler can rely on the type
 * of its value.
 *
 * @throws FASTSTREAM_ERR_DECODE
 */
export function decodeValue (bytes: Buffer | null, contentType: string | undefined): unknown {
  if (bytes === null) return null
  if (contentType === undefined || contentType === JSON_TYPE) return parseJson(bytes, 'value')
  const { essence, charset } = parseMediaType(contentType)
  if (isJsonType(essence)) return parseJson(bytes, 'value')
  return essence.startsWith('text/') ? decodeText(bytes, 'value', charset) : bytes
}

/** Options of the encoding of a value. */
export interface Encoding {
  readonly topic: string
  readonly schema: boolean
  /** True when a check has seen already that JSON has a form for all of the value. @default false */
  readonly proven?: boolean
}

/**
 * Bytes are sent as they are and null is a tombstone. Everything else is JSON when there is a schema, also a string,
 * because the schema describes JSON; without a schema a string is text, as FastStream sends it.
 */
export function encodeValue (value: unknown, { topic, schema, proven = false }: Encoding): Encoded {
  if (value === null) return { bytes: null, contentType: undefined }
  if (isBytes(value)) return { bytes: toBuffer(value), contentType: BYTES_TYPE }
  if (typeof value === 'string' && !schema) return { bytes: Buffer.from(value), contentType: TEXT_TYPE }
  return jsonText(proven ? provenToJson(value, 'value', topic) : toJson(value, 'value', topic))
}

/** A value that is JSON text already. */
export function jsonText (json: string): Encoded {
  return { bytes: Buffer.from(json), contentType: JSON_TYPE }
}
