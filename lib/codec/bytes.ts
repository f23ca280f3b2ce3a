import { types } from 'node:util'

export type Bytes = NodeJS.ArrayBufferView | ArrayBufferLike

/** True when a value is bytes: a Buffer, an ArrayBuffer, a DataView or any typed array, also one of another realm. */
export function isBytes (value: unknown): value is Bytes {
  return ArrayBuffer.isView(value) || types.isAnyArrayBuffer(value)
}

/** The same memory as a Buffer. */
export function toBuffer (bytes: Bytes): Buffer {
  if (Buffer.isBuffer(bytes)) return bytes
  return ArrayBuffer.isView(bytes) ? Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength) : Buffer.from(bytes)
}
