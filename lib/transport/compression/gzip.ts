import { promisify } from 'node:util'
import { gzip as deflate, unzip } from 'node:zlib'
import { MAX_DECOMPRESSED } from '../../memory-budget.js'
import type { Codec } from './codec.js'

const compress = promisify(deflate)
const decompress = promisify(unzip)

export const gzip: Codec = {
  compress: (bytes) => compress(bytes),
  decompress: (bytes, room = MAX_DECOMPRESSED) => decompress(bytes, { maxOutputLength: room })
}
