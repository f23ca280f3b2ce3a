import { isUtf8 } from 'node:buffer'

const REPLACEMENT = '\ufffd'

/** The text of the bytes from `start` to `end`, or undefined when they are not UTF-8. */
export function utf8 (bytes: Buffer, start = 0, end = bytes.length): string | undefined {
  const text = bytes.toString('utf8', start, end)
  // Only what the decoder had to replace can be invalid: two scans of the bytes are needed for hardly any message.
  if (text.includes(REPLACEMENT) && !isUtf8(bytes.subarray(start, end))) return undefined
  return text
}
