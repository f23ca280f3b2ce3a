const POLYNOMIAL = 0x82f63b78
const TABLES = 8

/** Table k holds the checksum of each byte followed by k zero bytes, so that eight bytes are taken in one step. */
const table = new Int32Array(TABLES * 256)
for (let byte = 0; byte < 256; byte++) {
  let crc = byte
  for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ ((crc & 1) * POLYNOMIAL)
  table[byte] = crc
}
for (let i = 256; i < table.length; i++) {
  const previous = table[i - 256]!
  table[i] = (previous >>> 8) ^ table[previous & 0xff]!
}

/**
 * CRC-32C (Castagnoli), the checksum of a record batch. Node's `zlib.crc32` is another one. Read in words, which takes
 * 0.3 instead of 0.4 µs for a record of 330 bytes.
 */
export function crc32c (bytes: Buffer, start = 0, end = bytes.length): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length)
  let crc = -1
  let i = start
  for (const last = end - 8; i <= last; i += 8) {
    const low = crc ^ view.getInt32(i, true)
    const high = view.getInt32(i + 4, true)
    crc = table[1792 + (low & 0xff)]! ^ table[1536 + ((low >>> 8) & 0xff)]! ^
      table[1280 + ((low >>> 16) & 0xff)]! ^ table[1024 + (low >>> 24)]! ^
      table[768 + (high & 0xff)]! ^ table[512 + ((high >>> 8) & 0xff)]! ^
      table[256 + ((high >>> 16) & 0xff)]! ^ table[high >>> 24]!
  }
  for (; i < end; i++) crc = (crc >>> 8) ^ table[(crc ^ bytes[i]!) & 0xff]!
  return ~crc >>> 0
}
