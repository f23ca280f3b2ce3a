import { randomUUID } from 'node:crypto'
import type { Codec, OutgoingHeaders, Partitioner, PublishOptions } from '../../types/index.js'
import { isBytes } from '../codec/bytes.js'
import { encodeValue, jsonText, type Encoded } from '../codec/content-type.js'
import { decodeKey } from '../codec/text.js'
import { FASTSTREAM_ERR_ENCODE } from '../errors.js'
import type { Check } from '../schema/outgoing.js'
import type { Serialize } from '../schema/serializer.js'
import type { Validators } from '../schema/validator.js'
import type { RawHeader } from '../transport/transport.js'
import { reasonOf } from '../to-error.js'
import { deriveHeaders, deriveKey, derivePartition } from './derive.js'
import { encodeByCodec } from './encode-by-codec.js'
import { CONTENT_TYPE, CORRELATION_ID, encodeHeaders, headerTexts, mergeHeaders } from './headers.js'
import type { Outgoing } from './outgoing.js'
import { isResponse } from './response.js'

const RESPONSE = 'response() is for the result of a handler: use publish(publisher, value, options)'

/** Rules by which all messages of one publisher are encoded. */
export interface OutgoingRules {
  readonly topic: string
  /** True when there is a schema of the value: then a string is JSON, as everything else. */
  readonly hasSchema: boolean
  readonly validators: Validators<Check>
  /** The serializer of the scope, where it is not Fastify's own. */
  readonly serialize?: Serialize | undefined
  /** Undefined: by the type of the value. */
  readonly codec?: Codec | undefined
  /** Undefined: a key is text or bytes. */
  readonly keyCodec?: Codec | undefined
  readonly key?: string | ((value: unknown) => unknown) | undefined
  readonly headers?: OutgoingHeaders | ((value: unknown) => OutgoingHeaders) | undefined
  /** Headers that the publisher's other options make: the user's own replace them. */
  readonly automatic?: OutgoingHeaders | undefined
  readonly partition?: number | ((value: unknown) => number) | undefined
  readonly partitioner?: Partitioner | undefined
}

/** Options of a publish that the record shows. */
type EncodingOptions = Pick<PublishOptions, 'key' | 'headers' | 'partition' | 'timestamp'>

/** Values that one message takes from the place where it is published. */
export interface Circumstances {
  /** Undefined: a new one. */
  readonly correlationId: string | undefined
  /** The key of a tombstone that has no key of its own. */
  readonly tombstoneKey: Buffer | null
  /** ms since the epoch */
  readonly now: number
}

/**
 * The encoder of all messages: checks value, key and headers, and returns the bytes.
 *
 * @throws FASTSTREAM_ERR_INVALID_MESSAGE, FASTSTREAM_ERR_ENCODE
 */
export function encode (
  value: unknown, options: EncodingOptions, rules: OutgoingRules, circumstances: Circumstances
): Outgoing {
  const { topic } = rules
  if (isResponse(value)) throw new FASTSTREAM_ERR_ENCODE('value', topic, RESPONSE)
  const encoded = encodeChecked(value, rules)
  const correlationId = circumstances.correlationId ?? randomUUID()
  return {
    topic,
    key: encodeKey(value, options, rules, circumstances),
    value: encoded.bytes,
    headers: hasOwnHeadersOnly(options, rules, encoded)
      ? ownHeaders(correlationId, encoded.contentType)
      : guarded(topic, () => allHeaders(value, options, rules, encoded, correlationId)),
    timestamp: options.timestamp?.getTime() ?? circumstances.now,
    partition: options.partition ?? derivePartition(rules.partition, value, topic),
    partitioner: rules.partitioner
  }
}

/** Most messages have no other headers: nothing is merged and checked for them. */
function hasOwnHeadersOnly (options: EncodingOptions, rules: OutgoingRules, encoded: Encoded): boolean {
  return options.headers === undefined && rules.headers === undefined && rules.automatic === undefined &&
    encoded.headers === undefined && rules.validators.headers === undefined
}

function ownHeaders (correlationId: string, contentType: string | undefined): RawHeader[] {
  const correlation: RawHeader = [CORRELATION_ID, Buffer.from(correlationId)]
  return contentType === undefined ? [correlation] : [correlation, [CONTENT_TYPE, Buffer.from(contentType)]]
}

function allHeaders (
  value: unknown, options: EncodingOptions, rules: OutgoingRules, encoded: Encoded, correlationId: string
): RawHeader[] {
  const { contentType } = encoded
  const own = { [CORRELATION_ID]: correlationId, [CONTENT_TYPE]: contentType }
  const derived = deriveHeaders(rules.headers, value, rules.topic)
  const merged = mergeHeaders(own, rules.automatic, encoded.headers, derived, options.headers)
  const headers = encodeHeaders(merged)
  rules.validators.headers?.(headerTexts(merged))
  return headers
}

function encodeChecked (value: unknown, { topic, hasSchema, validators, serialize, codec }: OutgoingRules): Encoded {
  if (serialize !== undefined && value !== null && !isBytes(value)) {
    const { json, image } = serialize(value)
    validators.value?.(image)
    return jsonText(json)
  }
  if (value !== null) validators.value?.(value)
  if (codec !== undefined && value !== null) return encodeByCodec(codec, value, topic, 'value')
  return encodeValue(value, { topic, schema: hasSchema, proven: validators.value !== undefined })
}

function encodeKey (
  value: unknown, options: EncodingOptions, rules: OutgoingRules, { tombstoneKey }: Circumstances
): Buffer | null {
  const { topic, validators, keyCodec } = rules
  const key: unknown = options.key !== undefined ? options.key : deriveKey(rules.key, value, topic) ?? tombstoneKey
  if (keyCodec !== undefined) return encodeKeyByCodec(keyCodec, key, rules)
  validators.key?.(Buffer.isBuffer(key) ? decodeKey(key) : key)
  if (key === null || Buffer.isBuffer(key)) return key
  if (typeof key === 'string') return Buffer.from(key)
  throw new FASTSTREAM_ERR_ENCODE('key', topic, `it must be a string, a Buffer or null, and is of type ${typeof key}`)
}

/** A Buffer is a key that is encoded already. */
function encodeKeyByCodec (codec: Codec, key: unknown, { topic, validators }: OutgoingRules): Buffer | null {
  if (Buffer.isBuffer(key)) return key
  validators.key?.(key)
  return key === null ? null : encodeByCodec(codec, key, topic, 'key').bytes
}

/** Runs the user's share of the headers. An error of it names the topic. */
function guarded<T> (topic: string, make: () => T): T {
  try {
    return make()
  } catch (error) {
    if (error instanceof Error && 'code' in error) throw error
    throw new FASTSTREAM_ERR_ENCODE('headers', topic, reasonOf(error), { cause: error })
  }
}
