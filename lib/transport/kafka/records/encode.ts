import type { RawHeader } from '../../transport.js'

export interface EncodableRecord {
  readonly key: Buffer | null
  readonly value: Buffer | null
  readonly headers: readonly RawHeader[]
}

/** Longest text that is written here. A call into the native encoder takes 70 ns, and so does this for 40 bytes. */
const SHORT = 40
const ASCII_END = 0x80

/** Bytes of a record of format 2 behind its length. */
export function sizeOfBody (record: EncodableRecord, offsetDelta: number, timestampDelta: number): number {
  const { key, value, headers } = record
  let body = 1 + sizeOfVarLong(timestampDelta) + sizeOfVarInt(offsetDelta) +
    sizeOfBytes(key) + sizeOfBytes(value) + sizeOfVarInt(headers.length)
  for (const [name, value] of headers) {
    const length = sizeOfText(name)
    body += sizeOfVarInt(length) + length + sizeOfBytes(value)
  }
  return body
}

/** Writes a record of format 2, whose body was measured. Returns where it ends. */
export function writeRecord (
  bytes: Buffer, start: number, body: number, record: EncodableRecord, offsetDelta: number, timestampDelta: number
): number {
  const { key, value, headers } = record
  let position = writeVarInt(bytes, start, body)
  bytes[position++] = 0 // Attributes: none is defined.
  position = writeVarLong(bytes, position, timestampDelta)
  position = writeVarInt(bytes, position, offsetDelta)
  position = writeBytes(bytes, position, key)
  position = writeBytes(bytes, position, value)
  position = writeVarInt(bytes, position, headers.length)
  for (const [name, value] of headers) {
    const length = sizeOfText(name)
    position = writeText(bytes, writeVarInt(bytes, position, length), name, length)
    position = writeBytes(bytes, position, value)
  }
  return position
}

function sizeOfText (text: string): number {
  if (text.length > SHORT) return Buffer.byteLength(text)
  for (let i = 0; i < text.length; i++) if (text.charCodeAt(i) >= ASCII_END) return Buffer.byteLength(text)
  return text.length
}

/** `size`: its bytes, as many as its characters only where all are ASCII. */
function writeText (bytes: Buffer, position: number, text: string, size: number): number {
  if (text.length > SHORT || text.length !== size) return position + bytes.write(text, position)
  for (let i = 0; i < text.length; i++) bytes[position + i] = text.charCodeAt(i)
  return position + text.length
}

function sizeOfBytes (value: Buffer | null): number {
  return value === null ? 1 : sizeOfVarInt(value.length) + value.length
}

function writeBytes (bytes: Buffer, position: number, value: Buffer | null): number {
  if (value === null) return writeVarInt(bytes, position, -1)
  const start = writeVarInt(bytes, position, value.length)
  bytes.set(value, start)
  return start + value.length
}

export function sizeOfVarInt (value: number): number {
  return Math.ceil(Math.max(32 - Math.clz32(zigzag(value)), 1) / 7)
}

function writeVarInt (bytes: Buffer, position: number, value: number): number {
  let rest = zigzag(value)
  while (rest > 0x7f) {
    bytes[position++] = (rest & 0x7f) | 0x80
    rest >>>= 7
  }
  bytes[position++] = rest
  return position
}

/** Small numbers of both signs become small unsigned ones. */
function zigzag (value: number): number {
  return ((value << 1) ^ (value >> 31)) >>> 0
}

/* A time difference has more than 32 bits, and bitwise operators have no more: the first byte takes the sign and six
   bits, and the rest is divided. */

function sizeOfVarLong (value: number): number {
  let size = 1
  for (let rest = Math.floor(magnitude(value) / 64); rest > 0; rest = Math.floor(rest / 128)) size++
  return size
}

function writeVarLong (bytes: Buffer, position: number, value: number): number {
  const first = magnitude(value)
  let byte = (first % 64) * 2 + (value < 0 ? 1 : 0)
  for (let rest = Math.floor(first / 64); rest > 0; rest = Math.floor(rest / 128)) {
    bytes[position++] = byte | 0x80
    byte = rest % 128
  }
  bytes[position++] = byte
  return position
}

function magnitude (value: number): number {
  return value < 0 ? -value - 1 : value
}
