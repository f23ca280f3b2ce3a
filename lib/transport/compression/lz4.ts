import { MAX_DECOMPRESSED } from '../../memory-budget.js'
import { type Codec, type LoadPackage, throwIfTooLarge } from './codec.js'
import { optionalPackage } from './optional-package.js'

/** The part of the package `lz4-napi` that is used here. */
interface Lz4 {
  compressFrame (bytes: Buffer): Promise<Buffer>
  decompressFrame (bytes: Buffer): Promise<Buffer>
}

const MAGIC = 0x184d2204
/** Flags of a frame. */
const BLOCK_CHECKSUM = 0x10
const CONTENT_SIZE = 0x08
/** The flag of a block, in its length. */
const NOT_COMPRESSED = 0x80000000
/** One byte of lz4 stands for so many at most. */
const HIGHEST_RATIO = 255

export function lz4Codec (load: LoadPackage): Codec {
  const lz4 = optionalPackage(load, 'lz4-napi', 'lz4') as Lz4
  return {
    compress: (bytes) => lz4.compressFrame(bytes),
    async decompress (bytes, room = MAX_DECOMPRESSED) {
      throwIfTooLarge(mostInflated(bytes), room)
      return await lz4.decompressFrame(bytes)
    }
  }
}

/** The most that the blocks of a frame can inflate to, by their headers: the package knows no limit. */
function mostInflated (bytes: Buffer): number {
  if (bytes.readUInt32LE(0) !== MAGIC) throw new Error('this is no frame of lz4')
  const flags = bytes.readUInt8(4)
  const maxBlockSize = 2 ** (8 + 2 * ((bytes.readUInt8(5) >> 4) & 0x07))
  let size = 0
  let start = (flags & CONTENT_SIZE) === 0 ? 7 : 15
  while (start < bytes.length) {
    const header = bytes.readUInt32LE(start)
    if (header === 0) break
    const length = header % NOT_COMPRESSED
    size += header >= NOT_COMPRESSED ? length : Math.min(maxBlockSize, length * HIGHEST_RATIO)
    start += 4 + length + ((flags & BLOCK_CHECKSUM) === 0 ? 0 : 4)
  }
  return size
}
