import { deflateRawSync, inflateRawSync } from 'node:zlib'

/*
 * A group stores one offset per partition, and there may be settled messages behind one that is not: other keys run ahead of a slow one.
 * They go with the offset as its metadata, a bitmap, so that whoever reads on from there leaves them out.
 */

const PREFIX = 'faststream:1:'
/** Kafka takes so much, in bytes (`offset.metadata.max.bytes`). */
const MAX_LENGTH = 4096
/** How many offsets are told of, at most. A bitmap of no more than some thousands always fits. */
const MAX_SPAN = 2 ** 20

/** As metadata of `offset`: those settled, which are behind it and in order. What is too far ahead for it is left out, and will be done again. */
export function encodeSettledAhead (offset: bigint, settled: readonly bigint[]): string {
  const positions = settled.map((each) => Number(each - offset)).filter((position) => position < MAX_SPAN)
  return encode(positions)
}

function encode (positions: readonly number[]): string {
  const last = positions.at(-1)
  if (last === undefined) return ''
  const bits = Buffer.alloc((last >> 3) + 1)
  for (const position of positions) bits[position >> 3]! |= 1 << (position & 7)
  const metadata = PREFIX + deflateRawSync(bits).toString('base64')
  return metadata.length <= MAX_LENGTH ? metadata : encode(positions.slice(0, positions.length >> 1))
}

/** What is settled from the offset on that a group has stored. */
export class SettledAhead {
  readonly #offset: bigint
  readonly #bits: Buffer

  constructor (offset: bigint, bits: Buffer) {
    this.#offset = offset
    this.#bits = bits
  }

  /** Nothing where the metadata is somebody else's, or makes no sense. */
  static decode (offset: bigint, metadata: string | null): SettledAhead | undefined {
    if (metadata === null || !metadata.startsWith(PREFIX)) return undefined
    try {
      return new SettledAhead(offset, inflateRawSync(Buffer.from(metadata.slice(PREFIX.length), 'base64'), { maxOutputLength: MAX_SPAN / 8 }))
    } catch {
      return undefined
    }
  }

  /** The offset behind all that it tells of. */
  get end (): bigint {
    return this.#offset + BigInt(this.#bits.length * 8)
  }

  has (offset: bigint): boolean {
    if (offset < this.#offset || offset >= this.end) return false
    const position = Number(offset - this.#offset)
    return (this.#bits[position >> 3]! >> (position & 7) & 1) === 1
  }
}
