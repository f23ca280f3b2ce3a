import { decodeKey } from '../codec/text.js'
import { FASTSTREAM_ERR_DECODE, FASTSTREAM_ERR_VALIDATION } from '../errors.js'
import type { Validate, Validators } from '../schema/validator.js'
import type { ConsumedRecord } from '../transport/transport.js'
import type { CodecRules } from './codec-rules.js'
import { decodeValueOf } from './decode-value.js'
import { decodeHeaders } from './headers.js'

/** Rules by which all messages of one subscriber are decoded. */
export interface IncomingRules {
  /** bytes */
  readonly bodyLimit: number
  readonly validators: Validators<Validate>
  /** Undefined: values are decoded by their content type, and keys as text. */
  readonly codecs?: CodecRules | undefined
}

/**
 * The decoded parts of a message. A key or headers without a schema are undefined here: the message decodes them on
 * demand.
 */
export interface Decoded {
  readonly value: unknown
  readonly key: unknown
  readonly headers: unknown
}

/**
 * Decodes and validates a record. Parts that no schema asks for are not read. `known`: the value, if it was decoded.
 *
 * @throws FASTSTREAM_ERR_DECODE, FASTSTREAM_ERR_VALIDATION
 */
export function decode (
  record: ConsumedRecord, { validators, bodyLimit }: IncomingRules, known?: { readonly value: unknown }
): Decoded {
  checkSize(record.size, bodyLimit)
  const headers = validators.headers?.(decodeHeaders(record.headers))
  const key = validators.key?.(decodeKey(record.key))
  const decoded = known === undefined ? decodeValueOf(record) : known.value
  const isTombstone = decoded === null && record.value === null
  return { value: validated(decoded, isTombstone, validators), key, headers }
}

/** @throws FASTSTREAM_ERR_DECODE for a message that is too large to be decoded */
export function checkSize (size: number, bodyLimit: number): void {
  if (size <= bodyLimit) return
  const cure = 'raise that where such messages are meant to be'
  const reason = `it has ${size} bytes, which is more than 'bodyLimit' (${bodyLimit}): ${cure}`
  throw new FASTSTREAM_ERR_DECODE('message', reason)
}

/** The value that its schema makes of what was decoded. @throws FASTSTREAM_ERR_VALIDATION */
export function validated (decoded: unknown, isTombstone: boolean, { value: validate }: Validators<Validate>): unknown {
  if (validate === undefined) return decoded
  const value = validate(decoded)
  // Coercion makes '' or 0 of null, but a tombstone has no value to coerce: its schema allows null, or refuses it.
  if (isTombstone && decoded === null && value !== null) {
    throw new FASTSTREAM_ERR_VALIDATION('value must not be null: it is a tombstone')
  }
  return value
}
