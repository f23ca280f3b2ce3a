import { utf8 } from '../utf8.js'

/** A key for people, in logs, JSON and assertions: text, or `base64:` and the bytes of a key that is not UTF-8. */
export function keyText (key: Buffer): string {
  return utf8(key) ?? `base64:${key.toString('base64')}`
}

/** As {@link keyText}, for a key that may have been decoded, or is none. */
export function shownKey (key: unknown): unknown {
  return Buffer.isBuffer(key) ? keyText(key) : key
}
