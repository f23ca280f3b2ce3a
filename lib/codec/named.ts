import type { Codec, CodecName } from '../../types/index.js'
import { FASTSTREAM_ERR_ENCODE } from '../errors.js'
import { isBytes, toBuffer } from './bytes.js'
import { BYTES_TYPE, JSON_TYPE, TEXT_TYPE } from './content-type.js'
import { parseJson, toJson } from './json.js'
import { decodeText } from './text.js'

/** JSON whatever the content type says. The check of outgoing values knows it: it sees the JSON of the value. */
export const JSON_CODEC: Codec = Object.freeze<Codec>({
  contentType: JSON_TYPE,
  decode: (bytes, _, part) => parseJson(bytes, part),
  encode (value, topic, part) {
    if (isBytes(value)) throw new FASTSTREAM_ERR_ENCODE(part, topic, "it is bytes, and codec 'json' takes values")
    return toJson(value, part, topic)
  }
})

const TEXT_CODEC = Object.freeze<Codec>({
  contentType: TEXT_TYPE,
  decode: (bytes, _, part) => decodeText(bytes, part),
  encode (value, topic, part) {
    if (typeof value === 'string') return value
    throw new FASTSTREAM_ERR_ENCODE(part, topic, `codec 'text' takes a string, and it is of type ${typeof value}`)
  }
})

const BYTES_CODEC = Object.freeze<Codec>({
  contentType: BYTES_TYPE,
  decode: (bytes) => bytes,
  encode (value, topic, part) {
    if (isBytes(value)) return toBuffer(value)
    throw new FASTSTREAM_ERR_ENCODE(part, topic, `codec 'bytes' takes bytes, and it is of type ${typeof value}`)
  }
})

const BY_NAME: { readonly [Name in CodecName]: Codec } = { json: JSON_CODEC, text: TEXT_CODEC, bytes: BYTES_CODEC }

/** The codec that an option names. */
export function codecOf (given: Codec | CodecName | undefined): Codec | undefined {
  return typeof given === 'string' ? BY_NAME[given] : given
}
