import { FASTSTREAM_ERR_CODEC } from '../../errors.js'
import type { CodecName, LoadPackage } from './codec.js'

/** Throws `FASTSTREAM_ERR_CODEC` with the cure when the package cannot be loaded. */
export function optionalPackage (
  load: LoadPackage, name: string, codec: CodecName, cure = `install the package '${name}'`
): unknown {
  try {
    return load(name)
  } catch (err) {
    throw new FASTSTREAM_ERR_CODEC(codec, cure, { cause: err })
  }
}
