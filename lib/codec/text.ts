import { FASTSTREAM_ERR_DECODE } from '../errors.js'
import { utf8 } from '../utf8.js'

/** Labels of UTF-8, and of its first half. */
const UTF8: readonly string[] = ['utf-8', 'utf8', 'us-ascii']

/** @throws FASTSTREAM_ERR_DECODE for bytes that are not in the charset, which is UTF-8 by default */
export function decodeText (bytes: Buffer, part: string, charset?: string): string {
  if (charset !== undefined && !UTF8.includes(charset)) return decodeCharset(bytes, part, charset)
  const text = utf8(bytes)
  if (text === undefined) throw new FASTSTREAM_ERR_DECODE(part, 'it is not valid UTF-8')
  return text
}

function decodeCharset (bytes: Buffer, part: string, charset: string): string {
  const decoder = decoderOf(charset)
  if (decoder === undefined) throw new FASTSTREAM_ERR_DECODE(part, `its charset '${charset}' is not known`)
  try {
    return decoder.decode(bytes)
  } catch {
    throw new FASTSTREAM_ERR_DECODE(part, `it is not valid ${charset}`)
  }
}

function decoderOf (charset: string): InstanceType<typeof TextDecoder> | undefined {
  try {
    return new TextDecoder(charset, { fatal: true })
  } catch {
    return undefined
  }
}

/** Decodes a key for its schema: keys with a schema are text. */
export function decodeKey (key: Buffer | null): string | null {
  return key === null ? null : decodeText(key, 'key')
}
