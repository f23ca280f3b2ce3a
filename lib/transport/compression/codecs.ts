import { createRequire } from 'node:module'
import * as nodeZlib from 'node:zlib'
import { FASTSTREAM_ERR_CODEC } from '../../errors.js'
import { moduleUrl } from '../../module-url.js'
import type { Codec, CodecName, Codecs, LoadPackage } from './codec.js'
import { gzip } from './gzip.js'
import { lz4Codec } from './lz4.js'
import { snappyCodec } from './snappy.js'
import { NODE_WITH_ZSTD, zstdCodec } from './zstd.js'

/** Bundlers leave packages alone that are loaded in this way. */
const loadInstalled: LoadPackage = createRequire(moduleUrl(import.meta.url))

/** Loads each codec when it is needed for the first time. */
export function createCodecs (load: LoadPackage = loadInstalled, zlib: object = nodeZlib): Codecs {
  const found = new Map<CodecName, Codec>()
  const make: Readonly<Record<CodecName, () => Codec>> = {
    gzip: () => gzip,
    snappy: () => snappyCodec(load),
    lz4: () => lz4Codec(load),
    zstd: () => zstdCodec(load, zlib)
  }

  function find (name: CodecName): Codec {
    const codec = found.get(name) ?? make[name]()
    found.set(name, codec)
    return codec
  }

  return {
    reader: (name) => find(name).decompress,
    writer (name) {
      const { compress } = find(name)
      // Of the codecs only that of zstd on an older Node does not write.
      if (compress === undefined) throw new FASTSTREAM_ERR_CODEC(name, `${NODE_WITH_ZSTD} to write it`)
      return compress
    }
  }
}
