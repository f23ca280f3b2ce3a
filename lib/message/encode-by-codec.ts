import { types } from 'node:util'
import type { Codec, EncodedValue } from '../../types/index.js'
import { isBytes, toBuffer, type Bytes } from '../codec/bytes.js'
import type { Encoded } from '../codec/content-type.js'
import { FASTSTREAM_ERR_ENCODE } from '../errors.js'
import { isObject } from '../options/assert.js'

const PROMISE = 'its codec returned a promise, which is not awaited, because records keep the order of the calls: ' +
  'load in an onReady hook what encode() needs'
const FORM = 'its codec must return bytes, text, or { bytes, contentType, headers }'
const THREW = 'its codec threw an error, which is the cause of this one'

/**
 * Encodes a value or a key by a codec. The text of an error of the app is for the log, and not for HTTP clients.
 *
 * @throws FASTSTREAM_ERR_ENCODE
 */
export function encodeByCodec (codec: Codec, value: unknown, topic: string, part: 'value' | 'key'): Encoded {
  let encoded: unknown
  try {
    encoded = codec.encode(value, topic, part)
  } catch (error) {
    if (error instanceof FASTSTREAM_ERR_ENCODE) throw error
    throw new FASTSTREAM_ERR_ENCODE(part, topic, THREW, { cause: error })
  }
  if (types.isPromise(encoded)) {
    // The error about the promise tells of the bug. A rejection that only the promise knows would end the process.
    encoded.catch(() => {})
    throw new FASTSTREAM_ERR_ENCODE(part, topic, PROMISE)
  }
  if (isBytesOrText(encoded)) return { bytes: bufferOf(encoded), contentType: codec.contentType }
  if (!isEncodedValue(encoded)) throw new FASTSTREAM_ERR_ENCODE(part, topic, FORM)
  const { bytes, contentType = codec.contentType, headers } = encoded
  return { bytes: bytes === null ? null : bufferOf(bytes), contentType, headers }
}

function isEncodedValue (value: unknown): value is EncodedValue {
  return isObject(value) && 'bytes' in value && (value.bytes === null || isBytesOrText(value.bytes))
}

function isBytesOrText (value: unknown): value is Bytes | string {
  return typeof value === 'string' || isBytes(value)
}

function bufferOf (value: Bytes | string): Buffer {
  return typeof value === 'string' ? Buffer.from(value) : toBuffer(value)
}
