import { type Codecs, COMPRESSIONS } from '../../compression/codec.js'

const COMPRESSION_MASK = 0x07

/** 0 for none. */
export function compressionOf (attributes: number): number {
  return attributes & COMPRESSION_MASK
}

/** `room`: bytes that the result may have. */
export async function decompress (bytes: Buffer, compression: number, codecs: Codecs, room: number): Promise<Buffer> {
  const name = COMPRESSIONS[compression]
  if (name === undefined || name === 'none') throw new Error(`there is no compression ${compression}`)
  return await codecs.reader(name)(bytes, room)
}
