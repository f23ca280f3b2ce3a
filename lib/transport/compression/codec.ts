/** In the order of their numbers in the attributes of a batch. */
export const COMPRESSIONS = ['none', 'gzip', 'snappy', 'lz4', 'zstd'] as const

export type Compression = typeof COMPRESSIONS[number]
export type CodecName = Exclude<Compression, 'none'>

/** A few kilobytes can inflate to gigabytes: this is where it ends. */
export const MAX_DECOMPRESSED = 64 * 1024 * 1024

export type Compress = (bytes: Buffer) => Promise<Buffer>
/** Rejects when the bytes are damaged, or inflate to more than `MAX_DECOMPRESSED`. */
export type Decompress = (bytes: Buffer) => Promise<Buffer>

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

export function throwIfTooLarge (size: number): void {
  if (size > MAX_DECOMPRESSED) throw new Error(`a batch inflates to more than ${MAX_DECOMPRESSED} bytes`)
}
