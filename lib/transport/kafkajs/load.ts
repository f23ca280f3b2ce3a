import { createRequire } from 'node:module'
import { dirname } from 'node:path'
import { FASTSTREAM_ERR_KAFKAJS } from '../../errors.js'
import { moduleUrl } from '../../module-url.js'
import { checkCopy } from './check.js'
import { type Load, privateModules } from './modules.js'
import { REPLACEMENTS } from './replacements.js'
import { toError } from '../../to-error.js'

/** The one that the replacements were written for. */
const VERSION = '2.2.4'

let copy: Load | undefined

/**
 * Loads modules of the private copy of kafkajs, one per process, by their path in the package. Throws
 * `FASTSTREAM_ERR_KAFKAJS`.
 */
export function loadKafkajs (): Load {
  copy ??= loadKafkajsFrom(moduleUrl(import.meta.url))
  return copy
}

/** Works as `loadKafkajs`, but loads a new copy of the kafkajs that the file or URL `from` would import. */
export function loadKafkajsFrom (from: string): Load {
  const { root, found } = find(from)
  if (found !== VERSION) throw new FASTSTREAM_ERR_KAFKAJS(`${root} is version ${found}, install exactly ${VERSION}`)
  try {
    const used = new Set<string>()
    const load = privateModules(root, new Map(Array.from(REPLACEMENTS, ([path, replacement]) => [path, (...args) => {
      used.add(path)
      return replacement(...args)
    }])))
    checkCopy(load, (path) => used.has(path))
    return load
  } catch (err) {
    const cure = `Is ${root} as it was published? Install it anew, without patches`
    throw new FASTSTREAM_ERR_KAFKAJS(`${toError(err).message}. ${cure}`, { cause: err })
  }
}

function find (from: string): { root: string, found: string } {
  const require = createRequire(from)
  try {
    const manifest = require.resolve('kafkajs/package.json')
    return { root: dirname(manifest), found: (require(manifest) as { version: string }).version }
  } catch (err) {
    throw new FASTSTREAM_ERR_KAFKAJS('it is not on disk (a bundle must leave it out)', { cause: err })
  }
}
