import type { RecordMetadata } from '../../types/index.js'
import { CONTENT_TYPE, decodeHeaders, lastHeader } from '../message/headers.js'
import { keyText } from '../message/key-text.js'
import { decodeValue } from '../codec/content-type.js'
import type { ConsumedRecord, RawHeader } from '../transport/transport.js'

/**
 * Record of a topic, decoded for assertions.
 *
 * @example
 * const [invoice] = broker.published('invoices') as [PublishedRecord]
 * t.equal(invoice.headers.tenant, 'a')
 */
export interface PublishedRecord extends RecordMetadata {
  /** Key as text; `base64:` and the bytes if they are not UTF-8. */
  readonly key: string | null
  /** Bytes of the key on the wire. Not enumerable, as all raw parts: a failing assertion does not print them. */
  readonly rawKey: Buffer | null
  /** Value, decoded by its content type; the bytes if they cannot be decoded. */
  readonly value: unknown
  /** Bytes of the value on the wire. Not enumerable. */
  readonly rawValue: Buffer | null
  /** Headers as text; of a repeated name the last one. */
  readonly headers: Readonly<Record<string, string>>
  /** Headers as bytes on the wire, in order and with repetitions. Not enumerable. */
  readonly rawHeaders: readonly RawHeader[]
  readonly timestamp: Date
}

export function decodePublished (
  topic: string,
  { partition, offset, key, value, headers, timestamp }: Omit<ConsumedRecord, 'size'> & { readonly partition: number }
): PublishedRecord {
  const shown = {
    topic,
    partition,
    offset,
    key: key === null ? null : keyText(key),
    value: decoded(value, lastHeader(headers, CONTENT_TYPE)),
    headers: decodeHeaders(headers),
    timestamp: new Date(timestamp)
  }
  const raw = { rawKey: { value: key }, rawValue: { value }, rawHeaders: { value: headers } }
  return Object.defineProperties(shown, raw) as PublishedRecord
}

function decoded (value: Buffer | null, contentType: string | undefined): unknown {
  try {
    return decodeValue(value, contentType)
  } catch {
    return value
  }
}
