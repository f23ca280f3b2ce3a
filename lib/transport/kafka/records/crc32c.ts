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

/** CRC-32C (Castagnoli), the checksum of a record batch. Node's `zlib.crc32` is another one. */
export function crc32c (bytes: Buffer, start = 0, end = bytes.length): number {
  let crc = -1
  let i = start
  for (const last = end - 8; i <= last; i += 8) {
    crc = table[1792 + ((crc ^ bytes[i]!) & 0xff)]! ^ table[1536 + (((crc >>> 8) ^ bytes[i + 1]!) & 0xff)]! ^
      table[1280 + (((crc >>> 16) ^ bytes[i + 2]!) & 0xff)]! ^ table[1024 + ((crc >>> 24) ^ bytes[i + 3]!)]! ^
      table[768 + bytes[i + 4]!]! ^ table[512 + bytes[i + 5]!]! ^ table[256 + bytes[i + 6]!]! ^ table[bytes[i + 7]!]!
  }
  for (; i < end; i++) crc = (crc >>> 8) ^ table[(crc ^ bytes[i]!) & 0xff]!
  return ~crc >>> 0
}
