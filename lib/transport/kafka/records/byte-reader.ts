/**
 * Reads the variable-length numbers of Kafka's record format. Bytes come from the network: whatever they are,
 * a read ends, and throws where the bytes do.
 */
export class ByteReader {
  readonly bytes: Buffer
  position: number
  /** Where `skipHeaders` found the end of the last name that is as long as `content-type`; 0 without one. */
  mark = 0

  constructor (bytes: Buffer, position: number) {
    this.bytes = bytes
    this.position = position
  }

  /** A zigzag varint of 32 bits. */
  readVarInt (): number {
    let byte = this.#next()
    let result = byte & 0x7f
    for (let shift = 7; byte >= 0x80; shift += 7) {
      if (shift > 28) throw new Error('a varint has more than 5 bytes')
      byte = this.#next()
      result |= (byte & 0x7f) << shift
    }
    return (result >>> 1) ^ -(result & 1)
  }

  /** A zigzag varint of 64 bits; loses precision beyond 2^53. */
  readVarLong (): number {
    let byte = this.#next()
    const negative = (byte & 1) === 1
    let result = (byte & 0x7f) >>> 1
    for (let factor = 64; byte >= 0x80; factor *= 128) {
      if (factor > 2 ** 62) throw new Error('a varlong has more than 10 bytes')
      byte = this.#next()
      result += (byte & 0x7f) * factor
    }
    return negative ? -result - 1 : result
  }

  /**
   * The length that precedes nullable bytes, which are then skipped: −1 for null. Where they begin is `position -
   * length`.
   */
  skipNullable (end: number): number {
    const length = this.readVarInt()
    if (length < 0) return -1
    this.position += length
    if (this.position > end) throw new Error('a length goes beyond the end of its record')
    return length
  }

  #next (): number {
    const byte = this.bytes[this.position++]
    if (byte === undefined) throw new Error('a number goes beyond the end of the bytes')
    return byte
  }
}
