import { promisify } from 'node:util'
import { gzip as deflate, unzip } from 'node:zlib'
import { type Codec, MAX_DECOMPRESSED } from './codec.js'

const compress = promisify(deflate)
const decompress = promisify(unzip)

export const gzip: Codec = {
  compress: (bytes) => compress(bytes),
  decompress: (bytes) => decompress(bytes, { maxOutputLength: MAX_DECOMPRESSED })
}
