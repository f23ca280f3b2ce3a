import { deflateRawSync, inflateRawSync } from 'node:zlib'
import type { ConsumedRecord } from '../../transport/transport.js'

/*
 * A group stores one offset per partition, but messages behind an unsettled one may be settled: other keys run ahead
 * of a slow one. A bitmap of them is committed as the offset's metadata, so that the next owner of the partition does
 * not handle them again. Offsets mean nothing in another log (a topic that was recreated, or a mirrored cluster
 * whose tool copies the metadata unchanged). The bitmap therefore carries offset and timestamp of the record at the
 * watermark, and is ignored unless that record is read first.
 */

/** The record at the watermark: the first unsettled one. */
type Place = Pick<ConsumedRecord, 'offset' | 'timestamp'>

const FORMAT = /^faststream:1:(\d+):(-?\d+):(.+)$/
/** Kafka's default limit (`offset.metadata.max.bytes`), bytes. */
const MAX_LENGTH = 4096
/** How many offsets the bitmap can span. One of ten thousand offsets always fits into the metadata. */
const MAX_SPAN = 2 ** 20

/**
 * Metadata for a commit at `place`. `settled`: offsets behind it, in order. Those too far ahead are left out and will
 * be redelivered.
 */
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
  const bitmap = deflateRawSync(bits, { level: 1 }).toString('base64')
  const metadata = `faststream:1:${place.offset}:${place.timestamp}:${bitmap}`
  return metadata.length <= MAX_LENGTH ? metadata : encode(place, positions.slice(0, positions.length >> 1))
}

/** The settled offsets behind a committed one. */
export class OffsetMap {
  readonly #offset: bigint
  readonly #timestamp: number
  readonly #bits: Buffer

  constructor ({ offset, timestamp }: Place, bits: Buffer) {
    this.#offset = offset
    this.#timestamp = timestamp
    this.#bits = bits
  }

  /** Undefined when the metadata has another format, belongs to another offset, or is damaged. */
  static decode (offset: bigint, metadata: string | null): OffsetMap | undefined {
    const [, place, timestamp, bits = ''] = FORMAT.exec(metadata ?? '') ?? []
    if (place !== String(offset)) return undefined
    try {
      const bitmap = inflateRawSync(Buffer.from(bits, 'base64'), { maxOutputLength: MAX_SPAN / 8 })
      return new OffsetMap({ offset, timestamp: Number(timestamp) }, bitmap)
    } catch {
      return undefined
    }
  }

  /** Whether the map belongs to the log whose first record is `first`. */
  isBehind (first: Place | undefined): boolean {
    return first?.offset === this.#offset && first.timestamp === this.#timestamp
  }

  /** The offset behind the last one in the map. */
  get end (): bigint {
    return this.#offset + BigInt(this.#bits.length * 8)
  }

  /** The settled offsets from `start` on, in order. */
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
