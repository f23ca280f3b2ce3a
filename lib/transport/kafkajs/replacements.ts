import { boundedDecoder } from './bounded-decoder.js'
import type { Replacement } from './modules.js'
import { requestFrame } from './request-frame.js'
import { restingRequestQueue } from './request-queue.js'

/** The part of kafkajs's `Decoder` that is used here. */
export interface ResponseDecoder {
  readonly buffer: Buffer
  offset: number
  readInt32 (): number
  canReadBytes (length: number): boolean
}

export const DECODE_MESSAGES = 'src/protocol/requests/fetch/v4/decodeMessages.js'
const NOTHING = Buffer.alloc(0)

/** Replacements of parts of kafkajs 2.2.4. */
export const REPLACEMENTS: ReadonlyMap<string, Replacement> = new Map<string, Replacement>([
  [DECODE_MESSAGES, () => recordBytes],
  ['src/protocol/decoder.js', boundedDecoder],
  ['src/protocol/request.js', () => requestFrame],
  ['src/network/requestQueue/index.js', restingRequestQueue]
])

/**
 * Reads the records of every fetch version from 4 on, and leaves them as they are: our own decoder takes them. Some
 * damaged bytes make kafkajs's decoder run out of memory, and many headers stop it for seconds.
 */
export function recordBytes (decoder: ResponseDecoder): Buffer {
  const size = decoder.readInt32()
  if (size <= 0 || !decoder.canReadBytes(size)) return NOTHING
  const start = decoder.offset
  decoder.offset += size
  return decoder.buffer.subarray(start, start + size)
}
