/** In the order of their numbers in the attributes of a batch. */
export const COMPRESSIONS = ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const

export type Compression = typeof COMPRESSIONS[number]
export type CodecName = Exclude<Compression, 'none'>

export type Compress = (bytes: Buffer) => Promise<Buffer>
/**
 * Rejects when the bytes are damaged, and when they inflate to more than `room`, by default `MAX_DECOMPRESSED`
 * (`isTooLarge`).
 */
export type Decompress = (bytes: Buffer, room?: number) => Promise<Buffer>

/** Works on the records of one batch, in the frame that Kafka's Java client writes. */
export interface Codec {
  /** Undefined: this codec only reads. */
  readonly compress: Compress | undefined
  readonly decompress: Decompress
}

/** Both throw `FASTSTREAM_ERR_CODEC` when the codec needs what is not installed. */
export interface Codecs {
  reader (name: CodecName): Decompress
  writer (name: CodecName): Compress
}

/** Loads an optional package by its name. Throws when it is not installed. */
export type LoadPackage = (name: string) => unknown

class TooLargeError extends Error {
  override readonly name = 'TooLargeError'
}

export function throwIfTooLarge (size: number, room: number): void {
  if (size > room) throw new TooLargeError(`a batch inflates to more than ${room} bytes`)
}

/** Whether decompression failed for want of room: a codec of ours says it, or Node's own zlib. */
export function isTooLarge (error: unknown): boolean {
  if (error instanceof TooLargeError) return true
  return error instanceof Error && 'code' in error && error.code === 'ERR_BUFFER_TOO_LARGE'
}
