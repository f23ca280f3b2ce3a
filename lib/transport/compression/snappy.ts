import { MAX_DECOMPRESSED } from '../../memory-budget.js'
import { type Codec, type LoadPackage, throwIfTooLarge } from './codec.js'
import { optionalPackage } from './optional-package.js'

/** The part of the package `snappy` that is used here. */
interface Snappy {
  compress (bytes: Buffer): Promise<Buffer>
  uncompress (bytes: Buffer, options: { asBuffer: true }): Promise<Buffer>
}

/**
 * What snappy-java, and so Kafka, writes around blocks of raw snappy: this header (magic, version 1, compatible with
 * version 1), then each block behind its length.
 */
const HEADER = Buffer.from('82534e41505059000000000100000001', 'hex')
const MAGIC = HEADER.subarray(0, 8)
/** As snappy-java writes. */
const BLOCK_SIZE = 32 * 1024

export function snappyCodec (load: LoadPackage): Codec {
  const snappy = optionalPackage(load, 'snappy', 'snappy') as Snappy
  return {
    async compress (bytes) {
      const blocks = await Promise.all(slices(bytes).map((slice) => snappy.compress(slice)))
      return Buffer.concat([HEADER, ...blocks.flatMap((block) => [lengthOf(block), block])])
    },
    async decompress (bytes, room = MAX_DECOMPRESSED) {
      const blocks = blocksOf(bytes)
      throwIfTooLarge(blocks.reduce((size, block) => size + inflatedSize(block), 0), room)
      const inflated = await Promise.all(blocks.map((block) => snappy.uncompress(block, { asBuffer: true })))
      return Buffer.concat(inflated)
    }
  }
}

/** Clients other than the Java one also write one raw block, without the header. */
function blocksOf (bytes: Buffer): readonly Buffer[] {
  if (!bytes.subarray(0, MAGIC.length).equals(MAGIC)) return [bytes]
  const blocks: Buffer[] = []
  for (let start = HEADER.length; start < bytes.length;) {
    const end = start + 4 + bytes.readUInt32BE(start)
    if (end > bytes.length) throw new Error('a block of snappy is cut')
    blocks.push(bytes.subarray(start + 4, end))
    start = end
  }
  return blocks
}

/** The size that a raw block says it has: it begins with it, seven bits in each byte, the lowest first. */
function inflatedSize (block: Buffer): number {
  let size = 0
  for (const [i, byte] of block.subarray(0, 5).entries()) {
    size += (byte & 0x7f) * 2 ** (7 * i)
    if (byte < 0x80) return size
  }
  throw new Error('a block of snappy has no size')
}

function slices (bytes: Buffer): readonly Buffer[] {
  const count = Math.ceil(bytes.length / BLOCK_SIZE)
  return Array.from({ length: count }, (_, i) => bytes.subarray(i * BLOCK_SIZE, (i + 1) * BLOCK_SIZE))
}

function lengthOf (block: Buffer): Buffer {
  const length = Buffer.alloc(4)
  length.writeUInt32BE(block.length)
  return length
}
