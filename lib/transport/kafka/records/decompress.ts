import { promisify } from 'node:util'
import { unzip } from 'node:zlib'
import { FASTSTREAM_ERR_CODEC } from '../../../errors.js'

export interface Codec {
  decompress (bytes: Buffer): Promise<unknown>
}

/**
 * A codec by its number in a batch's attributes, from those that the application brought. Throws or gives null
 * without one.
 */
export type LookupCodec = (compression: number) => Codec | null

const COMPRESSION_MASK = 0x07
const GZIP = 1
const NAMES = ['none', 'gzip', 'snappy', 'lz4', 'zstd']
const gunzip = promisify(unzip)

/** 0 for none. */
export function compressionOf (attributes: number): number {
  return attributes & COMPRESSION_MASK
}

/** `room`: bytes that gzip may inflate to. A codec of the application knows no such bound. */
export async function decompress (
  bytes: Buffer, compression: number, lookupCodec: LookupCodec, room: number
): Promise<Buffer> {
  if (compression === GZIP) return gunzip(bytes, { maxOutputLength: room })
  const codec = find(compression, lookupCodec)
  const inflated = await codec.decompress(bytes)
  if (!Buffer.isBuffer(inflated)) throw new Error(`the codec for compression ${compression} gave no Buffer`)
  return inflated
}

/** Whether decompression failed for want of room. */
export function isTooLarge (error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ERR_BUFFER_TOO_LARGE'
}

function find (compression: number, lookupCodec: LookupCodec): Codec {
  const name = NAMES[compression]
  if (name === undefined) throw new Error(`there is no compression ${compression}`)
  const cure = `put a codec for it into kafkajs's CompressionCodecs[${compression}]`
  try {
    const codec = lookupCodec(compression)
    if (codec !== null) return codec
  } catch {}
  throw new FASTSTREAM_ERR_CODEC(name, cure)
}
