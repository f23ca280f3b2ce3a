import type { Codec } from '../../types/index.js'
import { oneOf, onlyKnown } from '../options/assert.js'
import { parseBigNumbers, writeBigNumbers } from './big-numbers.js'
import { JSON_TYPE } from './content-type.js'
import { parseJson, toJson } from './json.js'

/**
 * Options of {@link jsonCodec} and {@link debeziumCodec}.
 *
 * @example
 * const options: JsonCodecOptions = { bigNumbers: 'text' }
 */
export interface JsonCodecOptions {
  /**
   * Form of whole numbers beyond ±(2^53 − 1), which a JavaScript number would round. `'text'`: their digits, for a
   * schema that says `Type.String()`, which then gets small numbers as text, too. `'bigint'`: a BigInt, for a schema of
   * a compiler that knows it, or for no schema.
   *
   * @default a number, rounded
   */
  readonly bigNumbers?: 'text' | 'bigint' | undefined
}

/**
 * Codec of JSON that keeps numbers beyond 2^53 exactly. It writes a BigInt as a number.
 *
 * @throws FASTSTREAM_ERR_INVALID_OPTION for an option that is unknown or impossible
 * @example
 * const schema = { value: Type.Object({ id: Type.String() }) }
 * app.broker.subscriber('tweets', { codec: jsonCodec({ bigNumbers: 'text' }), schema }, ({ id }) => { save(id) })
 */
export function jsonCodec (options: JsonCodecOptions = {}): Codec {
  onlyKnown('', options, ['bigNumbers'])
  const { bigNumbers } = options
  if (bigNumbers !== undefined) oneOf('bigNumbers', bigNumbers, ['text', 'bigint'])
  const parse = bigNumbers && ((text: string) => parseBigNumbers(text, bigNumbers))
  return Object.freeze<Codec>({
    contentType: JSON_TYPE,
    decode: (bytes, _, part) => parseJson(bytes, part, parse),
    encode: (value, topic, part) => writeBigNumbers(value, (value) => toJson(value, part, topic))
  })
}

/**
 * Codec of Debezium, and of every other connector of Kafka Connect with the JSON converter: values, and keys, with or
 * without their schema (`{ schema, payload }`). The value is the payload: for Debezium the change event with `before`,
 * `after`, `op` and `source`. It writes JSON without a schema.
 *
 * @throws FASTSTREAM_ERR_INVALID_OPTION for an option that is unknown or impossible
 * @example
 * const codec = debeziumCodec({ bigNumbers: 'text' })
 * const schema = { key: Type.Object({ id: Type.Integer() }), value: ChangeSchema }
 * app.broker.subscriber('shop.public.orders', { codec: { value: codec, key: codec }, schema }, applyChange)
 */
export function debeziumCodec (options: JsonCodecOptions = {}): Codec {
  const json = jsonCodec(options)
  return Object.freeze<Codec>({ ...json, decode: (...args) => payloadOf(json.decode(...args)) })
}

/** The payload of an envelope, which has these two members and no other. */
function payloadOf (value: unknown): unknown {
  if (typeof value !== 'object' || value === null || !('schema' in value && 'payload' in value)) return value
  return Object.keys(value).length === 2 ? value.payload : value
}
