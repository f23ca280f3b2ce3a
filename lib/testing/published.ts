import type { RecordMetadata } from '../../types/index.js'
import { CONTENT_TYPE, decodeHeaders, lastHeader } from '../message/headers.js'
import { decodeValue } from '../codec/content-type.js'
import type { LoggedRecord } from '../transport/memory/index.js'
import type { RawHeader } from '../transport/transport.js'

/**
 * Record of a topic, decoded for assertions.
 *
 * @example
 * const [invoice] = broker.published('invoices') as [PublishedRecord]
 * t.equal(invoice.headers.tenant, 'a')
 */
export interface PublishedRecord extends RecordMetadata {
  /** Key as text. */
  readonly key: string | null
  readonly rawKey: Buffer | null
  /** Value, decoded by its content type; the bytes if they cannot be decoded. */
  readonly value: unknown
  readonly rawValue: Buffer | null
  /** Headers as text; of a repeated name the last one. */
  readonly headers: Readonly<Record<string, string>>
  readonly rawHeaders: readonly RawHeader[]
  readonly timestamp: Date
}

export function decodePublished (
  topic: string, { partition, offset, key, value, headers, timestamp }: LoggedRecord
): PublishedRecord {
  return {
    topic,
    partition,
    offset,
    key: key?.toString() ?? null,
    rawKey: key,
    value: decoded(value, lastHeader(headers, CONTENT_TYPE)),
    rawValue: value,
    headers: decodeHeaders(headers),
    rawHeaders: headers,
    timestamp: new Date(timestamp)
  }
}

function decoded (value: Buffer | null, contentType: string | undefined): unknown {
  try {
    return decodeValue(value, contentType)
  } catch {
    return value
  }
}
