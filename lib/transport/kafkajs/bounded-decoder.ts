import type { Load, Original } from './modules.js'

interface Decoder {
  readonly buffer: Buffer
  readonly offset: number
  readString (): string | null
  readBytes (length?: number): Buffer | null
  readArray (read: unknown): unknown[]
  readArrayAsync (read: unknown): Promise<unknown[]>
}

/**
 * Stands in for `src/protocol/decoder.js`. kafkajs believes every length: a negative one moves its decoder back, and
 * with a count of two thousand millions beside it an answer of a few bytes takes all memory. Here a length that the
 * rest of the bytes cannot hold is an error.
 */
export function boundedDecoder (_load: Load, original: Original): unknown {
  const Base = original() as new (bytes: Buffer) => Decoder

  return class BoundedDecoder extends Base {
    override readString (): string | null {
      const length = this.buffer.readInt16BE(this.offset)
      this.#check(length, this.offset + 2)
      return super.readString()
    }

    override readBytes (...given: [length?: number]): Buffer | null {
      const [length = this.buffer.readInt32BE(this.offset)] = given
      this.#check(length, given.length > 0 ? this.offset : this.offset + 4)
      return super.readBytes(...given)
    }

    override readArray (read: unknown): unknown[] {
      this.#check(this.buffer.readInt32BE(this.offset), this.offset + 4)
      return super.readArray(read)
    }

    override async readArrayAsync (read: unknown): Promise<unknown[]> {
      this.#check(this.buffer.readInt32BE(this.offset), this.offset + 4)
      return await super.readArrayAsync(read)
    }

    /** Each element takes a byte at least. −1 is null. */
    #check (length: number, start: number): void {
      if (length >= -1 && length <= this.buffer.length - start) return
      throw new RangeError(`an answer claims a length of ${length}, and ${this.buffer.length - start} bytes are left`)
    }
  }
}
