import { deflateRawSync, inflateRawSync } from 'node:zlib'
import type { ConsumedRecord } from '../../transport/transport.js'

/*
 * A group stores one offset per partition, and there may be settled messages behind one that is not: other keys run ahead of a slow one.
 * They go with the offset as its metadata, a bitmap, so that whoever reads on from there leaves them out. In another log it would leave out
 * what nobody has handled, so it names the record that it lies behind: tools that copy a group to another cluster translate its offsets and
 * leave the metadata as it is, and a topic may be deleted and made anew.
 */

/** The first record that is not settled. */
type Place = Pick<ConsumedRecord, 'offset' | 'timestamp'>

const FORMAT = /^faststream:1:(\d+):(-?\d+):(.+)$/
/** Kafka takes so much, in bytes (`offset.metadata.max.bytes`). */
const MAX_LENGTH = 4096
/** How far ahead anything is told of. A bitmap of ten thousand offsets always fits. */
const MAX_SPAN = 2 ** 20

/** As metadata of `place`: those settled, which are behind it and in order. What is too far ahead for it is left out, and will be done again. */
export function encodeOffsetMap (place: Place, settled: readonly bigint[]): string {
  const positions: number[] = []
  for (const each of settled) {
    const position = Number(each - place.offset)
    if (position < MAX_SPAN) positions.push(position)
  }
  return encode(place, positions)
}

function encode (place: Place, positions: readonly number[]): string {
  const last = positions.at(-1)
  if (last === undefined) return ''
  const bits = Buffer.alloc((last >> 3) + 1)
  for (const position of positions) bits[position >> 3]! |= 1 << (position & 7)
  const metadata = `faststream:1:${place.offset}:${place.timestamp}:${deflateRawSync(bits, { level: 1 }).toString('base64')}`
  return metadata.length <= MAX_LENGTH ? metadata : encode(place, positions.slice(0, positions.length >> 1))
}

/** What is settled from the offset on that a group has stored. */
export class OffsetMap {
  readonly #offset: bigint
  readonly #timestamp: number
  readonly #bits: Buffer

  constructor ({ offset, timestamp }: Place, bits: Buffer) {
    this.#offset = offset
    this.#timestamp = timestamp
    this.#bits = bits
  }

  /** Nothing where the metadata is somebody else's, of another offset, or makes no sense. */
  static decode (offset: bigint, metadata: string | null): OffsetMap | undefined {
    const [, place, timestamp, bits = ''] = FORMAT.exec(metadata ?? '') ?? []
    if (place !== String(offset)) return undefined
    try {
      return new OffsetMap({ offset, timestamp: Number(timestamp) }, inflateRawSync(Buffer.from(bits, 'base64'), { maxOutputLength: MAX_SPAN / 8 }))
    } catch {
      return undefined
    }
  }

  /** Whether it is about the log in which this is the first record that is read. */
  isBehind (first: Place | undefined): boolean {
    return first?.offset === this.#offset && first.timestamp === this.#timestamp
  }

  /** The offset behind all that it tells of. */
  get end (): bigint {
    return this.#offset + BigInt(this.#bits.length * 8)
  }

  /** Those from `start` on, in order. */
  from (start: bigint): bigint[] {
    const offsets: bigint[] = []
    for (let position = Number(start - this.#offset); position < this.#bits.length * 8; position++) {
      if (this.#isSet(position)) offsets.push(this.#offset + BigInt(position))
    }
    return offsets
  }

  has (offset: bigint): boolean {
    return offset >= this.#offset && offset < this.end && this.#isSet(Number(offset - this.#offset))
  }

  #isSet (position: number): boolean {
    return (this.#bits[position >> 3]! >> (position & 7) & 1) === 1
  }
}
