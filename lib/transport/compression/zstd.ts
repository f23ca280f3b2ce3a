import { promisify } from 'node:util'
import { MAX_DECOMPRESSED } from '../../memory-budget.js'
import { type Codec, type LoadPackage, throwIfTooLarge } from './codec.js'
import { optionalPackage } from './optional-package.js'

type Done = (error: Error | null, bytes: Buffer) => void

/** The part of `node:zlib` that is used here; Node has it from 22.15 and 23.8 on. */
interface ZstdOfNode {
  readonly zstdCompress?: (bytes: Buffer, done: Done) => void
  readonly zstdDecompress?: (bytes: Buffer, options: { maxOutputLength: number }, done: Done) => void
}

/** The part of the package `fzstd` that is used here. */
interface Fzstd {
  readonly Decompress: new (onData: (part: Uint8Array) => void) => { push (bytes: Buffer, final: boolean): void }
}

export const NODE_WITH_ZSTD = 'run on Node 22.15 or later'
/** What a decoder takes by default: 128 MiB. */
const MAX_WINDOW = 2 ** 27
const SINGLE_SEGMENT = 0x20

/** `zlib`: the module of that name. */
export function zstdCodec (load: LoadPackage, zlib: object): Codec {
  const { zstdCompress, zstdDecompress } = zlib as ZstdOfNode
  if (zstdCompress === undefined || zstdDecompress === undefined) return readingCodec(load)
  const compress = promisify(zstdCompress)
  const decompress = promisify(zstdDecompress)
  return {
    compress: (bytes) => compress(bytes),
    decompress: (bytes, room = MAX_DECOMPRESSED) => decompress(bytes, { maxOutputLength: room })
  }
}

/** An older Node reads zstd by the package, which does not write it. */
function readingCodec (load: LoadPackage): Codec {
  const cure = `install the package 'fzstd' to read it, or ${NODE_WITH_ZSTD}`
  const { Decompress } = optionalPackage(load, 'fzstd', 'zstd', cure) as Fzstd
  return {
    compress: undefined,
    async decompress (bytes, room = MAX_DECOMPRESSED) {
      throwIfWindowTooLarge(bytes)
      const parts: Uint8Array[] = []
      let size = 0
      new Decompress((part) => {
        size += part.length
        throwIfTooLarge(size, room)
        parts.push(part)
      }).push(bytes, true)
      return Buffer.concat(parts, size)
    }
  }
}

/** The package allocates the window that the first bytes ask for, up to 2 GB. */
function throwIfWindowTooLarge (bytes: Buffer): void {
  const flags = bytes.readUInt8(4)
  const window = (flags & SINGLE_SEGMENT) === 0 ? 2 ** (10 + (bytes.readUInt8(5) >> 3)) : contentSize(bytes, flags)
  if (window > MAX_WINDOW) throw new Error(`zstd asks for a window of ${window} bytes`)
}

/** Of a frame of a single segment, whose window is as large as its content. */
function contentSize (bytes: Buffer, flags: number): number {
  const start = 5 + [0, 1, 2, 4][flags & 0x03]!
  const sizes = [() => bytes.readUInt8(start), () => bytes.readUInt16LE(start) + 256, () => bytes.readUInt32LE(start)]
  return sizes[flags >> 6]?.() ?? Number(bytes.readBigUInt64LE(start))
}
