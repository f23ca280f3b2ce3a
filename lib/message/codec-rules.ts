import type { Codec, Decoder, MessageParts, Parser } from '../../types/index.js'
import { isBytes, toBuffer } from '../codec/bytes.js'
import { decodeValue } from '../codec/content-type.js'
import { codecOf } from '../codec/named.js'
import { decodeKey } from '../codec/text.js'
import { isObject } from '../options/assert.js'
import type { CodecSettings } from '../options/codec.js'
import { encodeHeaders, mergeHeaders } from './headers.js'
import { RawMessage } from './raw-message.js'

/** The steps of decoding where an app has its own: composed at ready, so that a message only calls them. */
export interface CodecRules {
  /** Undefined: the parts are those of the record. */
  readonly parse: ((message: RawMessage) => MessageParts | PromiseLike<MessageParts>) | undefined
  readonly decodeKey: (message: RawMessage) => unknown
  readonly decodeValue: (message: RawMessage) => unknown
}

/** Inherited options that decide how a message is decoded. */
export interface DecodingSettings {
  readonly codec: CodecSettings
  readonly decoder: readonly Decoder[]
  readonly parser: readonly Parser[]
}

/** Undefined: values are decoded by their content type, and keys as text. */
export function codecRules ({ codec, decoder, parser }: DecodingSettings): CodecRules | undefined {
  const [value, key] = [codecOf(codec.value), codecOf(codec.key)]
  if (value === undefined && key === undefined && decoder.length + parser.length === 0) return undefined
  return { parse: parserOf(parser), decodeKey: keyDecoder(key), decodeValue: valueDecoder(value, decoder) }
}

function valueDecoder (codec: Codec | undefined, decoders: readonly Decoder[]): CodecRules['decodeValue'] {
  type Decode = (message: RawMessage<Buffer>) => unknown
  const own: Decode = codec === undefined
    ? (message) => decodeValue(message.rawValue, RawMessage.contentTypeOf(message))
    : (message) => codec.decode(message.rawValue, message, 'value')
  const decode = decoders.reduce<Decode>((original, decoder) => {
    return (message) => decoder(message, (bytes) => original(bytes === undefined ? message : withValue(message, bytes)))
  }, own)
  return function decodeValue (message) {
    if (hasValue(message)) return decode(message)
    return codec?.tombstone === undefined ? null : codec.tombstone(message)
  }
}

function keyDecoder (codec: Codec | undefined): CodecRules['decodeKey'] {
  if (codec === undefined) return ({ rawKey }) => decodeKey(rawKey)
  return (message) => message.rawKey === null ? null : codec.decode(message.rawKey, message, 'key')
}

function parserOf (parsers: readonly Parser[]): CodecRules['parse'] {
  if (parsers.length === 0) return undefined
  type Parse = NonNullable<CodecRules['parse']>
  const own: Parse = ({ rawKey: key, rawValue: value, headers }) => ({ key, value, headers })
  return parsers.reduce<Parse>((original, parser) => (message) => parser(message, () => original(message)), own)
}

/** The message with the parts that its parser has found. */
export function withParts (message: RawMessage, parts: MessageParts): RawMessage {
  if (!isObject(parts)) throw new TypeError('the parser must return { value, key, headers }')
  const { headers } = parts
  return RawMessage.with(message, {
    key: bytesOf('key', parts.key, message.rawKey),
    value: bytesOf('value', parts.value, message.rawValue),
    headers: headers === undefined ? message.rawHeaders : encodeHeaders(mergeHeaders(headers))
  })
}

function bytesOf (part: string, given: unknown, otherwise: Buffer | null): Buffer | null {
  if (given === undefined) return otherwise
  if (given === null) return null
  if (isBytes(given)) return toBuffer(given)
  throw new TypeError(`the ${part} that the parser returns must be bytes or null, and is of type ${typeof given}`)
}

function withValue (message: RawMessage<Buffer>, bytes: Uint8Array): RawMessage<Buffer> {
  return RawMessage.with(message, { value: toBuffer(bytes) })
}

function hasValue (message: RawMessage): message is RawMessage<Buffer> {
  return message.rawValue !== null
}
