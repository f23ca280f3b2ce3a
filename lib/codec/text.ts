import { FASTSTREAM_ERR_DECODE } from '../errors.js'
import { utf8 } from './utf8.js'

/** @throws FASTSTREAM_ERR_DECODE for bytes that are not UTF-8 */
export function decodeText (bytes: Buffer, part: string): string {
  const text = utf8(bytes)
  if (text === undefined) throw new FASTSTREAM_ERR_DECODE(part, 'it is not valid UTF-8')
  return text
}

/** Decodes a key for its schema: keys with a schema are text. */
export function decodeKey (key: Buffer | null): string | null {
  return key === null ? null : decodeText(key, 'key')
}
