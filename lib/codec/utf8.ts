import { isUtf8 } from 'node:buffer'

const REPLACEMENT = '\ufffd'

/** The text, or undefined when the bytes are not UTF-8. */
export function utf8 (bytes: Buffer): string | undefined {
  const text = bytes.toString()
  // Only what the decoder had to replace can be invalid: two scans of the bytes are needed for hardly any message.
  if (text.includes(REPLACEMENT) && !isUtf8(bytes)) return undefined
  return text
}
