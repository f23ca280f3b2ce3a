import { promisify } from 'node:util'
import { unzip } from 'node:zlib'

/** A few kilobytes can inflate to gigabytes: this is where it ends. */
export const maxDecompressed = 64 * 1024 * 1024

/** kafkajs's `lookupCodecByAttributes`, in front of the codecs that the application has set. */
export type LookupCodec = (attributes: number) => { decompress (bytes: Buffer): Promise<unknown> } | null

const compressionMask = 0x07
const gzip = 1
const gunzip = promisify(unzip)

/** 0 for none, otherwise a `CompressionTypes` of kafkajs. */
export function compressionOf (attributes: number): number {
  return attributes & compressionMask
}

export async function decompress (bytes: Buffer, compression: number, lookupCodec: LookupCodec): Promise<Buffer> {
  // kafkajs's own gzip codec has no limit.
  if (compression === gzip) return gunzip(bytes, { maxOutputLength: maxDecompressed })

  const codec = lookupCodec(compression)
  if (codec === null) throw new Error(`there is no codec for compression ${compression}`)
  const inflated = await codec.decompress(bytes)
  if (!Buffer.isBuffer(inflated)) throw new Error(`the codec for compression ${compression} gave no Buffer`)
  return inflated
}
